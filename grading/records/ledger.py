"""The ledger: every attempt, score and grade ever given, append-only, in the gradebook's database.

nbgrader keeps one row for a student and an assignment; here is the history that it has no place for. A row is never
changed: grading again, a correction, another selection are new rows, and the last one holds. An attempt that was
graded again under the same rules, to the same end, is not written twice.
"""

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import TypeAdapter

from autograder.model.report import Report, Status
from grading.records.database import Database
from grading.rules.policy import Evidence, Grade
from grading.scoring.score import Scores

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table


class Kind(StrEnum):
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
    kind: Kind
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
    def key(self) -> tuple[str, str, str, Kind]:
        return self.assignment, self.student, self.submission, self.kind

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all but the time of recording: the same for the same end."""
        return hashlib.sha256(_ATTEMPT.dump_json(replace(self, recorded=self.handed_in))).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The claims that a student wants to stand by."""

    assignment: str
    student: str
    submissions: tuple[str, ...]
    recorded: datetime = field(default_factory=lambda: datetime.now(UTC))


PACKED = "<i4"
"""Class numbers as they are kept: 32 bits, the least first."""

_ATTEMPT = TypeAdapter(Attempt)
_SELECTION = TypeAdapter(Selection)


def attempt_of(report: Report, grade: Grade, handed_in: datetime, scores: Scores | None, evidence: Evidence) -> Attempt:
    """The attempt that a graded notebook is."""
    made = report.provenance
    return Attempt(
        assignment=report.assignment,
        student=report.student,
        submission=report.submission,
        kind=Kind.NOTEBOOK,
        handed_in=handed_in,
        status=report.status,
        questions=tuple((q.name, q.status, q.points, q.max_points) for q in report.questions),
        scores=scores,
        grade=grade,
        evidence=evidence,
        predictions=report.predictions.values if report.predictions else (),
        provenance=(
            ("neurograde", made.neurograde),
            ("otter", made.otter),
            ("bundle", made.bundle),
            ("image", made.image),
            ("seed", str(made.seed)),
        ),
        notes=report.notes,
    )


class Ledger:
    """The ledger of one course. Its tables are made at its first use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made = False

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Append attempts, all or none. What stands already as the last word on a submission is not written again."""
        if not attempts:
            return
        attempts_table, _ = self._tables()
        from sqlalchemy import func, select

        last = select(func.max(attempts_table.c.id)).group_by(
            *(attempts_table.c[name] for name in ("assignment", "student", "submission", "kind"))
        )
        names = {attempt.assignment for attempt in attempts}
        standing = select(attempts_table.c.fingerprint).where(
            attempts_table.c.assignment.in_(names), attempts_table.c.id.in_(last)
        )
        with self._database.transaction(write=True) as session:
            known = set(session.scalars(standing))
            rows = [_row(attempt) for attempt in attempts]
            if new := [row for row in rows if row["fingerprint"] not in known]:
                session.execute(attempts_table.insert(), new)

    def attempts(
        self,
        assignment: str | None = None,
        *,
        student: str | None = None,
        kind: Kind | None = None,
        predictions: bool = False,
    ) -> list[Attempt]:
        """The last word on every submission, in the order they were handed in; `predictions` where asked for."""
        history = self.history(assignment, student=student, kind=kind, predictions=predictions)
        return sorted({one.key: one for one in history}.values(), key=lambda one: one.handed_in)

    def history(
        self,
        assignment: str | None = None,
        *,
        student: str | None = None,
        kind: Kind | None = None,
        predictions: bool = False,
    ) -> list[Attempt]:
        """Every row, in the order they were written; `predictions` where asked for."""
        table, _ = self._tables()
        from sqlalchemy import null, select

        query = select(table.c.content, table.c.predictions if predictions else null()).order_by(table.c.id)
        for column, wanted in (("assignment", assignment), ("student", student), ("kind", kind)):
            if wanted is not None:
                query = query.where(table.c[column] == wanted)
        with self._database.transaction() as session:
            return [_attempt(content, packed) for content, packed in session.execute(query)]

    def select(self, selection: Selection) -> None:
        """Append a selection; it takes the place of the student's earlier ones."""
        _, table = self._tables()
        row = {
            "assignment": selection.assignment,
            "student": selection.student,
            "content": _SELECTION.dump_json(selection).decode(),
        }
        with self._database.transaction(write=True) as session:
            session.execute(table.insert(), [row])

    def selections(self, assignment: str) -> dict[str, tuple[str, ...]]:
        """By student, the submissions that the last selection names."""
        _, table = self._tables()
        from sqlalchemy import select

        query = select(table.c.content).where(table.c.assignment == assignment).order_by(table.c.id)
        with self._database.transaction() as session:
            found = [_SELECTION.validate_json(content) for content in session.scalars(query)]
        return {one.student: one.submissions for one in found}

    def _tables(self) -> "tuple[Table, Table]":
        metadata, attempts, selections = _schema()
        if not self._made:
            with self._database.transaction(write=True) as session:
                metadata.create_all(session.connection())
            self._made = True
        return attempts, selections


def latest(attempts: Iterable[Attempt]) -> dict[str, Attempt]:
    """By student the attempt that was handed in last; of two at the same time the one that stands later here."""
    return {one.student: one for one in sorted(attempts, key=lambda one: one.handed_in)}


def _schema() -> "tuple[MetaData, Table, Table]":
    from sqlalchemy import Column, Float, Integer, LargeBinary, MetaData, String, Table, Text

    metadata = MetaData()
    attempts = Table(
        "neurograde_attempt",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("assignment", String(128), nullable=False, index=True),
        Column("student", String(128), nullable=False, index=True),
        Column("submission", String(64), nullable=False),
        Column("kind", String(16), nullable=False),
        Column("handed_in", String(40), nullable=False),
        Column("recorded", String(40), nullable=False),
        Column("score", Float),
        Column("grade", Float),
        Column("fingerprint", String(64), nullable=False),
        Column("content", Text, nullable=False),
        Column("predictions", LargeBinary),
    )
    selections = Table(
        "neurograde_selection",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("assignment", String(128), nullable=False, index=True),
        Column("student", String(128), nullable=False),
        Column("content", Text, nullable=False),
    )
    return metadata, attempts, selections


def _row(attempt: Attempt) -> dict[str, Any]:
    return {
        "assignment": attempt.assignment,
        "student": attempt.student,
        "submission": attempt.submission,
        "kind": attempt.kind.value,
        "handed_in": attempt.handed_in.astimezone(UTC).isoformat(),
        "recorded": attempt.recorded.astimezone(UTC).isoformat(),
        "score": attempt.scores.overall.value if attempt.scores else None,
        "grade": attempt.grade.value if attempt.grade else None,
        "fingerprint": attempt.fingerprint,
        "content": _ATTEMPT.dump_json(replace(attempt, predictions=())).decode(),
        "predictions": zlib.compress(np.array(attempt.predictions, dtype=PACKED).tobytes(), level=1),
    }


def _attempt(content: str, packed: bytes | None) -> Attempt:
    attempt = _ATTEMPT.validate_json(content)
    if packed is None:
        return attempt
    return replace(attempt, predictions=tuple(np.frombuffer(zlib.decompress(packed), dtype=PACKED).tolist()))
