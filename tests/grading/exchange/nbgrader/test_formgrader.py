"""Formgrader, started for real on a course directory that we wrote, and the files that nbgrader finds there."""

import json
from pathlib import Path

import pytest
from traitlets.config import PyFileConfigLoader

from grading.exchange.nbgrader.formgrader import prepare_directory
from grading.exchange.nbgrader.publish import publish
from grading.records.gradebook import Gradebook
from tests.builders import make_course
from tests.grading.exchange.nbgrader.builders import HONEST
from tests.grading.exchange.nbgrader.client import ask, page_of


def test_formgrader_lists_assignment_submissions_and_scores(server):
    (listed,) = ask(server, "assignments")
    assert (listed["name"], listed["num_submissions"], listed["max_score"]) == ("hw1", 5, 13)
    submissions = {one["student"]: one for one in ask(server, "submissions/hw1")}
    assert [(submissions[name]["score"], submissions[name]["last_name"]) for name in ("ada", "bob")] == [
        (6, "Lovelace img src=x"),
        (9, None),
    ]
    assert all(one["autograded"] for one in submissions.values())
    assert {one["id"] for one in ask(server, "students")} == submissions.keys()
    grades = ask(server, f"grades?submission_id={page_of(server, 'ada')}")
    assert {one["name"]: one["auto_score"] for one in grades} == {"q1": 2, "q2": 0, "accuracy": 4}


def test_a_mark_and_a_comment_of_the_staff_survive_a_regrade(server, course, assignment, row):
    page = page_of(server, "dan")
    mark = next(one for one in ask(server, f"grades?submission_id={page}") if one["name"] == "q2")
    said = next(one for one in ask(server, f"comments?submission_id={page}") if one["name"] == "q2")
    ask(server, f"grade/{mark['id']}", method="PUT", manual_score=1.5, extra_credit=0.5)
    ask(server, f"comment/{said['id']}", method="PUT", manual_comment="A good *idea*.")

    with Gradebook(course.gradebook) as gradebook:
        gradebook.record(assignment, [again := row("dan", 1, 3, 0.75)])
    publish(course, assignment, again, json.dumps(HONEST).encode())

    grades = {one["name"]: one for one in ask(server, f"grades?submission_id={page}")}
    assert [grades["q2"][key] for key in ("auto_score", "manual_score", "extra_credit")] == [3, 1.5, 0.5]
    assert (grades["q1"]["auto_score"], grades["q2"]["needs_manual_grade"]) == (1, True)
    comments = {one["name"]: one["manual_comment"] for one in ask(server, f"comments?submission_id={page}")}
    assert comments == {"q1": None, "q2": "A good *idea*."}
    assert ask(server, "submission/hw1/dan")["score"] == 7


@pytest.mark.parametrize("button", ["submission/hw1/ada/autograde", "assignment/hw1/assign"])
def test_formgraders_buttons_that_would_run_code_or_move_scores_do_nothing(server, course, button):
    with Gradebook(course.gradebook) as gradebook:
        before = gradebook.marks()
        assert ask(server, button, method="POST")["success"] is False
        assert gradebook.marks() == before
    assert ask(server, "submission/hw1/bob")["autograded"]


def test_nbgrader_is_told_of_another_database_by_the_environment(course, monkeypatch):
    monkeypatch.setenv("NEUROGRADE_GRADEBOOK", "postgresql://staff@dbhost/course")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    assert config.CourseDirectory.db_url == "postgresql://staff@dbhost/course"


def test_a_configuration_of_the_courses_own_is_left_alone(source, tmp_path):
    course, config = make_course(tmp_path), tmp_path / "nbgrader_config.py"
    config.write_text("c = get_config()\n")
    prepare_directory(course, source, [])
    assert config.read_text() == "c = get_config()\n"
    config.unlink()
    prepare_directory(course, Path("/elsewhere"), [])
    prepare_directory(course, source, ["hw1", "hw2"])
    assert str(source) in config.read_text()
    assert {path.name for path in (tmp_path / "source").iterdir()} == {"hw1", "hw2"}
