"""One submission, in a straight line: the one place where what happened in the room meets labels and the gradebook."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from autograder.engine.job import GradedSubmission
from autograder.engine.local import autograde_many
from autograder.intake.uploads import Upload, receive
from autograder.model.assignment import LatePolicy
from autograder.model.bundle import Assignment, Question, load_settings
from autograder.model.errors import CourseError, SubmissionError
from autograder.model.files import read_report
from autograder.model.notebook import Submission, identity
from autograder.model.report import Report, Status, fingerprint, to_json
from autograder.model.syllabus import Syllabus
from grading.analysis.rescoring import Rescored
from grading.common.directory import CourseDirectory, open_course, write_whole
from grading.competition.entries import admit
from grading.exchange.nbgrader import formgrader
from grading.exchange.nbgrader.publish import publish
from grading.records.attempts import Attempt, AttemptKind, attempt_of, latest
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from grading.records.marks import GradebookRow
from grading.rules import policy
from grading.rules.extensions_file import load_extensions
from grading.rules.lateness import Lateness, judge, require_open
from grading.rules.policy import Evidence, Grade
from grading.scoring import heldout_store as heldout
from grading.scoring.claim import read_claim
from grading.scoring.heldout import HeldOut
from grading.scoring.metrics import McNemar
from grading.scoring.score import Reproduction, Scores, reproduction, score, versus_baseline

GradeMany = Callable[..., Iterator[GradedSubmission]]
"""`autograde_many`, or what a test puts in its place."""
STAFF = "baseline"
"""Who hands in the baseline."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of one upload: a report and a grade, a claim's scores, or whose problem it is."""

    student: str
    origin: str
    submission: Submission | None = None
    report: Report | None = None
    grade: Grade | None = None
    problem: CourseError | None = None
    kept: bool = False
    """Graded before with the same tests, and not graded again."""
    claim: Attempt | None = None
    notes: tuple[str, ...] = ()
    """For the student whose claim it is: what is odd in the file."""


