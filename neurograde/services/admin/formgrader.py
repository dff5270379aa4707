"""nbgrader's formgrader on a course."""

import os
import subprocess

from autograder.model.house import House
from grading.common.directory import CourseDirectory
from grading.exchange.nbgrader import formgrader
from grading.records.gradebook import Gradebook


def open_formgrader(house: House, course: CourseDirectory, *, port: int, browser: bool) -> int:
    """Run formgrader until it is stopped; its exit code. Marks given meanwhile then have their lateness taken off."""
    course.make()
    formgrader.prepare_directory(course, house.source, [entry.name for entry in house.syllabus().assignments])
    command = formgrader.server_command(course, port=port)
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    try:
        return subprocess.run(command, cwd=course.root, check=False).returncode
    finally:
        with Gradebook(course.database) as gradebook:
            gradebook.settle()
