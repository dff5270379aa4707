import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.model.assignment import AssignmentSettings, Competition
from autograder.model.errors import ConfigError, PlatformError
from autograder.model.files import read_report
from autograder.model.report import CaseResult, Provenance, QuestionResult, Report, Status, to_json
from autograder.model.syllabus import Scale, Syllabus, Weighted
from grading.rules.lateness import ON_TIME, Lateness
from grading.rules.policy import Result, anchors_version, course_grade, grade, interpolate, late_penalty
from grading.scoring.metrics import McNemar
from grading.scoring.score import Reproduction, Score, Scores

COMPETITION = Competition(anchors=[(0.5, 0), (0.8, 6), (0.9, 10)])
BETTER = McNemar(better=60, worse=20, p=1e-5)
EQUAL = McNemar(better=31, worse=29, p=0.45)

shares = st.floats(0, 1)
points = st.floats(0, 1000)
betweens = st.sampled_from(["linear", "steps"])
anchor_lists = st.lists(shares, min_size=1, max_size=8, unique=True).flatmap(
    lambda xs: st.lists(points, min_size=len(xs), max_size=len(xs)).map(
        lambda ys: list(zip(sorted(xs), sorted(ys), strict=True))
    )
)
latenesses = st.floats(0, 100).map(lambda percent: Lateness(seconds_late=1, days=1, percent=percent))


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


def score(value: float) -> Score:
    return Score(metric="accuracy", value=value, correct=0, n=1, low=0.0, high=1.0, heldout_version="v")


def scores(overall: float, private: float = 0.0) -> Scores:
    return Scores(overall=score(overall), public=score(0), private=score(private), per_class=(), confusion=())


def reproduction(z: float) -> Reproduction:
    return Reproduction(agreement=0.9, claim=score(0.9), rerun=score(0.8), gap=BETTER, z=z)


def rules(competition: Competition | None = COMPETITION, **changes: object) -> AssignmentSettings:
    return AssignmentSettings(title="t", competition=competition and competition.model_copy(update=changes))


def course(*weights: float, drop_lowest: int = 0, **scale: object) -> Syllabus:
    assignments = [Weighted(name=f"hw{number}", weight=weight) for number, weight in enumerate(weights, 1)]
    return Syllabus(title="c", assignments=assignments, drop_lowest=drop_lowest, scale=Scale(**scale))


def results(*shares: float | None) -> dict[str, Result | None]:
    return {
        f"hw{number}": None if share is None else Result(value=share * 20, max_value=20)
        for number, share in enumerate(shares, 1)
    }


# --- from a score to points


@settings(deadline=None)  # a busy machine is not a wrong answer
@given(anchor_lists, betweens, shares, shares)
def test_a_better_score_never_earns_less(anchors, between, one, other):
    low, high = sorted((one, other))
    assert interpolate(anchors, low, between) <= interpolate(anchors, high, between)


@settings(deadline=None)
@given(anchor_lists, betweens, shares)
def test_grade_points_stay_between_zero_and_the_last_anchor(anchors, between, value):
    assert 0 <= interpolate(anchors, value, between) <= anchors[-1][1]


@settings(deadline=None)
@given(anchor_lists, betweens)
def test_an_anchor_earns_exactly_its_points(anchors, between):
    assert [(x, interpolate(anchors, x, between)) for x, _ in anchors] == anchors


@pytest.mark.parametrize("value", [math.nan, -0.01, 1.01, math.inf])
def test_what_is_not_a_score_earns_nothing_at_all(value):
    with pytest.raises(ValueError, match="between 0 and 1"):
        interpolate(COMPETITION.anchors, value)


@pytest.mark.parametrize(
    ("value", "linear", "steps"), [(0.5, 2, 2), (0.8, 4, 4), (0.85, 5, 4), (0.95, 6, 6), (0.49, 2, 0)]
)
def test_steps_wait_for_the_next_anchor_and_give_nothing_before_the_first(value, linear, steps):
    anchors = [(0.5, 2.0), (0.8, 4.0), (0.9, 6.0)]
    found = interpolate(anchors, value, "linear"), interpolate(anchors, value, "steps")
    assert found == (pytest.approx(linear), steps)


