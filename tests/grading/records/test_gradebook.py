import csv
import os
import pickle
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from autograder.model.assignment import AssignmentSettings, Competition
from autograder.model.bundle import Assignment, Question
from autograder.model.errors import ConfigError, PlatformError
from autograder.model.report import CaseResult, Provenance, QuestionResult, Report, Status
from grading.records.gradebook import Gradebook, write_timestamp
from grading.records.marks import AssignmentMark, Enrolled, GradebookRow
from grading.rules.lateness import ON_TIME, Lateness
from grading.rules.policy import Result, grade
from grading.scoring.score import Score, Scores
from tests.builders import earned, make_course

NOON = datetime(2026, 11, 30, 12, 0, 0, 250_000, tzinfo=UTC)
COMPETITION = Competition(anchors=[(0.5, 0), (1.0, 8)])
RECORD = """
import pickle, sys
import nbgrader.api
from grading.records.gradebook import Gradebook
path, assignment, classes = pickle.load(sys.stdin.buffer)
print("ready", flush=True)
with Gradebook(path) as gradebook:
    for rows in classes:
        gradebook.record(assignment, rows)
"""


def assignment(competition: Competition | None = COMPETITION, **points: float) -> Assignment:
    questions = tuple(
        Question(name=name, points=most, cases=()) for name, most in (points or {"q1": 2, "q2": 3}).items()
    )
    due = datetime(2026, 12, 1, 23, 59, tzinfo=timezone(timedelta(hours=3)))
    settings = AssignmentSettings(title="Homework 1", due=due, competition=competition)
    return Assignment(name="hw1", settings=settings, questions=questions, bundle=Path(), fingerprint="0")


def row(
    student: str,
    accuracy: float | None = None,
    *,
    of: Assignment | None = None,
    late: Lateness = ON_TIME,
    at: datetime = NOON,
    **earned: float,
) -> GradebookRow:
    of = of or assignment()
    questions = []
    for question in of.questions:
        got = earned.get(question.name, 0.0)
        case = CaseResult(name="1", status=Status.PASSED, points=got, max_points=question.points, hidden=False)
        questions.append(QuestionResult(name=question.name, points=got, max_points=question.points, cases=(case,)))
    made_by = Provenance(neurograde="0", otter="7", bundle="0", image="i", seed=0)
    report = Report(
        submission="f00d", student=student, assignment="hw1", provenance=made_by, questions=tuple(questions),
        seconds=1.0, peak_memory_mb=1.0,
    )  # fmt: skip
    scores = None
    if accuracy is not None:
        score = Score(metric="accuracy", value=accuracy, correct=0, n=1, low=0.0, high=1.0, heldout_version="v")
        scores = Scores(overall=score, public=score, private=score, per_class=(), confusion=())
    return GradebookRow(report=report, grade=grade(report, scores, of.settings, lateness=late), timestamp=at)


CLASS = [row("ada", 1.0, q1=2, q2=3), row("bob", 0.75, q1=1), row("cy", q2=1.5)]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """The URL of an empty gradebook, on either kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/gradebook.db?timeout=60"
    return request.getfixturevalue("database")


@pytest.fixture
def gradebook(place):
    with Gradebook(place) as gradebook:
        yield gradebook


@pytest.fixture
def nbgrader(place, gradebook):
    """The same database through nbgrader's own API."""
    from nbgrader.api import Gradebook as NbGradebook

    gradebook.record(assignment(), CLASS)
    with NbGradebook(place, "course") as theirs:
        yield theirs
    theirs.engine.dispose()


def test_points_and_accuracy_points_add_up(gradebook):
    gradebook.record(assignment(), CLASS)
    assert earned(gradebook, "hw1") == {"ada": (13, 13), "bob": (5, 13), "cy": (1.5, 13)}
    assert earned(gradebook, "hw2") == {}


def test_nbgrader_reads_cells_dates_and_an_explicit_zero_for_no_score(nbgrader):
    cells = {cell.name: cell.max_score for cell in nbgrader.find_notebook("hw1", "hw1").grade_cells}
    assert cells == {"q1": 2, "q2": 3, "accuracy": 8}
    assert nbgrader.find_assignment("hw1").duedate == datetime(2026, 12, 1, 20, 59)
    submission = nbgrader.find_submission("hw1", "cy")
    assert (submission.timestamp, submission.needs_manual_grade) == (NOON.replace(tzinfo=None), False)
    assert nbgrader.find_grade("accuracy", "hw1", "hw1", "cy").auto_score == 0.0


