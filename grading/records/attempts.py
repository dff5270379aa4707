"""Attempts: what was handed in, and what came of it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import TypeAdapter

from autograder.model.report import Report, Status
from grading.rules.policy import Evidence, Grade
from grading.scoring.score import Scores


class AttemptKind(StrEnum):
    """What was handed in."""

    NOTEBOOK = "notebook"
    CLAIM = "claim"
    """A file of predictions."""
    BASELINE = "baseline"
    """The staff's own predictions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One submission of one student, and what came of it."""

    assignment: str
    student: str
    submission: str
    """SHA-256 of the uploaded bytes."""
    kind: AttemptKind
    handed_in: datetime
    """With a time zone, as every time here."""
    status: Status
    questions: tuple[tuple[str, Status, float, float], ...] = ()
    """(name, status, points, most points); empty for a claim."""
    scores: Scores | None = None
    grade: Grade | None = None
    evidence: Evidence = field(default_factory=Evidence)
    """What gates are judged by: the predictions beside the baseline's, the claim that stood then beside the re-run."""
    predictions: tuple[int, ...] = ()
    """Class numbers by Id. Kept apart and read only where asked for: a term's are more than memory holds."""
    provenance: tuple[tuple[str, str], ...] = ()
    """What made it: versions, fingerprint of the tests, image, seed."""
    notes: tuple[str, ...] = ()
    recorded: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def key(self) -> tuple[str, str, str, AttemptKind]:
        return self.assignment, self.student, self.submission, self.kind

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all but the time of recording: the same for the same end."""
        return hashlib.sha256(ATTEMPT.dump_json(replace(self, recorded=self.handed_in))).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The claims that a student wants to stand by."""

    assignment: str
    student: str
    submissions: tuple[str, ...]
    recorded: datetime = field(default_factory=lambda: datetime.now(UTC))


ATTEMPT = TypeAdapter(Attempt)
SELECTION = TypeAdapter(Selection)


def attempt_of(report: Report, grade: Grade, handed_in: datetime, scores: Scores | None, evidence: Evidence) -> Attempt:
    """The attempt that a graded notebook is."""
    provenance = report.provenance
    return Attempt(
        assignment=report.assignment,
        student=report.student,
        submission=report.submission,
        kind=AttemptKind.NOTEBOOK,
        handed_in=handed_in,
        status=report.status,
        questions=tuple((q.name, q.status, q.points, q.max_points) for q in report.questions),
        scores=scores,
        grade=grade,
        evidence=evidence,
        predictions=report.predictions.values if report.predictions else (),
        provenance=(
            ("neurograde", provenance.neurograde),
            ("otter", provenance.otter),
            ("bundle", provenance.bundle),
            ("image", provenance.image),
            ("seed", str(provenance.seed)),
        ),
        notes=report.notes,
    )


def counting(attempts: Iterable[Attempt]) -> dict[str, Attempt]:
    """By student the attempt that counts, of those at one assignment: the notebook that was handed in last."""
    return latest(attempt for attempt in attempts if attempt.kind is AttemptKind.NOTEBOOK)


def latest(attempts: Iterable[Attempt]) -> dict[str, Attempt]:
    """By student the attempt that was handed in last; of two at the same time the one that stands later here."""
    in_order = sorted(attempts, key=lambda attempt: attempt.handed_in)
    return {attempt.student: attempt for attempt in in_order}