# --- a grade


def test_a_grade_is_points_and_accuracy_points():
    result = grade(report((2, 2), (1, 3)), scores(0.85), rules(), lateness=ON_TIME)
    assert (result.points, result.max_points) == (3, 5)
    assert (result.accuracy_points, result.max_accuracy_points) == (8, 10)
    assert (result.earned, result.value, result.max_value) == (11, 11, 15)


def test_where_students_make_claims_the_private_score_counts():
    found = [grade(report(), scores(0.8, 0.9), rules(claims=claims), lateness=ON_TIME) for claims in (False, True)]
    assert [(one.score.value, one.accuracy_points) for one in found] == [(0.8, 6), (0.9, 10)]


def test_an_entry_point_that_failed_earns_nothing_for_accuracy_and_keeps_its_points():
    everything = rules(baseline="b.csv", must_beat_baseline=True, must_reproduce=True)
    result = grade(report((2, 2)), None, everything, lateness=ON_TIME, reproduction=None)
    assert (result.value, result.max_value, result.score) == (2, 12, None)
    assert [gate.passed for gate in result.gates] == [False, False]


def test_even_where_the_first_anchor_gives_points_no_score_gives_none():
    generous = Competition(anchors=[(0.5, 3), (0.9, 10)])
    assert grade(report(), None, rules(generous), lateness=ON_TIME).accuracy_points == 0


def test_without_a_competition_a_grade_is_its_points():
    result = grade(report((2, 2)), None, rules(None), lateness=ON_TIME)
    assert (result.value, result.max_value, result.anchors_version) == (2, 2, "")
    with pytest.raises(ValueError, match="need a competition"):
        grade(report((2, 2)), scores(0.9), rules(None), lateness=ON_TIME)


@pytest.mark.parametrize("earned", [math.nan, -1, 2.1, math.inf])
def test_impossible_points_are_no_mark_rather_than_any(earned):
    with pytest.raises(PlatformError) as caught:
        grade(report((earned, 2)), None, rules(None), lateness=ON_TIME)
    assert str(caught.value) == (
        f"ada: question q1 came back with {earned} of 2 points. No mark was given. "
        "Grade it again: neurograde grade hw1 --regrade"
    )


@settings(deadline=None)
@given(shares, shares, st.floats(0, 5), st.floats(0, 5), latenesses)
def test_a_better_submission_as_late_never_earns_less(one, other, more, less, late):
    values = [
        grade(report((got, 5)), scores(value), rules(), lateness=late).value
        for got, value in zip(sorted((less, more)), sorted((one, other)), strict=True)
    ]
    assert values[0] <= values[1] + 2e-6  # penalties and points are whole millionths


@settings(deadline=None)
@given(st.floats(0, 5), shares, latenesses)
def test_a_grade_stays_between_zero_and_its_maximum(got, value, late):
    result = grade(report((got, 5)), scores(value), rules(), lateness=late)
    assert 0 <= result.value <= result.max_value
    assert 0 <= result.late_penalty <= result.points + result.accuracy_points


@settings(deadline=None)
@given(st.floats(0, 5), shares, latenesses)
def test_grading_what_is_kept_again_gives_the_same_grade(tmp_path_factory, got, value, late):
    first = report((got, 5))
    kept = tmp_path_factory.mktemp("report") / "report.json"
    kept.write_bytes(to_json(first))
    again = grade(read_report(kept), scores(value), rules(), lateness=late)
    assert again == grade(first, scores(value), rules(), lateness=late)


# --- gates


