import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.assignment import AssignmentSettings, Competition
from autograder.errors import PlatformError
from autograder.report import CaseResult, Provenance, QuestionResult, Report, Status
from autograder.syllabus import Syllabus
from grading.lateness import ON_TIME, Lateness
from grading.metrics import McNemar
from grading.policy import Result, anchors_version, course_grade, grade, interpolate
from grading.score import Reproduction, Score, Scores

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


def marked(report, value=None, *, lateness=ON_TIME):
    rules = AssignmentSettings(title="t", competition=COMPETITION)
    return grade(report, both_sides(value), rules, lateness=lateness)


def both_sides(overall, private=None):
    if overall is None:
        return None
    private = scored(overall if private is None else private)
    return Scores(overall=scored(overall), public=scored(overall), private=private, per_class=(), confusion=())


def test_a_grade_is_points_and_accuracy_points():
    result = marked(report((2, 2), (1, 3)), 0.85)
    assert (result.points, result.max_points) == (3, 5)
    assert (result.accuracy_points, result.max_accuracy_points) == (8, 10)
    assert (result.value, result.max_value) == (11, 15)


def test_an_entry_point_that_failed_earns_nothing_for_accuracy_and_keeps_its_points():
    result = marked(report((2, 2)))
    assert (result.value, result.max_value, result.score) == (2, 12, None)


def test_without_a_competition_a_grade_is_its_points():
    plain = AssignmentSettings(title="t")
    result = grade(report((2, 2)), None, plain, lateness=ON_TIME)
    assert (result.value, result.max_value) == (2, 2)
    with pytest.raises(ValueError, match="need a competition"):
        grade(report((2, 2)), both_sides(0.9), plain, lateness=ON_TIME)


@pytest.mark.parametrize("earned", [math.nan, -1, 2.1, math.inf])
def test_impossible_points_are_no_mark_rather_than_any(earned):
    with pytest.raises(PlatformError, match="q1 came back with"):
        marked(report((earned, 2)), 0.9)


def test_where_students_make_claims_the_private_rows_count():
    settings = AssignmentSettings(title="t", competition=COMPETITION.model_copy(update={"claims": True}))
    assert grade(report((2, 2)), both_sides(0.9, private=0.5), settings, lateness=ON_TIME).accuracy_points == 0
    assert marked(report((2, 2)), 0.9).accuracy_points == 10


def test_steps_earn_what_the_last_anchor_reached_earns():
    assert [interpolate(COMPETITION.anchors, x, "steps") for x in (0.4, 0.5, 0.79, 0.8, 1)] == [0, 0, 0, 6, 10]


@pytest.mark.parametrize(
    ("better", "worse", "p", "earned"), [(60, 20, 0.001, 10), (60, 59, 0.5, 0), (20, 60, 0.001, 0)]
)
def test_the_gate_of_the_baseline_is_a_test_and_not_a_comparison(better, worse, p, earned):
    settings = AssignmentSettings(
        title="t", competition=COMPETITION.model_copy(update={"baseline": "b.csv", "must_beat_baseline": True})
    )
    versus = McNemar(better=better, worse=worse, p=p)
    found = grade(report((2, 2)), both_sides(0.9), settings, lateness=ON_TIME, versus_baseline=versus)
    assert (found.accuracy_points, found.gates[0].passed) == (earned, earned > 0)
    assert f"right in {better} rows" in found.gates[0].why


@pytest.mark.parametrize(("z", "earned"), [(3.5, 0), (2.0, 10), (-5.0, 10)])
def test_a_claim_far_above_its_re_run_earns_nothing_for_the_score(z, earned):
    settings = AssignmentSettings(title="t", competition=COMPETITION.model_copy(update={"must_reproduce": True}))
    claimed = Reproduction(
        agreement=0.9, claim=scored(0.95), rerun=scored(0.9), gap=McNemar(better=9, worse=1, p=0.1), z=z
    )
    found = grade(report((2, 2)), both_sides(0.9), settings, lateness=ON_TIME, reproduction=claimed)
    assert (found.accuracy_points, found.points) == (earned, 2)


@settings(deadline=None)
@given(scores, st.floats(0, 100))
def test_lateness_never_takes_more_than_was_earned(value, percent):
    found = marked(report((2, 2)), value, lateness=Lateness(seconds_late=1, days=1, percent=percent))
    assert 0 <= found.late_penalty <= found.earned
    assert found.value == pytest.approx(found.earned * (1 - percent / 100), abs=1e-5)


def test_the_version_of_the_rules_changes_with_them_and_with_nothing_else():
    version = anchors_version(COMPETITION)
    assert version == anchors_version(COMPETITION.model_copy(update={"daily_limit": 1}))
    for change in ({"between": "steps"}, {"must_reproduce": True}, {"anchors": [(0.5, 0), (0.8, 6), (0.9, 11)]}):
        assert anchors_version(COMPETITION.model_copy(update=change)) != version


def syllabus(*weights, drop=0):
    listed = [{"name": f"hw{number}", "weight": weight} for number, weight in enumerate(weights, 1)]
    return Syllabus.model_validate({"title": "t", "assignments": listed, "drop_lowest": drop})


def results(*shares):
    return {
        f"hw{n}": None if share is None else Result(value=10 * share, max_value=10) for n, share in enumerate(shares, 1)
    }


def test_a_course_grade_is_the_weighted_mean_on_both_scales():
    found = course_grade(results(1.0, 0.5), syllabus(1, 3))
    assert (found.share, found.ten_point, found.letter, found.dropped) == (0.625, 6.25, "D", ())


def test_what_was_not_handed_in_counts_as_nothing():
    assert course_grade(results(1.0, None), syllabus(1, 1)).share == 0.5


shares = st.lists(st.floats(0, 1), min_size=2, max_size=6)


@settings(deadline=None)
@given(shares, st.data())
def test_dropping_helps_as_much_as_any_way_to_drop_could(values, data):
    weights = data.draw(st.lists(st.floats(0.1, 5), min_size=len(values), max_size=len(values)))
    drop = data.draw(st.integers(0, len(values) - 1))
    found = course_grade(results(*values), syllabus(*weights, drop=drop))
    ways = itertools.combinations(range(len(values)), len(values) - drop)
    best = max(sum(weights[i] * values[i] for i in kept) / sum(weights[i] for i in kept) for kept in ways)
    assert found.share == pytest.approx(best, abs=1e-6)
    assert len(found.dropped) == drop


@settings(deadline=None)
@given(shares, st.randoms())
def test_the_order_of_assignments_changes_no_course_grade(values, random):
    names = list(results(*values).items())
    random.shuffle(names)
    rules = syllabus(*[1] * len(values), drop=1)
    assert course_grade(dict(names), rules) == course_grade(results(*values), rules)


@settings(deadline=None)
@given(shares, st.integers(0, 5), st.floats(0, 1))
def test_a_better_mark_never_makes_a_worse_course_grade(values, place, more):
    place %= len(values)
    better = [*values]
    better[place] = max(values[place], more)
    rules = syllabus(*[1] * len(values), drop=1)
    before, after = course_grade(results(*values), rules), course_grade(results(*better), rules)
    assert after.share >= before.share - 1e-9
    assert after.ten_point >= before.ten_point - 1e-6
