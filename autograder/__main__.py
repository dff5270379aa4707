"""`python -m autograder`: the commands that need no gradebook."""

from autograder.cli import main

main()
