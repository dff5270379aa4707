import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from autograder.model.assignment import AssignmentSettings, Competition
from autograder.model.bundle import Assignment, Question
from autograder.model.errors import ConfigError
from autograder.model.report import CaseResult, Provenance, QuestionResult, Report, Status
from autograder.model.syllabus import Syllabus
from grading.exchange.exports import (
    Column,
    CourseStanding,
    canvas_csv,
    column_of,
    excel,
    exporters,
    left_out_of_canvas,
    left_out_of_moodle,
    moodle_csv,
    plain_csv,
    standings,
)
from grading.exchange.gradescope import gradescope_json
from grading.people.files import read_file
from grading.people.merge import merge
from grading.people.roster import CanvasColumn, Roster, Student
from grading.rules.policy import Gate, Grade, Result, course_grade
from grading.scoring.score import Score

SYLLABUS = Syllabus(title="DL", assignments=[{"name": "hw1", "weight": 1}, {"name": "hw2", "weight": 3}])
ADA = Student(
    id="ada", name="Lovelace, Ada", email="Ada@example.org", lms_id="101", sis_id="S1", login="al", section="A"
)
ALAN = Student(id="alan", name="Turing, Alan", email="alan@example.org", lms_id="102", login="at")
CLASS = Roster(students=(ADA, ALAN))
COLUMNS = (
    Column(name="hw1", title="One", max_value=7, canvas=CanvasColumn(id="501", title="One, two", points=7.0)),
    Column(name="hw2", title="Two", max_value=5),
)
RESULTS = {"hw1": {"ada": Result(value=6.25, max_value=7)}, "hw2": {"ada": Result(value=5, max_value=5)}}
EVERYONE, _ = standings(RESULTS, CLASS, SYLLABUS)
SCORE = Score(metric="macro_f1", value=0.87654, correct=613, n=700, low=0.85, high=0.9, heldout_version="v")


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def standing(student: Student, **grades: float) -> CourseStanding:
    results = {name: Result(value=value, max_value={"hw1": 7, "hw2": 5}[name]) for name, value in grades.items()}
    return CourseStanding(student=student, grades=results, course=course_grade(results, SYLLABUS))


def test_canvas_gets_the_columns_it_knows_students_and_assignments_by():
    assert rows(canvas_csv(EVERYONE, COLUMNS)) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "One, two (501)", "Two"],
        ["Points Possible", "", "", "", "", "7", "5"],
        ["Lovelace, Ada", "101", "S1", "al", "A", "6.25", "5"],
        ["Turing, Alan", "102", "", "at", "", "", ""],
    ]


def test_what_canvas_exported_and_what_goes_back_agree_on_every_id():
    exported = (
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework (7) extra (501)\n    Points Possible,,,,,7.00\n"
        '"Lovelace, Ada",101,S1,al,"A, B",\n"Ёлкина, Юлия",102,,ye,A,3\n'
    )
    roster = merge(Roster(), read_file(exported.encode(), "f.csv")).roster
    column = Column(name="hw1", title="Homework", max_value=7, canvas=roster.canvas[0])
    back = rows(canvas_csv(standings({}, roster, SYLLABUS)[0], [column]))
    theirs = rows(exported.encode())
    assert [row[:5] for row in back[2:]] == [row[:5] for row in theirs[2:]]
    assert back[0] == theirs[0]
    assert read_file(canvas_csv(standings({}, roster, SYLLABUS)[0], [column]), "f.csv").kind == "canvas"


def test_an_assignment_worth_something_else_in_canvas_is_refused_or_converted_but_never_passed_on():
    column = replace(COLUMNS[0], canvas=CanvasColumn(id="501", title="One", points=100.0))
    with pytest.raises(ConfigError) as caught:
        canvas_csv(EVERYONE, [column])
    assert str(caught.value) == (
        "Canvas gives other points to what is graded here (hw1: 7 here, 100 in Canvas). Set its Points Possible to "
        "ours and import its gradebook again (neurograde roster import FILE), or convert the grades with --scale."
    )
    converted = rows(canvas_csv(EVERYONE, [column], scale=True))
    assert (converted[1][5], converted[2][5]) == ("100", "89.285714")