@pytest.mark.parametrize(
    ("versus", "passed", "earned"),
    [
        (BETTER, True, 6),
        (EQUAL, False, 0),
        (McNemar(better=20, worse=60, p=1.0), False, 0),
        (McNemar(better=0, worse=0, p=1.0), False, 0),
    ],
    ids=["better", "as good", "worse", "the same"],
)
def test_points_for_the_score_need_a_baseline_beaten_beyond_chance(versus, passed, earned):
    gated = rules(baseline="b.csv", must_beat_baseline=True)
    result = grade(report((2, 2)), scores(0.8), gated, lateness=ON_TIME, versus_baseline=versus)
    assert ([gate.passed for gate in result.gates], result.accuracy_points, result.points) == ([passed], earned, 2)


def test_a_gate_says_why():
    gated = rules(baseline="b.csv", must_beat_baseline=True, must_reproduce=True)
    result = grade(
        report(), scores(0.8), gated, lateness=ON_TIME, versus_baseline=EQUAL, reproduction=reproduction(z=3.2)
    )
    assert [gate.why for gate in result.gates] == [
        "right in 31 rows where the baseline is wrong, wrong in 29 where it is right; "
        "one-sided McNemar p = 0.45, not below 0.05",
        "claimed 0.9000, re-run 0.8000, the same answer in 90.0% of the rows; z = 3.2, above 3",
    ]


@pytest.mark.parametrize(("made", "earned"), [(reproduction(3.0), 6), (reproduction(3.01), 0), (None, 6)])
def test_a_claim_far_above_its_re_run_earns_nothing_where_it_must_reproduce(made, earned):
    result = grade(report(), scores(0.8), rules(must_reproduce=True), lateness=ON_TIME, reproduction=made)
    assert result.accuracy_points == earned
    assert grade(report(), scores(0.8), rules(), lateness=ON_TIME, reproduction=made).accuracy_points == 6


def test_a_gate_without_its_evidence_is_no_mark_at_all():
    with pytest.raises(ValueError, match="cannot be judged without versus_baseline"):
        grade(report(), scores(0.8), rules(baseline="b.csv", must_beat_baseline=True), lateness=ON_TIME)


def test_the_version_of_the_rules_changes_with_every_rule_and_with_nothing_else():
    changes = [
        {}, {"anchors": [(0.5, 0.0), (0.8, 6.0), (0.9, 11.0)]}, {"between": "steps"}, {"must_beat_baseline": True},
        {"must_reproduce": True},
    ]  # fmt: skip
    versions = [anchors_version(COMPETITION.model_copy(update=change)) for change in changes]
    assert len(set(versions)) == len(changes)
    assert anchors_version(COMPETITION.model_copy(update={"daily_limit": 9})) == versions[0]
    assert versions[0] == anchors_version(Competition(anchors=[(0.5, 0.0), (0.80, 6.0), (0.9, 10)]))


# --- lateness


def test_lateness_takes_its_share_of_all_that_was_earned():
    late = Lateness(seconds_late=90_000, days=2, percent=20)
    result = grade(report((2, 2)), scores(0.85), rules(), lateness=late)
    assert (result.earned, result.late_penalty, result.value, result.lateness) == (10, 2, 8, late)


def test_what_is_refused_earns_nothing_and_keeps_what_it_would_have_earned():
    late = Lateness(seconds_late=1e6, days=12, percent=100, refused=True)
    result = grade(report((0.1, 1), (0.2, 1)), scores(0.85), rules(), lateness=late)
    assert (result.earned, result.value) == (8.3, 0)


def test_a_penalty_is_never_negative():
    assert late_penalty(-3, 50) == 0


# --- the course


def test_a_course_grade_is_the_weighted_mean_on_both_scales():
    found = course_grade(results(0.5, 0.9), course(1, 3))
    assert (found.share, found.ten_point, found.letter, found.dropped) == (0.8, 8, "B", ())
    assert [(part.name, part.weight, part.share, part.dropped) for part in found.parts] == [
        ("hw1", 1, 0.5, False),
        ("hw2", 3, 0.9, False),
    ]


