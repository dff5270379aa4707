"""Where a course is: its house, and the directory in which what happens is kept."""

from pathlib import Path

from autograder.model.house import House
from grading.common import directory
from grading.common.directory import CourseDirectory


def find_course(given: Path | None, house: House) -> CourseDirectory:
    """The course directory that was given, else that of $NEUROGRADE_COURSE, else `course` in the house.

    Nothing is made, and nothing is looked into.
    """
    return directory.find_course(given, house.root)
