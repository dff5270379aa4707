import json
import re
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from autograder.engine.examiner import Examiner
from autograder.engine.predictions import predictions_of, probabilities_of
from autograder.engine.run import autograde
from autograder.intake.uploads import Upload, receive
from autograder.model.bundle import load_assignment
from autograder.model.errors import TestBrokenError
from autograder.model.files import read_report
from autograder.model.report import Status, to_json
from autograder.sandbox.room import SessionEndedError
from tests.fakes import FakeRoom, FakeSession

RIGHT = "def double(a):\n    return 2 * a"
CHECK1, CHECK2 = 'grader.check("q1")', 'grader.check("q2")'
GRADER = "class Grader:\n    def check(self, name): pass\ngrader = Grader()"


@pytest.fixture
def grade(bundle):
    def run(*cells, room=None, inputs=None):
        assignment = load_assignment(bundle)
        code = [{"cell_type": "code", "source": cell, "metadata": {}} for cell in (GRADER, *cells)]
        content = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code}).encode()
        upload = Upload(student="ada", origin="ada.ipynb", handed_in=datetime.now(UTC), content=content)
        return autograde(receive(upload), Examiner(assignment), assignment, room or FakeRoom(), inputs=inputs)

    return run


def statuses(graded):
    return {case.name: case.status for question in graded.report.questions for case in question.cases}


def test_right_answers_earn_every_point(grade):
    report = grade(RIGHT, CHECK1, "x = 1", CHECK2).report
    assert (report.points, report.max_points, report.status) == (4, 4, Status.PASSED)


def test_a_question_is_asked_where_the_notebook_checks_it(grade):
    assert grade(RIGHT, "x = 1", CHECK2, "x = 2").report.points == 4
    assert grade(RIGHT, "x = 2", CHECK2, "x = 1").report.points == 3


def test_the_last_check_of_a_question_counts(grade):
    assert grade(RIGHT, "x = 2", CHECK2, "x = 1", CHECK2).report.points == 4


def test_a_check_that_is_commented_out_is_none(grade):
    assert grade(RIGHT, "x = 2", f"# {CHECK2}", "x = 1").report.points == 4


def test_a_hard_coded_public_example_earns_the_public_point_only(grade):
    graded = grade("def double(a):\n    return 4", "x = 1")
    assert statuses(graded) == {"q1 - 1": "PASSED", "q1 - 2": "FAILED", "q2 - 1": "PASSED"}
    assert graded.report.points == 2


def test_an_answer_that_raises_is_errored_and_its_line_is_known(grade):
    graded = grade("def double(a):\n    b = a\n    raise RuntimeError('oh')", "x = 1")
    assert statuses(graded)["q1 - 1"] is Status.ERRORED


def test_a_cell_that_raises_is_named_by_cell_and_line(grade):
    cells = grade(RIGHT, "x = 1\n1 / 0").report.cells
    assert (cells[-1].status, cells[-1].error) == (Status.ERRORED, "ZeroDivisionError, cell 3, line 2")


def test_a_name_that_an_erring_cell_should_have_made_is_errored(grade):
    assert statuses(grade(RIGHT, "x = 1 / 0"))["q2 - 1"] is Status.ERRORED
    assert statuses(grade(RIGHT))["q2 - 1"] is Status.FAILED


def test_an_object_that_agrees_with_everything_earns_nothing(grade):
    liar = (
        "class Liar:\n    def __eq__(self, other): return True\n    __sub__ = lambda s, o: s\n    __abs__ = lambda s: s"
    )
    liar += "\n    __lt__ = __eq__\nx = Liar()\ndef double(a): return Liar()"
    assert grade(liar).report.points == 0


def test_hidden_messages_are_not_in_the_notebook_and_hints_are(grade):
    notebook = grade("def double(a): return 4", CHECK1, "x = 3", CHECK2).notebook
    text = str(notebook)
    assert "Try another number." in text
    assert "assert x == 1" not in text
    assert "rng.normal" not in text


def test_the_executed_notebook_is_one(grade):
    import nbformat

    nbformat.validate(grade("# a", "1 / 0", CHECK1).notebook)


class EndingRoom(FakeRoom):
    """Ends the process whenever code says END."""

    def open(self, *, wall_seconds):
        return EndingSession(dict(self._namespace))


class EndingSession(FakeSession):
    def request(self, header, body, seconds):
        if "END" in str(header.get("source")):
            raise SessionEndedError("memory")
        return super().request(header, body, seconds)


def test_a_cell_that_ends_the_process_costs_what_depends_on_it_and_no_more(grade):
    graded = grade(RIGHT, CHECK1, "x = 1; END", CHECK2, room=EndingRoom())
    assert statuses(graded) == {"q1 - 1": "PASSED", "q1 - 2": "PASSED", "q2 - 1": "OUT_OF_MEMORY"}
    assert graded.report.notes == ("Cell 4 was left out: it used more memory than the room has.",)


