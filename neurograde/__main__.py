"""`python -m neurograde`: the command line."""

from neurograde.cli import main

main()
