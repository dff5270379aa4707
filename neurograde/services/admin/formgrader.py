"""nbgrader's formgrader on a course."""

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.model.house import House
from grading.common.directory import CourseDirectory
from grading.exchange.nbgrader import formgrader
from grading.records.gradebook import Gradebook


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A program to be run, and where."""

    command: tuple[str, ...]
    folder: Path
    """Where nbgrader finds its settings."""


def prepare(house: House, course: CourseDirectory, *, port: int, browser: bool) -> Server:
    """Make the course directory one that nbgrader's programs work in; the server of its formgrader."""
    course.make()
    formgrader.prepare_directory(course, house.source, [entry.name for entry in house.syllabus().assignments])
    command = formgrader.server_command(course, port=port)
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return Server(command=tuple(command), folder=course.root)


def settle(course: CourseDirectory) -> None:
    """Take lateness off what staff marked by hand meanwhile."""
    with Gradebook(course.database) as gradebook:
        gradebook.settle()