def test_a_regrade_replaces_automatic_scores_and_the_time_and_nothing_else(gradebook, nbgrader):
    by_hand = nbgrader.find_grade("q1", "hw1", "hw1", "bob")
    by_hand.manual_score, by_hand.extra_credit = 1.5, 0.25
    said = nbgrader.find_comment("q1", "hw1", "hw1", "bob")
    said.manual_comment = "Nearly."
    nbgrader.db.commit()

    later = NOON + timedelta(hours=1)
    gradebook.record(assignment(), [row("bob", 1.0, q1=2, q2=3, at=later)])

    nbgrader.db.expire_all()
    assert said.comment == "Nearly."
    assert (by_hand.auto_score, by_hand.manual_score, by_hand.extra_credit) == (2, 1.5, 0.25)
    assert by_hand.needs_manual_grade
    assert not nbgrader.find_grade("q2", "hw1", "hw1", "bob").needs_manual_grade
    assert nbgrader.find_submission("hw1", "bob").timestamp == later.replace(tzinfo=None)
    assert len(nbgrader.assignment_submissions("hw1")) == 3
    assert earned(gradebook, "hw1") == {"ada": (13, 13), "bob": (12.75, 13), "cy": (1.5, 13)}


def test_a_question_renamed_or_worth_something_else_moves_nobody_before_their_regrade(gradebook):
    gradebook.record(assignment(), CLASS)
    changed = assignment(q1=4, q3=3)
    gradebook.record(changed, [row("bob", 0.75, of=changed, q1=4, q3=3)])
    assert earned(gradebook, "hw1") == {"ada": (13, 15), "bob": (11, 15), "cy": (1.5, 15)}


def test_a_mark_by_hand_on_a_question_that_is_gone_is_not_thrown_away(gradebook, nbgrader):
    nbgrader.find_grade("q2", "hw1", "hw1", "bob").manual_score = 3
    nbgrader.db.commit()
    changed = assignment(q1=2)
    with pytest.raises(ConfigError, match="bob has a mark by hand on q2"):
        gradebook.record(changed, [row("bob", of=changed)])
    assert earned(gradebook, "hw1")["bob"] == (8, 13)


def test_lateness_takes_its_share_of_marks_by_hand_too_until_it_is_forgiven(gradebook, nbgrader):
    late = Lateness(seconds_late=100, days=1, percent=10)
    gradebook.record(assignment(), [row("bob", 0.75, late=late, q1=1)])
    assert gradebook.marks()["bob"]["hw1"].result == Result(value=4.5, max_value=13)
    nbgrader.find_grade("q2", "hw1", "hw1", "bob").manual_score = 3
    nbgrader.db.commit()
    assert gradebook.marks()["bob"]["hw1"].result == Result(value=7.2, max_value=13)
    gradebook.settle()
    nbgrader.db.expire_all()
    assert nbgrader.find_submission("hw1", "bob").late_submission_penalty == pytest.approx(0.8)
    gradebook.record(assignment(), [row("bob", 0.75, q1=1)])
    assert gradebook.marks()["bob"]["hw1"].result == Result(value=8, max_value=13)


def test_a_question_without_tests_waits_for_the_staffs_mark_and_keeps_it(gradebook, nbgrader):
    essay = replace(assignment(), by_hand=(Question(name="why", points=4),))
    gradebook.record(essay, [row("bob", 0.75, q1=1)])
    assert gradebook.marks()["bob"]["hw1"] == AssignmentMark(points=5, late_penalty=0, max_points=17, waiting=1)
    mark = nbgrader.find_grade("why", "hw1", "hw1", "bob")
    assert (mark.auto_score, mark.needs_manual_grade) == (None, True)
    mark.manual_score, mark.needs_manual_grade = 3, False
    nbgrader.db.commit()
    gradebook.record(essay, [row("bob", 0.75, q1=1)])
    assert gradebook.marks()["bob"]["hw1"] == AssignmentMark(points=8, late_penalty=0, max_points=17)
    gradebook.record(essay, [row("bob", 0.75, q1=1, at=NOON + timedelta(hours=1))])  # another answer, perhaps
    assert gradebook.marks()["bob"]["hw1"] == AssignmentMark(points=8, late_penalty=0, max_points=17, waiting=1)


def test_nbgrader_knows_the_deadline_that_held(gradebook, nbgrader):
    due = datetime(2026, 12, 3, 23, 59, tzinfo=timezone(timedelta(hours=3)))
    gradebook.record(assignment(), [row("bob", late=Lateness(due=due, extended=True))])
    assert nbgrader.find_submission("hw1", "bob").duedate == datetime(2026, 12, 3, 20, 59)
    assert nbgrader.find_submission("hw1", "ada").duedate == datetime(2026, 12, 1, 20, 59)


def test_the_roster_names_students_who_have_submitted_and_who_have_not(gradebook, nbgrader):
    bob = Enrolled(id="bob", first_name="Robert", last_name="O'Neill", email="bob@example.org", lms_user_id="42")
    gradebook.update_students([bob, Enrolled(id="eve", first_name="Eve<script>alert(1)</script>", last_name="E")])
    gradebook.update_students([Enrolled(id="eve", first_name="Eve", last_name="<b>")])
    assert nbgrader.find_student("bob").last_name == "O'Neill"
    assert (nbgrader.find_student("eve").first_name, nbgrader.find_student("eve").last_name) == ("Eve", "b")
    assert gradebook.marks()["eve"] == {}
    assert earned(gradebook, "hw1").keys() == {"ada", "bob", "cy"}


