"""A course directory that 0.2 made, and its house, opened by this version."""

import json
import runpy
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from traitlets.config.loader import PyFileConfigLoader
from traitlets.utils.importstring import import_item

import neurograde.nbgrader
from autograder.model.files import read_report
from grading.common.directory import CourseDirectory
from grading.records.attempts import AttemptKind
from grading.records.database import Database
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from grading.scoring import heldout_store

KEPT = Path(__file__).parent / "courses" / "made_by_0.2"
EXPECTED = json.loads((KEPT / "expected.json").read_text())
"""What 0.2 said of it."""
PUBLIC_SHARE = 0.3
"""As its assignment.toml says."""


@pytest.fixture
def made(tmp_path):
    """A copy of house, course and uploads, to be opened: opening writes beside a database."""
    return Path(shutil.copytree(KEPT, tmp_path / "made"))


@pytest.fixture
def course(made):
    return CourseDirectory(root=made / "course")


@pytest.fixture
def ledger(course):
    with Database(course.gradebook) as database:
        yield Ledger(database)


def test_the_ledger_is_read_to_the_last_attempt(ledger):
    attempts = ledger.attempts(predictions=True)
    assert [as_expected(attempt) for attempt in attempts] == EXPECTED["attempts"]
    assert len(ledger.history()) == EXPECTED["rows"]
    assert ledger.selections("tiny") == {name: tuple(chosen) for name, chosen in EXPECTED["selections"].items()}


def as_expected(attempt):
    """What expected.json holds of an attempt; the fingerprint is over all the rest."""
    return {
        "assignment": attempt.assignment,
        "student": attempt.student,
        "submission": attempt.submission,
        "kind": attempt.kind,
        "handed_in": attempt.handed_in.isoformat(),
        "status": attempt.status,
        "score": attempt.scores.overall.value if attempt.scores else None,
        "grade": attempt.grade.value if attempt.grade else None,
        "predictions": len(attempt.predictions),
        "fingerprint": attempt.fingerprint,
    }


def test_what_stands_in_the_ledger_is_not_written_twice(ledger):
    ledger.record(ledger.attempts(predictions=True))
    assert len(ledger.history()) == EXPECTED["rows"]


def test_the_marks_are_those_of_0_2(course):
    with Gradebook(course.gradebook) as gradebook:
        marks = gradebook.marks()
    found = {student: {name: asdict(mark) for name, mark in theirs.items()} for student, theirs in marks.items()}
    assert found == EXPECTED["marks"]


def test_the_held_out_set_is_the_one_that_was_drawn_and_corrected(made, course):
    kept = heldout_store.load(course, "tiny", public_share=PUBLIC_SHARE)
    assert heldout_store.facts(kept) == json.loads(EXPECTED["commands"]["heldout"]["stdout"])
    for row, label in heldout_store.read_corrections(made / "corrections.csv").items():
        assert kept.labels[row] == label
    assert len(heldout_store.read_baseline(made / "house" / "source", "tiny", "baseline.csv", kept)) == len(kept.labels)


def test_every_report_is_read_and_is_of_an_attempt(course, ledger):
    notebooks = [attempt for attempt in ledger.attempts() if attempt.kind is AttemptKind.NOTEBOOK]
    reports = [read_report(path) for path in course.reports.glob("*/*/*/report.json")]
    assert len(reports) == len(notebooks) == 9
    for attempt in notebooks:
        folder = course.report_folder(attempt.assignment, attempt.student, attempt.submission)
        report = read_report(folder / "report.json")
        assert (report.assignment, report.student, report.submission) == attempt.key[:3]
        assert tuple((q.name, q.status, q.points, q.max_points) for q in report.questions) == attempt.questions


def test_data_py_runs_and_says_only_that_its_import_has_another_name(made, course, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "autograder.datasets", raising=False)  # who imports it again is not told again
    house = made / "house"
    with pytest.warns(FutureWarning) as said:  # any other warning is an error
        data = runpy.run_path(str(house / "source" / "tiny" / "data.py"))
    assert told(said) == ["autograder.datasets is called neurograde.datasets now"]
    data["prepare"](tmp_path)
    for name in ("train.npz", "test.npz"):
        fresh, released = np.load(tmp_path / name), np.load(house / "release" / "tiny" / name)
        assert {key: array.tolist() for key, array in fresh.items()} == {k: a.tolist() for k, a in released.items()}
    seed = json.loads((course.heldout / "tiny" / "manifest.json").read_text())["seed"]
    inputs, labels = data["heldout"](seed)
    assert np.array_equal(inputs, heldout_store.load(course, "tiny").inputs)
    assert np.array_equal(labels, np.load(course.heldout / "tiny" / "labels.npy")), "before they were corrected"


def test_nbgrader_finds_the_plugins_that_the_config_names(course, monkeypatch):
    monkeypatch.delitem(sys.modules, "grading.plugins", raising=False)
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    with pytest.warns(FutureWarning) as said:
        late_penalty = import_item(config.AssignLatePenalties.plugin_class)
    assert told(said) == ["grading.plugins is called neurograde.nbgrader now"]
    course_grades = import_item("grading.plugins.CourseGrades")  # as `nbgrader export` was told to
    assert (late_penalty, course_grades) == (neurograde.nbgrader.LatePenalty, neurograde.nbgrader.CourseGrades)
    for plugin in (late_penalty, course_grades):
        assert plugin(config=config).source == "/srv/course/source"


def told(said):
    return [str(warning.message) for warning in said if warning.category is FutureWarning]
