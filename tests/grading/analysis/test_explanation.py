import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from autograder.model.assignment import AssignmentSettings, Competition, LatePolicy
from autograder.model.report import CaseResult, CellResult, Provenance, QuestionResult, Report, Status
from autograder.model.syllabus import Scale, Syllabus, Weighted
from grading.analysis.explanation import WIDTH, explain_course, explain_grade, number
from grading.rules.extensions import Extension
from grading.rules.lateness import lateness
from grading.rules.policy import Result, anchors_version, course_grade, grade
from grading.scoring.metrics import McNemar
from grading.scoring.score import Score, Scores

DUE = datetime(2026, 12, 20, 20, 59, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
SETTINGS = AssignmentSettings(
    title="A competition",
    due=DUE,
    competition=Competition(anchors=[(0.8, 0), (0.86, 3), (0.885, 4.5), (0.905, 5)], claims=True),
)
CASES = (
    CaseResult(name="q1 - 1", status=Status.PASSED, points=1, max_points=1, hidden=False),
    CaseResult(name="q1 - 2", status=Status.FAILED, points=0.5, max_points=2, hidden=True, message="expected == 3"),
)
REPORT = Report(
    submission="f00d" * 16,
    student="ada",
    assignment="hw1",
    provenance=Provenance(neurograde="0", otter="7", bundle="b7", image="i9", seed=5),
    questions=(QuestionResult(name="q1", points=1.5, max_points=3, cases=CASES),),
    cells=(
        CellResult(number=2, status=Status.PASSED, seconds=1),
        CellResult(number=4, status=Status.ERRORED, seconds=1, error="\x1b[31mValueError, line 3"),
    ),
    notes=("Cell 9 was left out.",),
    seconds=12.34,
    peak_memory_mb=1.0,
)


def scores(correct: int, n: int = 7000, metric: str = "accuracy") -> Scores:
    one = Score(metric=metric, value=correct / n, correct=correct, n=n, low=0.85, high=0.87, heldout_version="v1")
    return Scores(
        overall=replace(one, value=0.0), public=replace(one, value=1.0), private=one, per_class=(), confusion=()
    )


def late(seconds: float, policy: LatePolicy | None = None, extensions=()):
    policy = policy or LatePolicy(percent_per_day=10, grace_minutes=15, most_days=7)
    return lateness(DUE + timedelta(seconds=seconds), DUE, policy, MOSCOW, extensions)


def explained(seconds=0.0, correct=6090, settings=SETTINGS, extensions=(), recorded=None, **gates):
    made = grade(REPORT, scores(correct), settings, lateness=late(seconds, extensions=extensions), **gates)
    return told(explain_grade(REPORT, made, settings, recorded=recorded))


def told(lines: list[str]) -> dict[str, str]:
    """The text after each label, its wrapped lines joined."""
    found: dict[str, str] = {}
    for line in lines[1:]:
        label, text = re.fullmatch(r"  (.{16,}?)  (.*)", line).groups()
        if label.strip():
            last = label.strip()
            found[last] = text.strip()
        else:
            found[last] += " " + text.strip()
    return found


def test_a_grade_is_derived_from_the_run_of_the_code_to_the_last_number():
    assert explained(seconds=86_400 + 7200) == {
        "run": "submission f00df00df00d of ada, 12.3 s, tests b7, image i9, seed 5",
        "cell 4": "ERRORED:  [31mValueError, line 3",
        "note": "Cell 9 was left out.",
        "q1": "1.5 of 3: q1 - 1 PASSED 1/1; q1 - 2 (hidden) FAILED 0.5/2",
        "points": "1.5 = 1.5 of 3",
        "score": "0.8700 accuracy = 6090 of 7000 right on the private rows; 95 % interval 0.8500 to 0.8700 (Wilson); "
        "labels v1",
        "anchors": "between [0.86, 3] and [0.885, 4.5]: 3 + 1.5 * (0.87 - 0.86) / 0.025 = 3.6 "
        f"(rules {anchors_version(SETTINGS.competition)})",
        "for the score": "3.6 of 5",
        "earned": "1.5 + 3.6 = 5.1",
        "lateness": "-1.02: due 2026-12-20 23:59 (Europe/Moscow), handed in 1 d 2 h later, 2 days begun, 20 % of 5.1",
        "grade": "4.08 of 8",
    }


def test_every_line_fits_and_nothing_of_a_hidden_test_but_its_outcome_is_told():
    lines = explain_grade(REPORT, grade(REPORT, scores(6090), SETTINGS, lateness=late(0)), SETTINGS)
    assert lines[0] == "hw1"
    assert max(map(len, lines)) <= WIDTH
    assert "expected" not in "".join(lines)


@pytest.mark.parametrize(
    ("correct", "between", "text"),
    [
        (7000, "linear", "5, past the anchor [0.905, 5]"),
        (5600, "linear", "0, at the anchor [0.8, 0]"),
        (5000, "linear", "0, before the first anchor [0.8, 0]"),
        (6090, "steps", "3, the last step reached is [0.86, 3], the next would be [0.885, 4.5]"),
    ],
)
def test_every_place_on_the_curve_has_its_words(correct, between, text):
    competition = SETTINGS.competition.model_copy(update={"between": between})
    settings = SETTINGS.model_copy(update={"competition": competition})
    assert explained(correct=correct, settings=settings)["anchors"].startswith(text)


def test_a_gate_that_is_not_passed_says_what_it_took():
    gated = SETTINGS.competition.model_copy(update={"baseline": "b.csv", "must_beat_baseline": True})
    settings = SETTINGS.model_copy(update={"competition": gated})
    found = explained(settings=settings, versus_baseline=McNemar(better=31, worse=29, p=0.45))
    assert found["gate"].startswith("must_beat_baseline NOT PASSED: right in 31 rows where the baseline is wrong")
    assert found["for the score"] == "0 of 5, instead of 3.6: must_beat_baseline was not passed"
    assert found["earned"] == "1.5 + 0 = 1.5"


def test_no_predictions_are_no_score():
    made = grade(REPORT, None, SETTINGS, lateness=late(0))
    found = told(explain_grade(REPORT, made, SETTINGS))
    assert (found["score"], found["for the score"]) == ("none: the entry point gave no predictions", "0 of 5")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "none: due 2026-12-20 23:59 (Europe/Moscow)"),
        (300, "none: due 2026-12-20 23:59 (Europe/Moscow), handed in 5 min later, within the grace"),
        (3600, "-0.51: due 2026-12-20 23:59 (Europe/Moscow), handed in 1 h later, 1 day begun, 10 % of 5.1"),
        (
            8 * 86_400,
            "-5.1: due 2026-12-20 23:59 (Europe/Moscow), handed in 8 d later, 8 days begun: "
            "more than are taken, nothing counts",
        ),
    ],
)
def test_lateness_has_its_words(seconds, text):
    assert explained(seconds=seconds)["lateness"] == text


