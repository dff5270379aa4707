"""The rules from points and score to a grade, and from grades to a course grade.

Pure: no clock, no files, the same grade for the same report. The rules themselves are data, in assignment.toml and
course.toml; `grading/analysis/explanation.py` puts into words what they made of somebody's work.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isfinite
from typing import Literal

from autograder.model.assignment import AssignmentSettings, Competition
from autograder.model.errors import ConfigError, PlatformError
from autograder.model.report import Report
from autograder.model.syllabus import Syllabus
from grading.rules.lateness import ON_TIME, Lateness
from grading.scoring.metrics import McNemar
from grading.scoring.score import CLAIM_GAP, Reproduction, Score, Scores

Anchor = tuple[float, float]
Anchors = Sequence[Anchor]
"""(score, grade points), scores rising, points never falling."""
Between = Literal["linear", "steps"]

SIGNIFICANCE = 0.05
"""Better than the baseline is one-sided p below this, by McNemar's exact test: chance alone fools it once in 20."""

# Sums of decimal fractions are kept to a millionth of a point, and shares to a billionth before a threshold is put to
# them: 4.8, not 4.800000000000001, and ten tenths of 0.09 reach 0.9.
POINT_DIGITS = 6
SHARE_DIGITS = 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A condition for any points at all for the score."""

    name: str
    """Its key in assignment.toml."""
    passed: bool
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What the gates are judged by."""

    versus_baseline: McNemar | None = None
    """The predictions against the frozen baseline."""
    reproduction: Reproduction | None = None
    """The claim against the re-run; None when nothing was claimed."""


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
    """The one that counts: on the private rows where students make claims, else on all. None when there is no
    competition, or when the entry point gave no predictions."""
    gates: tuple[Gate, ...] = ()
    lateness: Lateness = ON_TIME
    late_penalty: float = 0.0
    """Points that lateness takes off, from 0 to all that was earned."""
    anchors_version: str = ""
    """Of the rules that turned the score into points; empty without a competition."""

    @property
    def earned(self) -> float:
        """Before lateness."""
        return round(self.points + self.accuracy_points, POINT_DIGITS)

    @property
    def value(self) -> float:
        return max(0.0, round(self.earned - self.late_penalty, POINT_DIGITS))

    @property
    def max_value(self) -> float:
        return self.max_points + self.max_accuracy_points


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What an assignment came to in the gradebook: marks by hand and lateness in."""

    value: float
    max_value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CoursePart:
    """One assignment in a course grade."""

    name: str
    weight: float
    result: Result | None
    """None when nothing is recorded: it counts as 0."""
    share: float
    """Of what could be earned; above 1 with extra credit."""
    dropped: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CourseGrade:
    """The final grade of a student, on both scales."""

    parts: tuple[CoursePart, ...]
    """In the order of course.toml."""
    dropped: tuple[str, ...]
    """The assignments that do not count for this student."""
    share: float
    """Of all that counts: the weighted mean of the other parts' shares."""
    ten_point: float
    letter: str


def bracket(anchors: Anchors, value: float) -> tuple[Anchor | None, Anchor | None]:
    """The last anchor at or below a value, and the first above it; None where there is none."""
    above = bisect_right(anchors, value, key=lambda anchor: anchor[0])
    return (anchors[above - 1] if above else None), (anchors[above] if above < len(anchors) else None)


