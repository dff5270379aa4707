"""Our plugins inside nbgrader's own programs."""

import csv

import nbformat
import pytest
from traitlets.config import PyFileConfigLoader

from autograder.model.errors import ConfigError
from grading.records.gradebook import Gradebook
from grading.records.marks import Enrolled
from tests.grading.exchange.nbgrader.builders import LATE, notebook


def test_nbgrader_export_gives_net_course_grades_with_our_exporter(own_course, nbgrader):
    with Gradebook(own_course.gradebook) as gradebook:
        gradebook.update_students([Enrolled(id="zoe", first_name="Zoe", last_name="=1+1", email="zoe@example.org")])
    nbgrader(own_course, "export", "--exporter=neurograde.nbgrader.CourseGrades", "--to=exports/course.csv")
    with (own_course.exports / "course.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert rows.keys() == {"ada", "bob", "dan", "mallory", "eve", "zoe"}
    assert {key: rows["bob"][key] for key in ("hw1", "share", "grade", "letter")} == {
        "hw1": "7.2",
        "share": "0.553846",
        "grade": "5.538462",
        "letter": "F",
    }
    assert [rows["zoe"][key] for key in ("last_name", "hw1", "share", "letter")] == ["'=1+1", "", "0", "F"]


def test_nbgraders_late_penalty_is_ours_through_our_plugin(own_course, row):
    from nbgrader.api import Gradebook as NbGradebook
    from nbgrader.preprocessors import AssignLatePenalties

    config = PyFileConfigLoader("nbgrader_config.py", path=str(own_course.root)).load_config()
    resources = {"notebook": "hw1", "assignment": "hw1", "db_url": config.CourseDirectory.db_url}
    with NbGradebook(config.CourseDirectory.db_url, "course") as theirs:
        for student, penalty in (("bob", row("bob", 2, 3, 0.75, at=LATE).grade.late_penalty), ("ada", 0)):
            theirs.find_submission_notebook("hw1", "hw1", student).late_submission_penalty = 5
            theirs.db.commit()
            AssignLatePenalties(config=config).preprocess(
                nbformat.from_dict(notebook()), {"nbgrader": resources | {"student": student}}
            )
            theirs.db.expire_all()
            assert theirs.find_submission("hw1", student).late_submission_penalty == pytest.approx(penalty)
        assert penalty == 0


@pytest.mark.parametrize("plugin", ["CourseGrades", "LatePenalty"])
def test_a_plugin_that_does_not_know_the_course_says_what_to_do(plugin):
    from grading.exchange.nbgrader import plugins

    with pytest.raises(ConfigError, match=f"Run nbgrader in the course directory.*--{plugin}.source=FOLDER"):
        plugins.source_of(getattr(plugins, plugin)())