def test_a_student_whose_name_cannot_be_a_folders_is_refused_and_nobody_is_added(gradebook):
    with pytest.raises(ConfigError, match=r'a student "\.\./ada".*import the roster again'):
        gradebook.update_students([Enrolled(id="bob"), Enrolled(id="../ada")])
    assert gradebook.marks() == {}


def test_an_assignment_without_a_competition_has_no_accuracy(gradebook):
    plain = assignment(competition=None)
    gradebook.record(plain, [row("ada", of=plain, q1=2)])
    assert earned(gradebook, "hw1") == {"ada": (2, 5)}


@pytest.mark.parametrize(
    ("asked", "rows", "error", "message"),
    [
        (assignment(q1=2), CLASS, ConfigError, "not what hw1 asks now.*--regrade"),
        (assignment(accuracy=2), [], ConfigError, "Rename the question"),
        (assignment(), [CLASS[0], CLASS[0]], ValueError, "2 rows of 1 students"),
    ],
)
def test_rows_that_do_not_fit_are_refused(gradebook, asked, rows, error, message):
    with pytest.raises(error, match=message):
        gradebook.record(asked, rows)
    assert earned(gradebook, "hw1") == {}


def test_a_locked_database_is_ours_to_mend_and_loses_nothing(tmp_path):
    gradebook = Gradebook(tmp_path / "gradebook.db")
    gradebook.record(assignment(), CLASS)
    other = sqlite3.connect(tmp_path / "gradebook.db")
    other.execute("BEGIN IMMEDIATE")
    with Gradebook(tmp_path / "gradebook.db", wait_seconds=0.1) as hasty:
        with pytest.raises(PlatformError, match="locked by another program"):
            hasty.record(assignment(), [row("dee")])
        other.close()
        hasty.record(assignment(), [row("dee")])
    assert earned(gradebook, "hw1").keys() == {"ada", "bob", "cy", "dee"}
    gradebook.close()


def test_what_is_not_a_database_is_named(tmp_path):
    (tmp_path / "gradebook.db").write_text("not a database " * 100)
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        with pytest.raises(PlatformError, match=r"gradebook\.db did not take it: file is not a database"):
            earned(gradebook, "hw1")


def test_a_server_that_does_not_answer_is_named_without_its_password():
    with pytest.raises(PlatformError, match=r"postgresql://me:\*\*\*@/course.* did not take it: "):
        Gradebook("postgresql://me:secret@/course?host=/nowhere").marks()


def test_two_writers_at_once_lose_nothing_and_record_nobody_twice(place, gradebook):
    classes = [[row(name, 1.0, q1=2, q2=3) for name in ("ada", f"s{number}")] for number in range(8)]
    with subprocess.Popen([sys.executable, "-c", RECORD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdin.write(pickle.dumps((place, assignment(), classes)))
        other.stdin.close()
        assert other.stdout.readline() == b"ready\n"
        for rows in classes:
            gradebook.record(assignment(), rows)
    assert other.returncode == 0
    assert earned(gradebook, "hw1") == {name: (13, 13) for name in ("ada", *(f"s{n}" for n in range(8)))}


def test_nbgrader_export_gives_the_same_totals(tmp_path):
    course = make_course(tmp_path)
    with Gradebook(course.gradebook) as gradebook:
        gradebook.record(assignment(), CLASS)
        totals = earned(gradebook, "hw1")
    bin_folder = Path(sys.executable).parent
    command = [bin_folder / "nbgrader", "export", "--to", "exports/grades.csv"]
    env = os.environ | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "JUPYTER_CONFIG_DIR": str(tmp_path)}
    subprocess.run(command, cwd=course.root, env=env, check=True, capture_output=True)
    with (course.exports / "grades.csv").open() as file:
        exported = {line["student_id"]: line for line in csv.DictReader(file)}
    assert {name: (float(line["score"]), float(line["max_score"])) for name, line in exported.items()} == totals
    assert exported["ada"]["timestamp"] == "2026-11-30 12:00:00.250000"


def test_the_timestamp_file_says_the_time_of_the_gradebook(tmp_path):
    from nbgrader.utils import parse_utc

    course = make_course(tmp_path)
    write_timestamp(course, "ada", "hw1", NOON.astimezone(timezone(timedelta(hours=3))))
    assert parse_utc((tmp_path / "submitted/ada/hw1/timestamp.txt").read_text().strip()) == NOON.replace(tzinfo=None)


def test_a_time_without_a_zone_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no time zone"):
        write_timestamp(make_course(tmp_path), "ada", "hw1", datetime(2026, 11, 30))