def interpolate(anchors: Anchors, value: float, between: Between = "linear") -> float:
    """Grade points for a score from 0 to 1, exact at the anchors.

    Linear: along the line between two anchors, flat outside. Steps: those of the last anchor reached, 0 before the
    first. Raises ValueError for a value outside [0, 1], NaN included.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"a score lies between 0 and 1, not {value}")
    below, above = bracket(anchors, value)
    if below is None:
        return anchors[0][1] if between == "linear" else 0.0
    if above is None or between == "steps":
        return below[1]
    (low, less), (high, more) = below, above
    return min(more, less + (more - less) * ((value - low) / (high - low)))  # min: rounding must not pass an anchor


def anchors_version(competition: Competition) -> str:
    """Names the rules that turn a score into points: SHA-256 of anchors, between and gates, first 12 hex digits."""
    rules = competition.model_dump(include={"anchors", "between", "must_beat_baseline", "must_reproduce"})
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:12]


def accuracy_points(
    score: Score | None, competition: Competition, evidence: Evidence
) -> tuple[float, tuple[Gate, ...]]:
    """What a score earns, and the gates it went through: one that is not passed makes it 0.

    No score, no points. Raises ValueError where a gate lacks its evidence.
    """
    gates = _gates(score, competition, evidence)
    if score is None or not all(gate.passed for gate in gates):
        return 0.0, gates
    earned = round(interpolate(competition.anchors, score.value, competition.between), POINT_DIGITS)
    return min(competition.anchors[-1][1], earned), gates


def grade(
    report: Report,
    scores: Scores | None,
    settings: AssignmentSettings,
    *,
    lateness: Lateness,
    versus_baseline: McNemar | None = None,
    reproduction: Reproduction | None = None,
) -> Grade:
    """The grade of a report. An entry point that gave no predictions has no scores, and earns 0 for them.

    Raises PlatformError when the points do not lie between 0 and their maximum: then no mark is better than any.
    """
    _check_points(report)
    competition = settings.competition
    points = min(report.points, report.max_points)
    if competition is None:
        if scores is not None:
            raise ValueError("scores need a competition to be worth something")
        return Grade(
            points=points,
            max_points=report.max_points,
            accuracy_points=0.0,
            max_accuracy_points=0.0,
            score=None,
            lateness=lateness,
            late_penalty=late_penalty(points, lateness.percent),
        )
    score = None if scores is None else scores.private if competition.claims else scores.overall
    evidence = Evidence(versus_baseline=versus_baseline, reproduction=reproduction)
    earned, gates = accuracy_points(score, competition, evidence)
    return Grade(
        points=points,
        max_points=report.max_points,
        accuracy_points=earned,
        max_accuracy_points=competition.anchors[-1][1],
        score=score,
        gates=gates,
        lateness=lateness,
        late_penalty=late_penalty(points + earned, lateness.percent),
        anchors_version=anchors_version(competition),
    )


def late_penalty(earned: float, percent: float) -> float:
    """Points that lateness takes off what was earned, marks by hand included: never more than that, never below 0."""
    earned = max(0.0, earned)
    return min(earned, round(earned * percent / 100, POINT_DIGITS))


def course_grade(results: Mapping[str, Result | None], syllabus: Syllabus) -> CourseGrade:
    """The course grade of a student: the weighted mean of what counts, put on the scales of course.toml.

    An assignment without a result counts 0; one that course.toml does not list counts nothing. Of all ways to drop
    `drop_lowest` assignments it is the one that helps this student most. Raises ConfigError when nothing can be
    earned, PlatformError for a result that is no number.
    """
    names = [assignment.name for assignment in syllabus.assignments]
    weights = [assignment.weight for assignment in syllabus.assignments]
    if not any(weights):
        raise ConfigError("course.toml: every assignment has weight 0. Give a weight to those that count.")
    recorded = [results.get(name) for name in names]
    shares = [_share(*part) for part in zip(names, weights, recorded, strict=True)]
    dropped = _dropped(shares, weights, syllabus.drop_lowest)
    counted = [i for i in range(len(names)) if i not in dropped]
    share = round(_mean(counted, shares, weights), SHARE_DIGITS)
    return CourseGrade(
        parts=tuple(
            CoursePart(name=name, weight=weights[i], result=recorded[i], share=shares[i], dropped=i in dropped)
            for i, name in enumerate(names)
        ),
        dropped=tuple(names[i] for i in sorted(dropped)),
        share=share,
        ten_point=round(interpolate(syllabus.scale.ten_point, min(1.0, share)), POINT_DIGITS),
        letter=next(letter for least, letter in syllabus.scale.letters if share >= least),
    )


def _check_points(report: Report) -> None:
    for question in report.questions:
        if not 0 <= question.points <= question.max_points + 1e-9:
            raise PlatformError(
                f"{report.student}: question {question.name} came back with {question.points} of {question.max_points} "
                f"points. No mark was given. Grade it again: neurograde grade {report.assignment} --regrade"
            )


def _gates(score: Score | None, competition: Competition, evidence: Evidence) -> tuple[Gate, ...]:
    gates = []
    if competition.must_beat_baseline:
        gates.append(_must_beat_baseline(score, evidence.versus_baseline))
    if competition.must_reproduce:
        gates.append(_must_reproduce(score, evidence.reproduction))
    return tuple(gates)


def _must_beat_baseline(score: Score | None, versus: McNemar | None) -> Gate:
    name = "must_beat_baseline"
    if score is None:
        return Gate(name=name, passed=False, why="there are no predictions to compare with the baseline's")
    if versus is None:
        raise ValueError("must_beat_baseline cannot be judged without versus_baseline")
    passed = versus.better > versus.worse and versus.p < SIGNIFICANCE
    return Gate(
        name=name,
        passed=passed,
        why=f"right in {versus.better} rows where the baseline is wrong, wrong in {versus.worse} where it is right; "
        f"one-sided McNemar p = {versus.p:.2g}, {'below' if versus.p < SIGNIFICANCE else 'not below'} {SIGNIFICANCE}",
    )


def _must_reproduce(score: Score | None, reproduction: Reproduction | None) -> Gate:
    name = "must_reproduce"
    if score is None:
        return Gate(name=name, passed=False, why="the re-run gave no predictions")
    if reproduction is None:
        return Gate(name=name, passed=True, why="nothing was claimed: the re-run is all there is")
    return Gate(
        name=name,
        passed=not reproduction.is_claim_gap,
        why=f"claimed {reproduction.claim.value:.4f}, re-run {reproduction.rerun.value:.4f}, the same answer in "
        f"{reproduction.agreement:.1%} of the rows; z = {reproduction.z:.1f}, "
        f"{'above' if reproduction.is_claim_gap else 'not above'} {CLAIM_GAP:g}",
    )


def _share(name: str, weight: float, result: Result | None) -> float:
    if result is None:
        return 0.0
    if not (isfinite(result.value) and isfinite(result.max_value)):
        raise PlatformError(
            f"{name}: the gradebook says {result.value} of {result.max_value}, which is no mark. No course grade was "
            f"made of it. Grade it again: neurograde grade {name} --regrade"
        )
    if result.max_value > 0:
        return max(0.0, result.value / result.max_value)
    if weight == 0:
        return 0.0
    raise ConfigError(f"{name} counts, but nothing can be earned in it. Give its questions points, or it weight 0.")


def _mean(counted: Sequence[int], shares: Sequence[float], weights: Sequence[float]) -> float:
    return fsum(weights[i] * shares[i] for i in counted) / fsum(weights[i] for i in counted)


def _dropped(shares: Sequence[float], weights: Sequence[float], most: int) -> frozenset[int]:
    """The parts whose dropping leaves the best mean.

    With unequal weights these need not be the lowest: a poor mark of little weight may be the better one to keep.
    The best mean m is where the n best of w(s - m) add up to 0, found by Newton's method: D. M. Kane and J. M. Kane,
    "Dropping lowest grades", Mathematics Magazine 79 (2006), 181-189.
    """
    candidates = [i for i, weight in enumerate(weights) if weight > 0]
    count = min(most, len(candidates) - 1)
    mean = _mean(candidates, shares, weights)
    while True:
        ranked = sorted(candidates, key=lambda i: (weights[i] * (shares[i] - mean), i))
        better = _mean(ranked[count:], shares, weights)
        if better <= mean:
            return frozenset(ranked[:count])
        mean = better
