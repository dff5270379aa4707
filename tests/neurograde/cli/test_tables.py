import io

import pytest
from rich.console import Console

from autograder.model.errors import RoomLostError
from grading.people.roster import Student
from neurograde.cli.tables import grades_table, outcomes_table
from neurograde.services.marks.grades import class_grades
from neurograde.services.submissions.grade import Grading
from neurograde.services.submissions.outcomes import Outcome
from tests.command_line import neurograde


def shown(table):
    out = io.StringIO()
    Console(file=out, width=140, color_system=None).print(table)
    return out.getvalue()


@pytest.fixture(scope="module")
def outcomes(graded_once, tmp_path_factory):
    """What comes of the class's uploads when they stand already."""
    made = graded_once.copy_to(tmp_path_factory.mktemp("tables") / "class")
    grading = Grading(made.house, made.course, "doubles", grade_many=lambda *_, **__: iter(()))
    return list(grading.run(grading.take_in([made.uploads])))


def test_outcomes_are_a_line_a_notebook_by_name_and_claims_none(outcomes):
    lines = [line.split() for line in shown(outcomes_table(outcomes)).splitlines()[3:] if line.strip()]
    assert [line[0] for line in lines] == ["bob", "eve", "lovelaceada"]
    assert lines[1][1:5] == ["PASSED", "3", "1", "4/4"]


def test_what_got_no_report_is_said_in_as_many_columns(outcomes):
    lost = Outcome(student="zoe", origin="zoe.ipynb", problem=RoomLostError("The room ended."))
    assert shown(outcomes_table([*outcomes, lost])).splitlines()[-2].split() == ["zoe", "no", "report"]
    assert "no report" in shown(outcomes_table([lost]))


def test_names_are_shown_as_they_are_written(own_class):
    roster = own_class.course.root / "roster.csv"
    roster.write_text(roster.read_text().replace("Noether, Eve", "Noether [/] [Eve]"))
    grades = class_grades(own_class.house, own_class.course)
    assert str(Student(id="s1003", name="Noether [/] [Eve]")) in shown(grades_table(grades))
    assert "s1003 (Noether [/] [Eve])" in neurograde("grades", *own_class.places).stdout
