"""`python -m autograder.sandbox.inside`: what the container runs."""

from autograder.sandbox.inside.supervisor import main

main()
