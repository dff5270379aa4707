"""Where a course is: its house, and the directory in which what happens is kept."""

from pathlib import Path

from autograder.model.errors import ConfigError
from autograder.model.house import House
from grading.common import directory
from grading.common.directory import CourseDirectory


def find_course(given: Path | None, house: House) -> CourseDirectory:
    """The course directory that was given, else that of $NEUROGRADE_COURSE, else `course` in the house.

    Nothing is made, and nothing is looked into. Raises ConfigError for a folder of what the instructor writes or
    students get: labels and marks would lie in it.
    """
    course = directory.find_course(given, house.root)
    for folder in (house.source, house.releases(), house.bundles):
        if course.root.is_relative_to(folder):
            raise ConfigError(
                f"{course.root} lies in {folder}, which is no place for marks and labels. Name another: --course DIR."
            )
    return course
