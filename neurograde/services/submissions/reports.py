"""The report of an attempt, read from the course directory."""

from pydantic import ValidationError

from autograder.model.errors import PlatformError
from autograder.model.files import read_report
from autograder.model.report import Report
from grading.common.directory import CourseDirectory
from grading.records.attempts import Attempt


def report_of(course: CourseDirectory, attempt: Attempt) -> Report:
    """What the room and the tests said of a notebook. Raises PlatformError when it is missing or damaged."""
    path = course.report_folder(attempt.assignment, attempt.student, attempt.submission) / "report.json"
    try:
        return read_report(path)
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a report of this version"
        raise PlatformError(
            f"{path} cannot be read: {why}. Grade it again: neurograde grade {attempt.assignment} "
            f"{path.with_name('upload.ipynb')} --regrade"
        ) from None
