"""The rules from points and score to a grade. Pure: no clock, no files, the same grade for the same report."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.assignment import Competition
from autograder.errors import PlatformError
from autograder.report import Report
from grading.score import Score

Anchors = Sequence[tuple[float, float]]
"""(score, grade points), scores rising, points never falling."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grade:
    """What a submission earns, and what it earns it for."""

    points: float
    max_points: float
    """On questions."""
    accuracy_points: float
    max_accuracy_points: float
    """For the score; both 0 when the assignment has no competition."""
    score: Score | None
    """None when there is no competition, or when the entry point gave no predictions."""

    @property
    def value(self) -> float:
        return self.points + self.accuracy_points

    @property
    def max_value(self) -> float:
        return self.max_points + self.max_accuracy_points


def interpolate(anchors: Anchors, value: float) -> float:
    """Grade points for a score from 0 to 1: exact at the anchors, linear between, flat outside.

    Raises ValueError for a value outside [0, 1], NaN included.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"a score lies between 0 and 1, not {value}")
    above = bisect_right(anchors, value, key=lambda anchor: anchor[0])
    if above == 0:
        return anchors[0][1]
    if above == len(anchors):
        return anchors[-1][1]
    (low, less), (high, more) = anchors[above - 1], anchors[above]
    return min(more, less + (more - less) * ((value - low) / (high - low)))  # min: rounding must not pass an anchor


def grade(report: Report, score: Score | None, competition: Competition | None) -> Grade:
    """The grade of a report. An entry point that gave no predictions has no score, and earns 0 for it.

    Raises PlatformError when the points do not lie between 0 and their maximum: then no mark is better than any.
    """
    for question in report.questions:
        if not 0 <= question.points <= question.max_points + 1e-9:
            raise PlatformError(
                f"{report.student}: question {question.name} came back with {question.points} of {question.max_points} "
                f"points. No mark was given. Grade it again: neurograde grade {report.assignment} --regrade"
            )
    if score is not None and competition is None:
        raise ValueError("a score needs a competition to be worth something")
    earned, most = 0.0, competition.anchors[-1][1] if competition else 0.0
    if competition is not None and score is not None:
        earned = min(most, round(interpolate(competition.anchors, score.value), 6))  # 4.8, not 4.800000000000001
    return Grade(
        points=min(report.points, report.max_points),
        max_points=report.max_points,
        accuracy_points=earned,
        max_accuracy_points=most,
        score=score,
    )
