"""What labels, metrics and rules that were changed have done to a class: who moved, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grading.records.ledger import Attempt, Kind
from grading.rules.policy import POINT_DIGITS

if TYPE_CHECKING:
    from rich.table import Table

SCORE_DIGITS, GRADE_DIGITS = 4, 3
"""Decimals that show what one label of 10,000 moves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rescored:
    """A submission as it stood, and as it stands by the labels and rules of now."""

    before: Attempt
    after: Attempt | None
    """None for a notebook that was graded by other tests or on other inputs: its code would have to be run again."""

    @property
    def is_changed(self) -> bool:
        """Whether a score or a grade is another one."""
        return bool(self.score_moves or self.grade_moves)

    @property
    def score_moves(self) -> float:
        """By how much the score on all rows changes; 0 where there is none before or after."""
        if self.after is None or self.before.scores is None or self.after.scores is None:
            return 0.0
        return self.after.scores.overall.value - self.before.scores.overall.value

    @property
    def grade_moves(self) -> float:
        """By how many points the grade changes."""
        if self.after is None or self.before.grade is None or self.after.grade is None:
            return 0.0
        return round(self.after.grade.value - self.before.grade.value, POINT_DIGITS)


def summary(rescored: Sequence[Rescored]) -> str:
    """Who moves, in a sentence or two."""
    if not rescored:
        return "Nothing was handed in."
    notebooks = sum(one.before.kind is Kind.NOTEBOOK for one in rescored)
    scores = [one.score_moves for one in rescored if one.score_moves]
    grades = [one.grade_moves for one in rescored if one.grade_moves]
    told = [
        f"{len(scores)} of {len(rescored)} scores change, {_said(scores, SCORE_DIGITS)}."
        if scores
        else "No score changes."
    ]
    told.append(
        f"{len(grades)} of {notebooks} grades change, {_said(grades, GRADE_DIGITS)} points."
        if grades
        else "No grade changes."
    )
    if left := sum(one.after is None for one in rescored):
        told.append(
            f"{left} notebook{'s were' if left > 1 else ' was'} graded by other tests or on other inputs, and must be "
            "graded again: neurograde grade."
        )
    return " ".join(told)


def table(rescored: Sequence[Rescored]) -> "Table":
    """A row for every submission whose score or grade is another one, those that move most first."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    shown = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("student", overflow="fold")
    shown.add_column("handed in", no_wrap=True)
    for name in ("score", "now", "moves", "grade", "now", "moves"):
        shown.add_column(name, justify="right", no_wrap=True)
    changed = [one for one in rescored if one.is_changed]
    for one in sorted(changed, key=lambda one: (-abs(one.grade_moves), -abs(one.score_moves), one.before.student)):
        assert one.after is not None
        scores = [made.scores.overall.value if made.scores else None for made in (one.before, one.after)]
        grades = [made.grade.value if made.grade else None for made in (one.before, one.after)]
        shown.add_row(
            Plain(one.before.student),
            f"{one.before.kind.value} {one.before.submission[:8]}",
            *_moved(scores, one.score_moves, SCORE_DIGITS),
            *_moved(grades, one.grade_moves, GRADE_DIGITS),
        )
    return shown


def _moved(values: Sequence[float | None], move: float, digits: int) -> list[str]:
    before, after = ("" if value is None else f"{value:.{digits}f}" for value in values)
    colour = "green" if move > 0 else "red"
    return [before, after, f"[{colour}]{move:+.{digits}f}[/]" if move else ""]


def _said(moves: Sequence[float], digits: int) -> str:
    low, high = f"{min(moves):+.{digits}f}", f"{max(moves):+.{digits}f}"
    up = sum(move > 0 for move in moves)
    return f"{up} up and {len(moves) - up} down, by {low if low == high else f'{low} to {high}'}"