def test_a_notebook_that_ends_its_process_in_every_cell_is_not_run_for_ever(grade):
    report = grade(*["END"] * 40, room=EndingRoom()).report
    assert report.points == 0
    assert {case.status for question in report.questions for case in question.cases} == {Status.NOT_RUN}


def test_predictions_come_in_the_order_of_the_inputs(grade):
    inputs = np.arange(10.0).reshape(10, 1)
    graded = grade(RIGHT, "def predict(X):\n    return [int(x[0]) for x in X]", inputs=inputs)
    assert graded.report.predictions.values == tuple(range(10))


def test_the_entry_point_sees_the_inputs_in_a_drawn_order(grade):
    inputs = np.arange(10.0).reshape(10, 1)
    graded = grade(RIGHT, "def predict(X):\n    return list(range(10))", inputs=inputs)
    assert graded.report.predictions.values != tuple(range(10))


@pytest.mark.parametrize(
    ("source", "status"),
    [("pass", "FAILED"), ("def predict(X): 1 / 0", "ERRORED"), ("def predict(X): return X", "FAILED")],
)
def test_an_entry_point_that_does_not_predict_has_a_status(grade, source, status):
    predictions = grade(RIGHT, source, inputs=np.zeros((4, 2))).report.predictions
    assert (predictions.status, predictions.values) == (status, ())
    assert "predict" in predictions.message


@pytest.mark.parametrize(
    "answer", [[1, 0], np.array([1.0, 0.0]), torch.tensor([1, 0]), np.array([True, False])], ids=str
)
def test_whole_numbers_of_every_kind_are_class_numbers(answer):
    assert predictions_of(answer, 2, "predict").values == (1, 0)


@pytest.mark.parametrize(
    "answer",
    [[1], [[1], [0]], [0.5, 1], [float("nan"), 1], [10**30, 1], ["a", "b"], None, object, [1e300, 0], [[1, 2], [3]]],
    ids=str,
)
def test_anything_else_is_no_prediction(answer):
    predictions = predictions_of(answer, 2, "predict")
    assert (predictions.status, predictions.values) == (Status.FAILED, ())


@pytest.mark.parametrize(
    "answer",
    [
        [[0.25, 0.75], [1, 0]],
        np.array([[0.25, 0.75], [1, 0]], dtype=np.float16),
        torch.tensor([[0.25, 0.75], [1, 0]], dtype=torch.bfloat16, requires_grad=True),
    ],
    ids=["list", "float16", "bfloat16"],
)
def test_rows_that_sum_to_one_are_probabilities_and_their_largest_the_class(answer):
    predictions = probabilities_of(answer, 2, "predict")
    assert predictions.probabilities == ((0.25, 0.75), (1.0, 0.0))
    assert predictions.values == (1, 0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([0, 1], r"predict must return probabilities, 2 rows with one number per class; it returned \(2,\)"),
        ([[1.0], [1.0]], r"it returned \(2, 1\)"),
        ([[0.5, 0.5]], r"it returned \(1, 2\)"),
        ([["a", "b"], ["c", "d"]], "it returned list"),
        ([[2.5, -1.5], [0, 1]], "from 0 up, and each row must sum to 1"),
        ([[0.5, 0.4], [0, 1]], "each row must sum to 1"),
        ([[float("nan"), 1], [0, 1]], "each row must sum to 1"),
    ],
)
def test_anything_else_is_no_probabilities(answer, said):
    predictions = probabilities_of(answer, 2, "predict")
    assert (predictions.status, predictions.values, predictions.probabilities) == (Status.FAILED, (), ())
    assert re.search(said, predictions.message)


def test_where_the_metric_asks_for_probabilities_they_are_in_the_report_in_the_order_of_the_inputs(bundle, grade):
    settings = bundle / "assignment.toml"
    settings.write_text(settings.read_text() + '\nmetric = "log_loss"')
    inputs = np.array([[0.1], [0.8], [0.4]])
    graded = grade(RIGHT, "import numpy as np\ndef predict(X):\n    return np.hstack([1 - X, X])", inputs=inputs)
    assert graded.report.predictions.values == (0, 1, 0)
    assert [row[1] for row in graded.report.predictions.probabilities] == inputs[:, 0].tolist()


def test_a_report_reads_back_as_it_was_written(grade, tmp_path):
    report = grade(RIGHT, inputs=np.zeros((4, 2))).report
    (tmp_path / "report.json").write_bytes(to_json(report))
    assert read_report(tmp_path / "report.json") == report


def test_the_same_submission_gets_the_same_report(grade):
    first, second = grade(RIGHT, "x = 3").report, grade(RIGHT, "x = 3").report
    assert first.questions == second.questions
    assert first.provenance == second.provenance


def test_a_test_file_that_is_not_python_stops_the_grading(bundle):
    (bundle / "tests/q1.py").write_text("def")
    with pytest.raises(TestBrokenError, match=r"q1\.py.*neurograde release"):
        Examiner(load_assignment(bundle))
