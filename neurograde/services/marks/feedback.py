"""What a student may see of their work: public tests in full, of hidden ones the outcome and the author's hint."""

from dataclasses import dataclass
from datetime import datetime

from autograder.model.errors import ConfigError, PlatformError
from autograder.model.house import House
from autograder.model.report import CaseResult, QuestionResult, Status
from grading.common.directory import CourseDirectory
from grading.records.database import Database
from grading.records.ledger import Ledger
from grading.rules.policy import Result
from neurograde.services.people.names import Names
from neurograde.services.submissions.reports import report_of


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFeedback:
    """One test, as its student may see it."""

    name: str
    hidden: bool
    status: Status
    said: str
    """The author's hint; of a public test without one, what came of it. Never the text of a hidden test."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionFeedback:
    """One question, as its student may see it."""

    name: str
    status: Status
    points: float
    max_points: float
    cases: tuple[CaseFeedback, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StudentFeedback:
    """One attempt, as its student may see it. It holds nothing that staff alone may read."""

    student: str
    """The roster's id, else the name that it was handed in by."""
    name: str
    """As the roster has it; empty where it has none."""
    assignment: str
    submission: str
    """SHA-256 of the uploaded bytes."""
    handed_in: datetime
    questions: tuple[QuestionFeedback, ...]
    notes: tuple[str, ...]
    grade: Result | None
    """Net of lateness; marks by hand are not in it."""
    notebook: bytes
    """The notebook as it ran, with the verdict under each check."""


def feedback(house: House, course: CourseDirectory, assignment: str, student: str) -> StudentFeedback:
    """The feedback on a student's attempt that counts.

    Raises ConfigError for nobody's name and for one that handed in nothing, PlatformError when a file is missing.
    """
    course.require()
    house.source_of(assignment)
    with Database(course.database) as database:
        ledger = Ledger(database)
        person = Names.of(course, ledger).find(student)
        attempt = ledger.counting(assignment).get(person.recorded)
    if attempt is None:
        raise ConfigError(f"{person} has handed in no notebook for {assignment}.")
    report = report_of(course, attempt)
    executed = course.report_folder(assignment, attempt.student, attempt.submission) / "executed.ipynb"
    try:
        notebook = executed.read_bytes()
    except OSError as error:
        raise PlatformError(
            f"{executed} cannot be read: {error.strerror}. Grade again what {attempt.student} handed in: neurograde "
            f"grade {assignment} PATH"
        ) from None
    grade = attempt.grade
    return StudentFeedback(
        student=person.id,
        name=person.student.name if person.student else "",
        assignment=assignment,
        submission=attempt.submission,
        handed_in=attempt.handed_in,
        questions=tuple(map(_question, report.questions)),
        notes=report.notes,
        grade=Result(value=grade.value, max_value=grade.max_value) if grade else None,
        notebook=notebook,
    )


def _question(question: QuestionResult) -> QuestionFeedback:
    return QuestionFeedback(
        name=question.name,
        status=question.status,
        points=question.points,
        max_points=question.max_points,
        cases=tuple(map(_case, question.cases)),
    )


def _case(case: CaseResult) -> CaseFeedback:
    missed = case.status is not Status.PASSED
    said = (case.hint or ("" if case.hidden else case.message)) if missed else ""
    return CaseFeedback(name=case.name, hidden=case.hidden, status=case.status, said=said)