def test_a_student_whom_canvas_would_make_up_anew_is_left_out_and_named():
    guest = Student(id="guest", name="Guest", email="g@example.org")
    unreadable = Student(id="odd", login="=login")  # an apostrophe would make it another login
    everyone = [standing(ADA, hw1=1), standing(guest, hw1=2), standing(unreadable, hw1=3)]
    assert [row[0] for row in rows(canvas_csv(everyone, COLUMNS))[2:]] == ["Lovelace, Ada"]
    assert left_out_of_canvas(everyone) == (guest, unreadable)


def test_moodle_gets_the_key_first_and_a_dash_for_what_was_not_handed_in():
    assert rows(moodle_csv(EVERYONE, COLUMNS)) == [
        ["Email address", "Full name", "One", "Two", "Course grade"],
        ["Ada@example.org", "Lovelace, Ada", "6.25", "5", "9.732143"],
        ["alan@example.org", "Turing, Alan", "-", "-", "0"],
    ]


def test_moodle_can_know_students_by_number_or_by_login_and_never_gets_a_line_without():
    by_number = rows(moodle_csv(EVERYONE, COLUMNS, by="sis_id"))
    assert [row[0] for row in by_number] == ["ID number", "S1"]
    assert left_out_of_moodle(EVERYONE, by="sis_id") == (ALAN,)
    assert [row[0] for row in rows(moodle_csv(EVERYONE, COLUMNS, by="login"))] == ["Username", "al", "at"]


def test_the_plain_table_has_every_name_every_grade_and_the_course_grade():
    header, ada, alan = rows(plain_csv(EVERYONE, COLUMNS))
    assert dict(zip(header, ada, strict=True)) == {
        "student": "ada", "name": "Lovelace, Ada", "email": "Ada@example.org", "section": "A", "sis_id": "S1",
        "lms_id": "101", "login": "al", "competition_name": "", "hw1": "6.25", "hw1 most": "7", "hw2": "5",
        "hw2 most": "5", "share": "0.973214", "grade": "9.732143", "letter": "A",
    }  # fmt: skip
    assert dict(zip(header, alan, strict=True))["hw1"] == ""


def test_a_grade_out_of_another_maximum_is_not_put_beside_the_others():
    old = CourseStanding(student=ADA, grades={"hw1": Result(value=3, max_value=6)}, course=EVERYONE[0].course)
    for export in (plain_csv, canvas_csv, moodle_csv, excel):
        with pytest.raises(ConfigError, match=r"hw1 is out of 6, and hw1 is now worth 7. Grade it again .* --regrade"):
            export([old], COLUMNS)


def test_what_is_no_number_is_in_no_export():
    bad = CourseStanding(student=ADA, grades={"hw1": Result(value=math.nan, max_value=7)}, course=EVERYONE[0].course)
    for export in (plain_csv, canvas_csv, moodle_csv, excel):
        with pytest.raises(ValueError, match="not a number"):
            export([bad], COLUMNS)


def test_a_workbook_has_numbers_as_numbers_and_formulas_as_text():
    evil = replace(ALAN, name='=HYPERLINK("http://x","y")', competition_name="@SUM(1)")
    book = load_workbook(io.BytesIO(excel([EVERYONE[0], standing(evil, hw2=2.5)], COLUMNS)))
    sheet = book["Grades"]
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    at = table[0].index
    assert table[1][at("hw1")] == 6.25
    assert table[2][at("hw1")] is None
    assert table[2][at("hw2")] == 2.5
    assert table[2][at("name")] == '\'=HYPERLINK("http://x","y")'
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("C2", sheet.dimensions)
    assert [cell.value for cell in book["Assignments"][3]] == ["hw2", "Two", 5, 2, 3.75]


