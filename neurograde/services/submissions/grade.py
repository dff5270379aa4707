"""Submissions, in a straight line: received, run, judged, recorded.

Every step's result is in the course directory before the next begins, so a batch that was interrupted goes on where it
stopped when it is run again.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from autograder.engine.job import GradedSubmission
from autograder.engine.local import autograde_many
from autograder.intake.uploads import Upload
from autograder.model.bundle import Assignment, Question
from autograder.model.files import write_whole
from autograder.model.house import House
from autograder.model.notebook import Submission
from autograder.model.report import Report, fingerprint, to_json
from grading.common.directory import CourseDirectory
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from neurograde.services.competition.heldout import Competing, prepare
from neurograde.services.people.extensions import Deadlines
from neurograde.services.people.names import Names
from neurograde.services.submissions.intake import Intake, enter_claims, sort, take_in
from neurograde.services.submissions.judge import Judge, last_claims, with_rules_of_now
from neurograde.services.submissions.outcomes import Outcome
from neurograde.services.submissions.record import Recorder
from neurograde.services.submissions.reports import earlier_report

GradeMany = Callable[..., Iterator[GradedSubmission]]
"""`autograde_many`, or what stands in its place."""

log = logging.getLogger("neurograde.grade")


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to grade."""

    jobs: int = 1
    """Rooms at work."""
    regrade: bool = False
    """Grade again what was graded before with the same tests."""
    fresh: bool = False
    """A new container for each submission."""


DEFAULTS = Options()


class Grading:
    """The grading of one assignment. Making one changes nothing; it can be used again and again."""

    def __init__(
        self, house: House, course: CourseDirectory, name: str, *, grade_many: GradeMany | None = None
    ) -> None:
        """`grade_many` runs the notebooks: worker processes with rooms of their own, unless another is given.

        Raises ConfigError for an assignment that is none, or was not released here.
        """
        self._house = house
        self._course = course
        self._assignment = with_rules_of_now(house, name)
        self._grade_many = grade_many or autograde_many

    @property
    def assignment(self) -> Assignment:
        """With the tests that were released and the rules of now."""
        return self._assignment

    @property
    def by_hand(self) -> tuple[Question, ...]:
        """What staff mark."""
        return self._assignment.by_hand

    def take_in(self, paths: Sequence[Path]) -> Intake:
        """What lies in these files, folders and archives. Nothing is written."""
        return take_in(self._assignment, paths)

    def sort(self, uploads: Sequence[Upload]) -> Intake:
        """The same of uploads that are at hand."""
        competition = self._assignment.settings.competition
        return sort(uploads, takes_claims=competition is not None and competition.claims)

    def run(self, intake: Intake, options: Options = DEFAULTS) -> Iterator[Outcome]:
        """Grade what was taken in; outcomes come as they are ready.

        Whatever was graded is recorded, also after an error or an interrupt. Raises PlatformError when no room can be
        opened; the loss of one room is that submission's problem.
        """
        self._course.make()
        competing = prepare(self._house, self._course, self._assignment.name)
        with Gradebook(self._course.database) as gradebook:
            ledger = Ledger(gradebook.database)
            deadlines = self._deadlines(ledger)
            if competing is not None:
                yield from enter_claims(
                    intake.claims,
                    assignment=self._assignment,
                    competing=competing,
                    deadlines=deadlines,
                    course=self._course,
                    ledger=ledger,
                )
            yield from intake.unreadable
            judge = Judge(
                assignment=self._assignment,
                competing=competing,
                deadlines=deadlines,
                claims=last_claims(ledger, self._assignment.name, deadlines.names),
            )
            recorder = Recorder(self._house, self._course, self._assignment, gradebook)
            try:
                yield from self._grade(intake, options, judge, recorder)
            finally:
                recorder.write()

    def _deadlines(self, ledger: Ledger) -> Deadlines:
        return Deadlines.of(self._house, self._course, self._assignment.name, Names.of(self._course, ledger))

    def _grade(self, intake: Intake, options: Options, judge: Judge, recorder: Recorder) -> Iterator[Outcome]:
        inputs = _inputs_of(judge.competing)
        origins = {(opened.submission.student, opened.submission.id): opened.origin for opened in intake.notebooks}
        to_grade: list[Submission] = []
        for opened in intake.notebooks:
            submission = opened.submission
            write_whole(self._folder(submission) / "upload.ipynb", submission.content)
            report = None if options.regrade else self._earlier(submission, fingerprint(inputs))
            if report is None:
                to_grade.append(submission)
            else:
                log.debug("graded before: %s", report.status, extra=_about(submission, self._assignment))
                yield _judged(submission, report, opened.origin, judge, recorder, kept=True)
        results = self._grade_many(to_grade, self._assignment, jobs=options.jobs, inputs=inputs, fresh=options.fresh)
        for result in results:
            submission = result.submission
            origin = origins[submission.student, submission.id]
            if result.report is None:
                log.warning("not graded: %s", result.problem, extra=_about(submission, self._assignment))
                yield Outcome(student=submission.student, origin=origin, submission=submission, problem=result.problem)
                continue
            write_whole(self._folder(submission) / "executed.ipynb", result.notebook.encode())
            write_whole(self._folder(submission) / "report.json", to_json(result.report))
            log.info("graded: %s", result.report.status, extra=_about(submission, self._assignment))
            yield _judged(submission, result.report, origin, judge, recorder)

    def _earlier(self, submission: Submission, inputs: str) -> Report | None:
        return earlier_report(self._course, self._assignment, submission.student, submission.id, inputs)

    def _folder(self, submission: Submission) -> Path:
        return self._course.report_folder(self._assignment.name, submission.student, submission.id)


def _inputs_of(competing: Competing | None) -> NDArray[Any] | None:
    return competing.heldout.inputs if competing is not None else None


def _judged(
    submission: Submission, report: Report, origin: str, judge: Judge, recorder: Recorder, *, kept: bool = False
) -> Outcome:
    attempt = judge.attempt(report, submission.handed_in)
    recorder.add(report, attempt)
    return Outcome(
        student=submission.student,
        origin=origin,
        submission=submission,
        report=report,
        grade=attempt.grade,
        kept=kept,
    )


def _about(submission: Submission, assignment: Assignment) -> dict[str, str]:
    return {"assignment": assignment.name, "student": submission.student, "submission": submission.id}
