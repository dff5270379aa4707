from datetime import UTC, datetime

from autograder.assignment import AssignmentSettings
from autograder.report import CaseResult, Provenance, QuestionResult, Report, Status
from autograder.syllabus import Syllabus
from grading.explanation import explain_course, explain_grade
from grading.lateness import Lateness
from grading.policy import Result, course_grade, grade
from grading.score import Score, Scores

CASES = (
    CaseResult(name="q1 - 1", status=Status.PASSED, points=1, max_points=1, hidden=False),
    CaseResult(
        name="q1 - 2", status=Status.FAILED, points=0, max_points=1, hidden=True, message="assert x == 41, 'secret'"
    ),
)
REPORT = Report(
    submission="f00dfeed" * 8,
    student="ada",
    assignment="hw1",
    provenance=Provenance(neurograde="0", otter="7", bundle="bbbb", image="room:1", seed=7),
    questions=(QuestionResult(name="q1", points=1, max_points=2, cases=CASES),),
    seconds=1.5,
    peak_memory_mb=100.0,
)
SCORE = Score(metric="accuracy", value=0.85, correct=85, n=100, low=0.767, high=0.907, heldout_version="v1")
SCORES = Scores(overall=SCORE, public=SCORE, private=SCORE, per_class=(), confusion=())
SETTINGS = AssignmentSettings.model_validate(
    {
        "title": "t",
        "due": datetime(2026, 12, 1, tzinfo=UTC),
        "competition": {"anchors": [[0.8, 0], [0.9, 4]]},
    }
)
LATE = Lateness(seconds_late=7200, days=1, percent=10, due=SETTINGS.due)
GRADE = grade(REPORT, SCORES, SETTINGS, lateness=LATE)


def test_every_number_of_a_grade_is_there_with_the_rule_that_made_it():
    text = " ".join(" ".join(explain_grade(REPORT, GRADE, SETTINGS)).split())
    for part in (
        "seed 7",
        "q1 - 2 (hidden) FAILED 0/1",
        "85 of 100 right",
        "0.767",
        "between [0.8, 0] and [0.9, 4]",
        "= 2",
        "1 + 2 = 3",
        "10 %",
        "2.7 of 6",
    ):
        assert part in text, (part, text)


def test_a_hidden_test_is_named_and_never_quoted():
    assert "secret" not in "\n".join(explain_grade(REPORT, GRADE, SETTINGS))


def test_a_mark_by_hand_is_what_differs():
    assert "with marks by hand" in "\n".join(
        explain_grade(REPORT, GRADE, SETTINGS, recorded=Result(value=5, max_value=6))
    )


def test_a_course_grade_is_derived_to_the_letter():
    weights = [{"name": "hw1", "weight": 1}, {"name": "hw2", "weight": 3}]
    syllabus = Syllabus.model_validate({"title": "t", "assignments": weights, "drop_lowest": 0})
    course = course_grade({"hw1": Result(value=6, max_value=6)}, syllabus)
    text = " ".join("\n".join(explain_course(course, syllabus)).split())
    assert "nothing recorded: 0, weight 3" in text
    assert "(1 * 1 + 3 * 0) / 4 = 0.25" in text
    assert "F: from 0; D would need 0.6" in text
