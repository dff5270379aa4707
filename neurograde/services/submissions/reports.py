"""Reports, as the course directory keeps them."""

from pydantic import ValidationError

from autograder.model.bundle import Assignment
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
            f"{path} cannot be read: {why}. Grade again what {attempt.student} handed in: neurograde grade "
            f"{attempt.assignment} PATH"
        ) from None


def earlier_report(
    course: CourseDirectory, assignment: Assignment, student: str, submission: str, inputs: str
) -> Report | None:
    """What these tests said of a submission before, on these held-out inputs; None where it must be graded (again)."""
    folder = course.report_folder(assignment.name, student, submission)
    try:
        report = read_report(folder / "report.json")
    except (OSError, ValidationError):
        return None  # none, or of another version
    of_now = (report.provenance.bundle, report.provenance.inputs) == (assignment.fingerprint, inputs)
    return report if of_now and (folder / "executed.ipynb").exists() else None
