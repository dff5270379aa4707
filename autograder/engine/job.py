"""What a submission comes back as from an engine."""

from dataclasses import dataclass

from autograder.model.errors import CourseError
from autograder.model.notebook import Submission
from autograder.model.report import Report


@dataclass(frozen=True, kw_only=True, slots=True)
class GradedSubmission:
    """What came of one submission: a report and the executed notebook (as JSON text), or why there is none."""

    submission: Submission
    report: Report | None = None
    notebook: str = ""
    problem: CourseError | None = None
