import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.assignment import Competition
from autograder.errors import PlatformError
from autograder.report import CaseResult, Provenance, QuestionResult, Report, Status
from grading.policy import grade, interpolate
from grading.score import Score

COMPETITION = Competition(anchors=[(0.5, 0), (0.8, 6), (0.9, 10)])

scores = st.floats(0, 1)
points = st.floats(0, 1000)
anchor_lists = st.lists(scores, min_size=1, max_size=8, unique=True).flatmap(
    lambda xs: st.lists(points, min_size=len(xs), max_size=len(xs)).map(
        lambda ys: list(zip(sorted(xs), sorted(ys), strict=True))
    )
)


def report(*earned: tuple[float, float]) -> Report:
    questions = []
    for number, (got, most) in enumerate(earned, 1):
        case = CaseResult(name="1", status=Status.PASSED, points=got, max_points=most, hidden=False)
        questions.append(QuestionResult(name=f"q{number}", points=got, max_points=most, cases=(case,)))
    made_by = Provenance(neurograde="0", otter="7", bundle="b", image="i", seed=0)
    return Report(
        submission="f00d", student="ada", assignment="hw1", provenance=made_by, questions=tuple(questions),
        seconds=1.0, peak_memory_mb=1.0,
    )  # fmt: skip


def scored(value: float) -> Score:
    return Score(metric="accuracy", value=value, correct=0, n=1, low=0.0, high=1.0, heldout_version="v")


@settings(deadline=None)  # a busy machine is not a wrong answer
@given(anchor_lists, scores, scores)
def test_a_better_score_never_earns_less(anchors, one, other):
    low, high = sorted((one, other))
    assert interpolate(anchors, low) <= interpolate(anchors, high)


@settings(deadline=None)
@given(anchor_lists, scores)
def test_grade_points_stay_between_zero_and_the_last_anchor(anchors, value):
    assert 0 <= interpolate(anchors, value) <= anchors[-1][1]


@settings(deadline=None)
@given(anchor_lists)
def test_an_anchor_earns_exactly_its_points(anchors):
    assert [(x, interpolate(anchors, x)) for x, _ in anchors] == anchors


@pytest.mark.parametrize("value", [math.nan, -0.01, 1.01, math.inf])
def test_what_is_not_a_score_earns_nothing_at_all(value):
    with pytest.raises(ValueError, match="between 0 and 1"):
        interpolate(COMPETITION.anchors, value)


def test_a_grade_is_points_and_accuracy_points():
    result = grade(report((2, 2), (1, 3)), scored(0.85), COMPETITION)
    assert (result.points, result.max_points) == (3, 5)
    assert (result.accuracy_points, result.max_accuracy_points) == (8, 10)
    assert (result.value, result.max_value) == (11, 15)


def test_an_entry_point_that_failed_earns_nothing_for_accuracy_and_keeps_its_points():
    result = grade(report((2, 2)), None, COMPETITION)
    assert (result.value, result.max_value, result.score) == (2, 12, None)


def test_without_a_competition_a_grade_is_its_points():
    result = grade(report((2, 2)), None, None)
    assert (result.value, result.max_value) == (2, 2)
    with pytest.raises(ValueError, match="needs a competition"):
        grade(report((2, 2)), scored(0.9), None)


@pytest.mark.parametrize("earned", [math.nan, -1, 2.1, math.inf])
def test_impossible_points_are_no_mark_rather_than_any(earned):
    with pytest.raises(PlatformError, match="q1 came back with"):
        grade(report((earned, 2)), None, None)