def test_a_missing_assignment_counts_nothing_and_one_of_another_course_does_not_count():
    found = course_grade({"hw2": Result(value=10, max_value=10), "other": Result(value=0, max_value=9)}, course(1, 1))
    assert (found.share, found.parts[0].result) == (0.5, None)


def test_the_lowest_is_dropped():
    found = course_grade(results(0.9, 0.2, 0.7, None), course(1, 1, 1, 1, drop_lowest=2))
    assert (found.dropped, found.share) == (("hw2", "hw4"), 0.8)


def test_a_poor_mark_of_great_weight_is_dropped_before_a_worse_one_of_little():
    found = course_grade(results(0.2, 0.4, 1.0), course(1, 10, 1, drop_lowest=1))
    assert (found.dropped, found.share) == (("hw2",), 0.6)


@settings(deadline=None)
@given(st.data(), st.integers(2, 6))
def test_no_other_way_to_drop_helps_more(data, n):
    weights = data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n).filter(any))
    got = data.draw(st.lists(shares, min_size=n, max_size=n))
    drop = data.draw(st.integers(0, n - 1))
    ways = (kept for kept in itertools.combinations(range(n), n - drop) if any(weights[i] for i in kept))
    best = max(sum(weights[i] * got[i] for i in kept) / sum(weights[i] for i in kept) for kept in ways)
    found = course_grade(results(*got), course(*weights, drop_lowest=drop))
    assert found.share == pytest.approx(best, abs=1e-8)
    assert len(found.dropped) <= drop


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), shares), min_size=1, max_size=6), st.data())
def test_a_course_grade_is_monotone_clamped_and_of_no_order(got, data):
    syllabus = course(*range(1, len(got) + 1), drop_lowest=data.draw(st.integers(0, len(got) - 1)))
    found = course_grade(results(*got), syllabus)
    assert 0 <= found.share <= 1
    assert 0 <= found.ten_point <= 10
    shuffled = dict(data.draw(st.permutations(list(results(*got).items()))))
    assert course_grade(shuffled, syllabus) == found
    place = data.draw(st.integers(0, len(got) - 1))
    better = [*got[:place], 1.0, *got[place + 1 :]]
    assert course_grade(results(*better), syllabus).share >= found.share


def test_rounding_of_fractions_costs_nobody_a_letter():
    assert math.fsum([0.1 * 0.7, 0.2 * 0.7, 0.7 * 1.0]) / math.fsum([0.1, 0.2, 0.7]) < 0.91
    found = course_grade(results(0.7, 0.7, 1.0), course(0.1, 0.2, 0.7, letters=[(0.91, "A"), (0.0, "F")]))
    assert found.letter == "A"


def test_extra_credit_lifts_the_share_but_not_the_scale():
    found = course_grade(results(1.2, 1.0), course(1, 1))
    assert (found.share, found.ten_point, found.letter) == (1.1, 10, "A")


@pytest.mark.parametrize(
    ("result", "weights", "error", "message"),
    [
        (Result(value=1, max_value=0), (1,), ConfigError,
         "hw1 counts, but nothing can be earned in it. Give its questions points, or it weight 0."),
        (Result(value=math.nan, max_value=2), (1,), PlatformError,
         "hw1: the gradebook says nan of 2, which is no mark. No course grade was made of it. "
         "Grade it again: neurograde grade hw1 --regrade"),
        (None, (0, 0), ConfigError,
         "course.toml: every assignment has weight 0. Give a weight to those that count."),
    ],
)  # fmt: skip
def test_a_course_grade_that_cannot_be_is_said(result, weights, error, message):
    with pytest.raises(error) as caught:
        course_grade({"hw1": result}, course(*weights))
    assert str(caught.value) == message


def test_what_has_no_weight_needs_no_points():
    practice = {"hw1": Result(value=0, max_value=0), "hw2": Result(value=1, max_value=2)}
    assert course_grade(practice, course(0, 1)).share == 0.5
