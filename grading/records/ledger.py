"""The ledger: every attempt, score and grade ever given, append-only, in the gradebook's database.

nbgrader keeps one row for a student and an assignment; here is the history that it has no place for. A row is never
changed: grading again, a correction, another selection are new rows, and the last one holds. An attempt that was
graded again under the same rules, to the same end, is not written twice.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.model.times import as_utc
from grading.records.database import Database, has_table

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table
from grading.records.attempts import ATTEMPT, SELECTION, Attempt, AttemptKind, Selection, counting

PACKED = "<i4"
"""Class numbers as they are kept: 32 bits, the least first."""


class Ledger:
    """The ledger of one course. Its tables are made before the first write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.before_writing(lambda session: _schema()[0].create_all(session.connection()))

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Append attempts, all or none. What stands already as the last word on a submission is not written again."""
        if not attempts:
            return
        _, attempts_table, _ = _schema()
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
        kind: AttemptKind | None = None,
        predictions: bool = False,
    ) -> list[Attempt]:
        """The last word on every submission, in the order they were handed in; `predictions` where asked for."""
        history = self.history(assignment, student=student, kind=kind, predictions=predictions)
        last = {attempt.key: attempt for attempt in history}
        return sorted(last.values(), key=lambda attempt: attempt.handed_in)

    def history(
        self,
        assignment: str | None = None,
        *,
        student: str | None = None,
        kind: AttemptKind | None = None,
        predictions: bool = False,
    ) -> list[Attempt]:
        """Every row, in the order they were written; `predictions` where asked for."""
        _, table, _ = _schema()
        from sqlalchemy import null, select

        query = select(table.c.content, table.c.predictions if predictions else null()).order_by(table.c.id)
        for column, wanted in (("assignment", assignment), ("student", student), ("kind", kind)):
            if wanted is not None:
                query = query.where(table.c[column] == wanted)
        with self._database.transaction() as session:
            rows = session.execute(query) if has_table(session, table.name) else ()
            return [_attempt(content, packed) for content, packed in rows]

    def students(self) -> list[str]:
        """The names that things were handed in by, the baseline's left out."""
        _, table, _ = _schema()
        from sqlalchemy import select

        query = select(table.c.student).where(table.c.kind != AttemptKind.BASELINE.value).distinct()
        with self._database.transaction() as session:
            return sorted(session.scalars(query)) if has_table(session, table.name) else []

    def counting(self, assignment: str) -> dict[str, Attempt]:
        """By student the attempt that counts: the notebook handed in last, its predictions left out."""
        return counting(self.attempts(assignment, kind=AttemptKind.NOTEBOOK))

    def select(self, selection: Selection) -> None:
        """Append a selection; it takes the place of the student's earlier ones."""
        _, _, table = _schema()
        row = {
            "assignment": selection.assignment,
            "student": selection.student,
            "content": SELECTION.dump_json(selection).decode(),
        }
        with self._database.transaction(write=True) as session:
            session.execute(table.insert(), [row])

    def selections(self, assignment: str) -> dict[str, tuple[str, ...]]:
        """By student, the submissions that the last selection names."""
        _, _, table = _schema()
        from sqlalchemy import select

        query = select(table.c.content).where(table.c.assignment == assignment).order_by(table.c.id)
        with self._database.transaction() as session:
            contents = session.scalars(query) if has_table(session, table.name) else ()
            selections = [SELECTION.validate_json(content) for content in contents]
        return {selection.student: selection.submissions for selection in selections}


@cache
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
        "handed_in": as_utc(attempt.handed_in).isoformat(),
        "recorded": as_utc(attempt.recorded).isoformat(),
        "score": attempt.scores.overall.value if attempt.scores else None,
        "grade": attempt.grade.value if attempt.grade else None,
        "fingerprint": attempt.fingerprint,
        "content": ATTEMPT.dump_json(replace(attempt, predictions=())).decode(),
        "predictions": zlib.compress(np.array(attempt.predictions, dtype=PACKED).tobytes(), level=1),
    }


def _attempt(content: str, packed: bytes | None) -> Attempt:
    attempt = ATTEMPT.validate_json(content)
    if packed is None:
        return attempt
    return replace(attempt, predictions=tuple(np.frombuffer(zlib.decompress(packed), dtype=PACKED).tolist()))