def test_an_extension_is_told():
    more = Extension(student="ada", assignment="hw1", days=2)
    found = explained(seconds=3600, extensions=[more])
    assert found["lateness"] == "none: due 2026-12-22 23:59 (Europe/Moscow), by an extension"


def test_marks_by_hand_are_told_where_they_change_the_grade():
    assert "in the gradebook" not in explained(recorded=Result(value=5.1, max_value=8))
    found = explained(recorded=Result(value=6.1, max_value=8))
    assert found["in the gradebook"] == "6.1 of 8, with what is marked by hand"


def test_another_metric_is_not_taken_for_a_share_of_rows():
    made = grade(REPORT, scores(6090, metric="macro_f1"), SETTINGS, lateness=late(0))
    found = told(explain_grade(REPORT, made, SETTINGS))
    assert found["score"].startswith("0.8700 macro_f1 on the private rows; 6090 of 7000 right, 95 % interval")


def test_a_course_grade_is_derived_from_its_parts():
    syllabus = Syllabus(
        title="c",
        assignments=[Weighted(name="hw1", weight=1), Weighted(name="hw2", weight=1), Weighted(name="hw3", weight=2)],
        drop_lowest=1,
        scale=Scale(ten_point=[(0.0, 0), (0.2, 2), (0.5, 4), (0.95, 10)]),
    )
    results = {"hw1": Result(value=4, max_value=8), "hw3": Result(value=9, max_value=10)}
    lines = explain_course(course_grade(results, syllabus), syllabus)
    assert lines[0] == "Course grade"
    assert told(lines) == {
        "hw1": "4 of 8 = 0.5, weight 1",
        "hw2": "nothing recorded: 0, weight 1, dropped",
        "hw3": "9 of 10 = 0.9, weight 2",
        "dropped": "drop_lowest = 1: without hw2 the mean is highest",
        "share": "(1 * 0.5 + 2 * 0.9) / 3 = 0.7667",
        "ten-point grade": "7.5556: between [0.5, 4] and [0.95, 10]: 4 + 6 * (0.766667 - 0.5) / 0.45 = 7.5556",
        "letter": "C: from 0.7; B would need 0.8",
    }


@pytest.mark.parametrize(("value", "text"), [(4.8, "4.8"), (12, "12"), (100.0, "100"), (0, "0"), (1 / 3, "0.3333")])
def test_a_number_has_no_decimals_that_say_nothing(value, text):
    assert number(value) == text
