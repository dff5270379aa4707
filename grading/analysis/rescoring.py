"""What labels, metrics and rules that were changed have done to a class: who moved, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.model.language import plural
from grading.records.attempts import Attempt, AttemptKind
from grading.rules.policy import POINT_DIGITS

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
    notebooks = sum(submission.before.kind is AttemptKind.NOTEBOOK for submission in rescored)
    scores = [submission.score_moves for submission in rescored if submission.score_moves]
    grades = [submission.grade_moves for submission in rescored if submission.grade_moves]
    sentences = []
    if scores:
        sentences.append(f"{len(scores)} of {len(rescored)} scores change, {_extent(scores, SCORE_DIGITS)}.")
    else:
        sentences.append("No score changes.")
    if grades:
        sentences.append(f"{len(grades)} of {notebooks} grades change, {_extent(grades, GRADE_DIGITS)} points.")
    else:
        sentences.append("No grade changes.")
    if left := sum(submission.after is None for submission in rescored):
        sentences.append(
            f"{left} {plural(left, 'notebook was', 'notebooks were')} graded by other tests or on other inputs, and "
            "must be graded again: neurograde grade."
        )
    return " ".join(sentences)


def _extent(moves: Sequence[float], digits: int) -> str:
    low, high = f"{min(moves):+.{digits}f}", f"{max(moves):+.{digits}f}"
    up = sum(move > 0 for move in moves)
    return f"{up} up and {len(moves) - up} down, by {low if low == high else f'{low} to {high}'}"