def test_each_form_writes_its_file_and_names_who_is_not_in_it():
    forms = exporters(by="sis_id", scale=True)
    assert {name: form.file_name for name, form in forms.items()} == {
        "canvas": "grades-canvas.csv",
        "moodle": "grades-moodle.csv",
        "csv": "grades-csv.csv",
        "xlsx": "grades-xlsx.xlsx",
    }
    assert forms["csv"].write(EVERYONE, COLUMNS) == plain_csv(EVERYONE, COLUMNS)
    assert forms["moodle"].write(EVERYONE, COLUMNS) == moodle_csv(EVERYONE, COLUMNS, by="sis_id")
    assert {name: form.left_out(EVERYONE) for name, form in forms.items()} == {
        "canvas": (), "moodle": (ALAN,), "csv": (), "xlsx": ()
    }  # fmt: skip
    worth_more = replace(COLUMNS[0], canvas=CanvasColumn(id="501", title="One", points=100.0))
    assert forms["canvas"].write(EVERYONE, [worth_more]) == canvas_csv(EVERYONE, [worth_more], scale=True)
    with pytest.raises(ConfigError, match="Canvas gives other points"):
        exporters()["canvas"].write(EVERYONE, [worth_more])


names = st.text(alphabet=st.sampled_from([*"=+-@;,'\" \t\n|!A", "\x00", "\x0b", "\u202e"]), max_size=10)


@settings(deadline=None, max_examples=60)
@given(names, names, names)
def test_no_name_becomes_a_formula_in_any_export(name, email, login):
    student = Student(id="x", name=name, email=email, login=login, competition_name=name, section=email)
    one, columns = [standing(student, hw1=1)], [replace(COLUMNS[0], title=name), COLUMNS[1]]
    tables = [rows(export(one, columns)) for export in (plain_csv, canvas_csv, moodle_csv)]
    for sheet in load_workbook(io.BytesIO(excel(one, columns))):
        assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}
        tables.append([[str(cell.value or "") for cell in row] for row in sheet.iter_rows()])
    for cell in (cell for table in tables for row in table for cell in row):
        assert cell == "-" or not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_everyone_in_the_roster_stands_somewhere_and_so_does_every_grade():
    results = {"hw1": {"al": Result(value=7, max_value=7), "stranger": Result(value=2, max_value=7)}}
    found, doubtful = standings(results, CLASS, SYLLABUS)
    assert [(one.student.id, one.grades["hw1"] and one.grades["hw1"].value) for one in found] == [
        ("ada", 7), ("alan", None), ("stranger", 2)
    ]  # fmt: skip
    assert [one.name for one in doubtful] == ["stranger"]
    assert [one.id for one in left_out_of_canvas(found)] == ["stranger"]


def test_a_student_whose_grades_are_in_doubt_goes_to_no_platform():
    results = {"hw1": {"ada": Result(value=7, max_value=7)}, "hw2": {"al": Result(value=5, max_value=5)}}
    found, doubtful = standings(results, CLASS, SYLLABUS)
    assert [one.name for one in doubtful] == ["ada", "al"]
    assert ADA in left_out_of_canvas(found)
    assert ADA in left_out_of_moodle(found)
    table = rows(plain_csv(found, COLUMNS))
    assert table[1][-3:] == ["", "", "in doubt"]
    assert sorted(row[0] for row in table[1:]) == ["ada", "ada", "al", "alan"]


def test_without_a_roster_names_are_students_and_nothing_is_in_doubt():
    found, doubtful = standings(RESULTS, Roster(), SYLLABUS)
    assert ([one.student for one in found], doubtful) == ([Student(id="ada")], ())
    assert found[0].course.letter == "A"


