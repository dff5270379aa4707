"""`python -m autograder.room`: what the container runs."""

from autograder.room.supervisor import main

main()
