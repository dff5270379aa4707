"""One submission, in a straight line: the one place where what happened in the room meets labels and the gradebook."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from autograder.assignment import Assignment
from autograder.batch import Result, autograde_many
from autograder.errors import CourseError, PlatformError, SubmissionError
from autograder.report import Report, Status, read_report, to_json
from autograder.submission import Submission, Upload, receive
from grading import heldout, policy
from grading.course import Course, open_course
from grading.gradebook import Gradebook, Row, write_timestamp
from grading.policy import Grade
from grading.score import score

GradeMany = Callable[..., Iterator[Result]]
"""`autograde_many`, or what a test puts in its place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of one upload: a report and a grade, or whose problem it is."""

    student: str
    origin: str
    submission: Submission | None = None
    report: Report | None = None
    grade: Grade | None = None
    problem: CourseError | None = None
    kept: bool = False
    """Graded before with the same tests, and not graded again."""


class Pipeline:
    """Takes the uploads of one assignment from receipt to the gradebook.

    Every step's result is in the course directory before the next begins, so a batch that was interrupted goes on
    where it stopped when it is run again.
    """

    def __init__(
        self, assignment: Assignment, source: Path, course: Course, *, grade_many: GradeMany = autograde_many
    ) -> None:
        self._grade_many = grade_many
        self._assignment = assignment
        self._course = course
        competition = assignment.settings.competition
        self._heldout = heldout.ready(source, course, assignment.name) if competition else None
        self._rows: dict[str, Row] = {}

    def run(
        self, uploads: Sequence[Upload], *, jobs: int, regrade: bool = False, fresh: bool = False
    ) -> Iterator[Outcome]:
        """Grade the uploads; outcomes come as they are ready. Whatever was graded is recorded, also after an error."""
        origins: dict[tuple[str, str], str] = {}
        to_grade: list[Submission] = []
        try:
            for upload in uploads:
                try:
                    submission = receive(upload)
                except SubmissionError as problem:
                    yield Outcome(student=upload.student, origin=upload.origin, problem=problem)
                    continue
                if (submission.student, submission.id) in origins:
                    continue  # the same bytes of the same student, found twice
                origins[submission.student, submission.id] = upload.origin
                self._keep_upload(submission)
                report = None if regrade else self._earlier_report(submission)
                if report is None:
                    to_grade.append(submission)
                else:
                    yield self._finish(submission, report, upload.origin, kept=True)
            inputs = self._heldout.inputs if self._heldout is not None else None
            for result in self._grade_many(to_grade, self._assignment, jobs=jobs, inputs=inputs, fresh=fresh):
                origin = origins[result.submission.student, result.submission.id]
                yield self._after(result, origin)
        finally:
            self._record()

    def _after(self, result: Result, origin: str) -> Outcome:
        submission = result.submission
        if result.report is None:
            return Outcome(student=submission.student, origin=origin, submission=submission, problem=result.problem)
        folder = self._folder(submission)
        _write(folder / "executed.ipynb", result.notebook.encode())
        _write(folder / "report.json", to_json(result.report))
        return self._finish(submission, result.report, origin)

    def _finish(self, submission: Submission, report: Report, origin: str, *, kept: bool = False) -> Outcome:
        grade = self._grade(report)
        row = Row(report=report, grade=grade, timestamp=submission.handed_in)
        earlier = self._rows.get(submission.student)
        if earlier is None or earlier.timestamp <= row.timestamp:
            self._rows[submission.student] = row  # of several notebooks the one handed in last counts
        return Outcome(
            student=submission.student, origin=origin, submission=submission, report=report, grade=grade, kept=kept
        )

    def _grade(self, report: Report) -> Grade:
        competition, predictions = self._assignment.settings.competition, report.predictions
        scored = None
        if competition and self._heldout and predictions and predictions.status is Status.PASSED:
            scored = score(predictions.values, self._heldout, competition.metric)
        return policy.grade(report, scored, competition)

    def _record(self) -> None:
        if not self._rows:
            return
        for student, row in self._rows.items():
            write_timestamp(self._course, student, self._assignment.name, row.timestamp)
        with Gradebook(self._course.gradebook) as gradebook:
            gradebook.record(self._assignment, list(self._rows.values()))

    def _keep_upload(self, submission: Submission) -> None:
        _write(self._folder(submission) / "upload.ipynb", submission.content)

    def _earlier_report(self, submission: Submission) -> Report | None:
        try:
            report = read_report(self._folder(submission) / "report.json")
        except (OSError, ValidationError):
            return None  # none, or of another version: grade it again
        return report if report.provenance.bundle == self._assignment.fingerprint else None

    def _folder(self, submission: Submission) -> Path:
        return self._course.report_folder(self._assignment.name, submission.student, submission.id)


def room_inputs(source: Path, assignment: Assignment) -> NDArray[Any] | None:
    """Held-out inputs for a trial run, drawn anew and never kept; None when there is no competition."""
    if assignment.settings.competition is None:
        return None
    with TemporaryDirectory() as folder:
        return heldout.ready(source, open_course(Path(folder)), assignment.name).inputs


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step; a full disk leaves the old one and says so."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise PlatformError(
            f"{path} could not be written: {error.strerror}. What was graded before is kept; "
            "make room and run the command again."
        ) from None