def test_the_column_of_an_assignment_is_worth_its_points_and_its_last_anchor():
    settings = AssignmentSettings(title={"en": "One", "ru": "Раз"}, competition=Competition(anchors=[(0.5, 0), (1, 2)]))
    questions = (Question(name="q1", points=5, cases=()),)
    hw1 = Assignment(name="hw1", settings=settings, questions=questions, bundle=Path(), fingerprint="0")
    theirs = CanvasColumn(id="1", title="First", points=7.0, assignment="hw1")
    assert column_of(hw1, Roster(canvas=(theirs,))) == Column(name="hw1", title="One", max_value=7, canvas=theirs)


def report() -> Report:
    def case(name: str, status: Status, points: float, *, hidden: bool) -> CaseResult:
        message, hint = "assert secret() == 42", "Look at the sign."
        return CaseResult(
            name=name, status=status, points=points, max_points=2, hidden=hidden, hint=hint, message=message
        )

    cases = (case("q1 - 1", Status.FAILED, 0, hidden=False), case("q1 - 2", Status.ERRORED, 0, hidden=True))
    passed = (case("q2 - 1", Status.PASSED, 2, hidden=True),)
    return Report(
        submission="f00d", student="ada", assignment="hw1", seconds=1.5, peak_memory_mb=1.0, notes=("A cell was cut.",),
        provenance=Provenance(neurograde="0", otter="7", bundle="b", image="i", seed=7),
        questions=(
            QuestionResult(name="q1", points=0, max_points=4, cases=cases),
            QuestionResult(name="q2", points=2, max_points=2, cases=passed),
        ),
    )  # fmt: skip


GRADE = Grade(points=2, max_points=6, accuracy_points=1.5, max_accuracy_points=2, score=SCORE, late_penalty=0.5)


def test_gradescope_gets_the_grade_its_parts_and_the_public_score_to_two_decimals():
    results = json.loads(gradescope_json(report(), GRADE, public=SCORE))
    assert results["score"] == 3
    assert [(one["name"], one.get("score"), one.get("max_score"), one["visibility"]) for one in results["tests"]] == [
        ("q1 - 1", 0, 2, "visible"),
        ("q1 - 2", 0, 2, "after_published"),
        ("q2 - 1", 2, 2, "after_published"),
        ("Held-out data", 1.5, 2, "after_published"),
        ("Lateness", None, None, "after_published"),
    ]
    assert [one.get("number") for one in results["tests"]] == ["1.1", "1.2", "2.1", None, None]
    assert results["leaderboard"] == [{"name": "macro f1", "value": 0.88, "order": "desc"}]
    assert {one["output_format"] for one in results["tests"]} == {results["output_format"]} == {"text"}
    assert results["tests"][4]["output"] == "Handed in late: 0.5 points are taken off, so 3 are left."
    assert "leaderboard" not in json.loads(gradescope_json(report(), GRADE))


def test_gradescope_never_gets_a_hidden_test_and_shows_nothing_before_it_may():
    tests = json.loads(gradescope_json(report(), GRADE))["tests"]
    assert tests[0]["output"] == "FAILED.\nLook at the sign.\nassert secret() == 42"
    assert tests[1]["output"] == "ERRORED.\nLook at the sign."
    assert tests[2]["output"] == ""
    assert {one["visibility"] for one in tests[1:]} == {"after_published"}


def test_gradescope_is_told_why_a_gate_gives_nothing_and_that_no_predictions_came():
    gate = Gate(name="must_beat_baseline", passed=False, why="not better than the baseline, p = 0.4")
    barred = replace(GRADE, accuracy_points=0, gates=(gate,))
    barred_test = json.loads(gradescope_json(report(), barred))["tests"][3]
    assert barred_test["output"].endswith("\nmust_beat_baseline: not better than the baseline, p = 0.4")
    assert barred_test["status"] == "failed"
    silent = replace(GRADE, accuracy_points=0, score=None)
    assert json.loads(gradescope_json(report(), silent))["tests"][3]["output"] == "No predictions came back."
    plain = replace(GRADE, accuracy_points=0, max_accuracy_points=0, score=None, late_penalty=0)
    assert len(json.loads(gradescope_json(report(), plain))["tests"]) == 3