class Pipeline:
    """Takes the uploads of one assignment from receipt to the gradebook.

    Every step's result is in the course directory before the next begins, so a batch that was interrupted goes on
    where it stopped when it is run again. What turns scores into grades is read from the source, so that a rule can be
    changed without running anybody's code again.
    """

    def __init__(
        self,
        assignment: Assignment,
        source: Path,
        course: CourseDirectory,
        syllabus: Syllabus,
        *,
        grade_many: GradeMany = autograde_many,
    ) -> None:
        rules = load_settings(source / assignment.name / "assignment.toml")
        limits = assignment.settings.limits
        self._assignment = replace(assignment, settings=rules.model_copy(update={"limits": limits}))
        self._grade_many = grade_many
        self._source = source
        self._course = course
        self._syllabus = syllabus
        self._gradebook = Gradebook(course.database)
        self._ledger = Ledger(self._gradebook.database)
        self._heldout, self._baseline = self._prepare_competition()
        self._extensions = load_extensions(
            course, assignments=[one.name for one in syllabus.assignments] + [assignment.name]
        )
        self._inputs = fingerprint(self._heldout.inputs if self._heldout else None)
        self._graded: dict[tuple[str, ...], tuple[Attempt, GradebookRow, Path]] = {}

    @property
    def takes_claims(self) -> bool:
        """Whether students hand in files of predictions as well."""
        competition = self._assignment.settings.competition
        return competition is not None and competition.claims

    @property
    def by_hand(self) -> tuple[Question, ...]:
        """What staff mark."""
        return self._assignment.by_hand

    def run(
        self, uploads: Sequence[Upload], *, jobs: int, regrade: bool = False, fresh: bool = False
    ) -> Iterator[Outcome]:
        """Grade the uploads; outcomes come as they are ready. Whatever was graded is recorded, also after an error."""
        claims = [upload for upload in uploads if self.takes_claims and upload.is_claim]
        notebooks = [upload for upload in uploads if not (self.takes_claims and upload.is_claim)]
        try:
            yield from self._enter(claims)
            yield from self._grade_all(notebooks, jobs=jobs, regrade=regrade, fresh=fresh)
        finally:
            self._record()
            self._gradebook.close()

    def rescore(self) -> Iterator[Rescored]:
        """Score and grade all that was ever handed in by the labels and rules of now. Nobody's code is run for it.

        What comes out as it was is not written again, so a second time nothing changes.
        """
        competition, claims = self._assignment.settings.competition, []
        try:
            for before in self._ledger.attempts(self._assignment.name, predictions=True):
                if before.kind is AttemptKind.NOTEBOOK:
                    report = self._earlier_report(before.student, before.submission)
                    after = self._judge(report, before.handed_in) if report else None
                    yield Rescored(before=before, after=after)
                elif before.kind is AttemptKind.CLAIM and self._heldout is not None and competition is not None:
                    scores = score(before.predictions, self._heldout, competition.metric)
                    claims.append(replace(before, scores=scores, recorded=datetime.now(UTC)))
                    yield Rescored(before=before, after=claims[-1])
            self._ledger.record(claims)
            self._record()
        finally:
            self._gradebook.close()

    # --- claims

    def _enter(self, uploads: Sequence[Upload]) -> Iterator[Outcome]:
        """Validate and score files of predictions, in the order they were handed in."""
        if not uploads:
            return
        standing: dict[str, list[Attempt]] = {}
        for attempt in self._ledger.attempts(self._assignment.name, kind=AttemptKind.CLAIM):
            standing.setdefault(attempt.student, []).append(attempt)
        for upload in sorted(uploads, key=lambda one: one.handed_in):
            earlier = standing.setdefault(upload.student, [])
            known = next((one for one in earlier if one.submission == identity(upload.content)), None)
            if known is not None:
                yield Outcome(student=upload.student, origin=upload.origin, claim=known, kept=True)
                continue
            try:
                attempt, notes = self._claim(upload, earlier)
            except SubmissionError as problem:
                yield Outcome(student=upload.student, origin=upload.origin, problem=problem)
                continue
            write_whole(self._folder(upload.student, attempt.submission) / "submission.csv", upload.content)
            self._ledger.record([attempt])
            earlier.append(attempt)
            yield Outcome(student=upload.student, origin=upload.origin, claim=attempt, notes=notes)

    def _claim(self, upload: Upload, earlier: Sequence[Attempt]) -> tuple[Attempt, tuple[str, ...]]:
        competition, kept = self._assignment.settings.competition, self._heldout
        assert competition is not None
        assert kept is not None
        if upload.problem is not None:
            raise upload.problem
        rules = LatePolicy(grace_minutes=self._syllabus.late.grace_minutes, most_days=0)
        require_open(self._lateness(upload.student, upload.handed_in, rules), self._assignment.name)
        claim = read_claim(upload.content, len(kept.labels), kept.classes)
        admit(earlier, upload.handed_in, competition, self._syllabus.zone)
        predictions = tuple(int(value) for value in claim.predictions)
        return (
            Attempt(
                assignment=self._assignment.name,
                student=upload.student,
                submission=identity(upload.content),
                kind=AttemptKind.CLAIM,
                handed_in=upload.handed_in,
                status=Status.PASSED,
                scores=score(claim.predictions, kept, competition.metric),
                predictions=predictions,
            ),
            claim.warnings,
        )

    # --- notebooks

    def _grade_all(self, uploads: Sequence[Upload], *, jobs: int, regrade: bool, fresh: bool) -> Iterator[Outcome]:
        origins: dict[tuple[str, str], str] = {}
        to_grade: list[Submission] = []
        for upload in uploads:
            try:
                submission = receive(upload)
            except SubmissionError as problem:
                yield Outcome(student=upload.student, origin=upload.origin, problem=problem)
                continue
            if (submission.student, submission.id) in origins:
                continue  # the same bytes of the same student, found twice
            origins[submission.student, submission.id] = upload.origin
            write_whole(self._folder(submission.student, submission.id) / "upload.ipynb", submission.content)
            report = None if regrade else self._earlier_report(submission.student, submission.id)
            if report is None:
                to_grade.append(submission)
            else:
                yield self._finish(submission, report, upload.origin, kept=True)
        inputs = self._heldout.inputs if self._heldout is not None else None
        for result in self._grade_many(to_grade, self._assignment, jobs=jobs, inputs=inputs, fresh=fresh):
            yield self._after(result, origins[result.submission.student, result.submission.id])

    def _after(self, result: GradedSubmission, origin: str) -> Outcome:
        submission = result.submission
        if result.report is None:
            return Outcome(student=submission.student, origin=origin, submission=submission, problem=result.problem)
        folder = self._folder(submission.student, submission.id)
        write_whole(folder / "executed.ipynb", result.notebook.encode())
        write_whole(folder / "report.json", to_json(result.report))
        return self._finish(submission, result.report, origin)

    def _finish(self, submission: Submission, report: Report, origin: str, *, kept: bool = False) -> Outcome:
        grade = self._judge(report, submission.handed_in).grade
        return Outcome(
            student=submission.student, origin=origin, submission=submission, report=report, grade=grade, kept=kept
        )

    def _judge(self, report: Report, handed_in: datetime) -> Attempt:
        """Grade a report by the rules and labels of now; it is recorded with the others at the end."""
        scores = self._scores(report)
        evidence = Evidence(versus_baseline=self._versus_baseline(report), reproduction=self._reproduction(report))
        grade = policy.grade(
            report,
            scores,
            self._assignment.settings,
            lateness=self._lateness(report.student, handed_in),
            versus_baseline=evidence.versus_baseline,
            reproduction=evidence.reproduction,
        )
        attempt = attempt_of(report, grade, handed_in, scores, evidence)
        row = GradebookRow(report=report, grade=grade, timestamp=handed_in)
        self._graded[attempt.key] = (attempt, row, self._folder(report.student, report.submission) / "executed.ipynb")
        return attempt

    def _scores(self, report: Report) -> Scores | None:
        competition, answers = self._assignment.settings.competition, _answers(report)
        if competition is None or self._heldout is None or answers is None:
            return None
        return score(answers, self._heldout, competition.metric)

    def _versus_baseline(self, report: Report) -> McNemar | None:
        answers = _answers(report)
        if self._baseline is None or self._heldout is None or answers is None:
            return None
        return versus_baseline(answers, self._baseline, self._heldout)

    def _reproduction(self, report: Report) -> Reproduction | None:
        """The re-run beside the claim that the student handed in last."""
        competition, answers = self._assignment.settings.competition, _answers(report)
        if competition is None or not competition.claims or self._heldout is None or answers is None:
            return None
        claims = self._ledger.attempts(
            self._assignment.name, student=report.student, kind=AttemptKind.CLAIM, predictions=True
        )
        if not claims:
            return None
        return reproduction(claims[-1].predictions, answers, self._heldout, competition.metric)

    # --- what both need

    def _prepare_competition(self) -> tuple[HeldOut | None, NDArray[np.int64] | None]:
        """The held-out set and the baseline's predictions, which stand on the board as well."""
        competition, name = self._assignment.settings.competition, self._assignment.name
        if competition is None:
            return None, None
        kept = heldout.ready(self._source, self._course, name, public_share=competition.public_share)
        if competition.baseline is None:
            return kept, None
        predictions = heldout.read_baseline(self._source, name, competition.baseline, kept)
        content = predictions.tobytes()
        self._ledger.record(
            [
                Attempt(
                    assignment=name,
                    student=STAFF,
                    submission=identity(content),
                    kind=AttemptKind.BASELINE,
                    handed_in=datetime(1970, 1, 1, tzinfo=UTC),  # before anybody
                    status=Status.PASSED,
                    scores=score(predictions, kept, competition.metric),
                    predictions=tuple(int(value) for value in predictions),
                )
            ]
        )
        return kept, predictions

    def _lateness(self, student: str, handed_in: datetime, late: LatePolicy | None = None) -> Lateness:
        settings = self._assignment.settings
        return judge(
            handed_in,
            student=student,
            assignment=self._assignment.name,
            settings=settings.model_copy(update={"late": late}) if late else settings,
            syllabus=self._syllabus,
            extensions=self._extensions,
        )

    def _record(self) -> None:
        """Write what was graded: every attempt to the ledger, the one that counts of each student to the gradebook."""
        if not self._graded:
            return
        self._ledger.record([attempt for attempt, _, _ in self._graded.values()])
        # Of several notebooks the one handed in last counts, be it of this batch or of an earlier one.
        standing = latest(self._ledger.attempts(self._assignment.name, kind=AttemptKind.NOTEBOOK))
        counted = [self._graded[one.key] for one in standing.values() if one.key in self._graded]
        rows = [row for _, row, _ in counted]
        formgrader.prepare_directory(self._course, self._source, [one.name for one in self._syllabus.assignments])
        for _, row, executed in counted:
            publish(self._course, self._assignment, row, executed.read_bytes())
        self._gradebook.record(self._assignment, rows)

    def _earlier_report(self, student: str, submission: str) -> Report | None:
        """What these tests said of a submission before; None where it must be graded (again)."""
        folder = self._folder(student, submission)
        try:
            report = read_report(folder / "report.json")
        except (OSError, ValidationError):
            return None  # none, or of another version
        made = report.provenance
        is_of_now = (made.bundle, made.inputs) == (self._assignment.fingerprint, self._inputs)
        return report if is_of_now and (folder / "executed.ipynb").exists() else None

    def _folder(self, student: str, submission: str) -> Path:
        return self._course.report_folder(self._assignment.name, student, submission)


def _answers(report: Report) -> Any:
    """What the entry point gave; None when it gave nothing that can be scored."""
    predictions = report.predictions
    if predictions is None or predictions.status is not Status.PASSED:
        return None
    return predictions.probabilities or predictions.values


def room_inputs(source: Path, assignment: Assignment) -> NDArray[Any] | None:
    """Held-out inputs for a trial run, drawn anew and never kept; None when there is no competition."""
    if assignment.settings.competition is None:
        return None
    with TemporaryDirectory() as folder:
        return heldout.ready(source, open_course(Path(folder)), assignment.name).inputs
