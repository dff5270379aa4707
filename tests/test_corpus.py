"""Every assignment's corpus, graded for real: right solutions earn all, wrong ones lose exactly what they get wrong.

Which samples are graded here, and how to grade them all, says tests/conftest.py.
"""

import json
import re
from pathlib import Path

import pytest

from autograder.authoring.corpus.samples import load_sample
from autograder.model.files import read_report
from autograder.model.house import load_syllabus
from tests.folders import differences

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "submissions"
ASSIGNMENTS = [assignment.name for assignment in load_syllabus(ROOT / "source").assignments]
SAMPLES = sorted(path.parent for path in CORPUS.glob("*/*/expected.toml"))
TOO_LARGE_FOR_GIT = ".npz"

pytestmark = pytest.mark.docker


def test_a_sample_gets_its_verdict(graded, house, corpus_sample):
    sample, name = corpus_sample, corpus_sample.parent.name
    batch = graded(name)
    expected = load_sample(sample, house.assignment(name)).expected
    found = batch.objects[sample.name]
    if expected.refused is not None:
        assert (found["points"], found["grade"], found["status"]) == (None, None, "NOT_RUN")
        (said,) = [line for line in batch.stderr.splitlines() if line.startswith(f"{sample.name}: ")]
        assert expected.refused in said
        return
    wanted = {question["name"]: expected.lost.get(question["name"], "PASSED") for question in found["questions"]}
    assert {question["name"]: question["status"] for question in found["questions"]} == wanted
    full = {question["name"] for question in found["questions"] if question["points"] == question["max_points"]}
    assert full == {question for question, status in wanted.items() if status == "PASSED"}
    if expected.points is not None:
        assert found["points"] == pytest.approx(expected.points)
    (path,) = batch.course.glob(f"reports/{name}/{sample.name}/*/report.json")
    predictions = read_report(path).predictions
    assert predictions is None or predictions.status == expected.predictions
    assert (found["score"] is not None) == (predictions is not None and expected.predictions == "PASSED")
    if expected.met is not None:
        assert expected.met in printed_in(path.with_name("executed.ipynb"))
    if expected.score is not None:
        assert expected.score[0] <= found["score"] <= expected.score[1]


def printed_in(notebook):
    """All that the code of a notebook printed."""
    cells = json.loads(notebook.read_text())["cells"]
    outputs = (output for cell in cells if cell["cell_type"] == "code" for output in cell["outputs"])
    return "".join(output.get("text", "") for output in outputs)


def test_an_attack_that_names_our_modules_says_that_it_met_them():
    ours = re.compile(r"""(?:(?:from|import) +|["'])(?:autograder|grading|neurograde)\b""")
    naming = [path.parent for path in CORPUS.glob("*/*/answers.txt") if ours.search(path.read_text())]
    assert len(naming) >= 2
    assert [path for path in naming if "met = " not in (path / "expected.toml").read_text()] == []


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_corpus_has_solutions_written_differently_and_the_mistakes_that_students_make(house, name):
    samples = [path for path in SAMPLES if path.parent.name == name]
    verdicts = [load_sample(path, house.assignment(name)).expected for path in samples]
    right = [one for one in verdicts if not one.lost and one.refused is None]
    assert len(right) >= 8
    assert len(verdicts) - len(right) >= 20
    lost = {question for one in verdicts for question in one.lost}
    assert lost == {question.name for question in house.assignment(name).questions}


@pytest.mark.parametrize("name", ASSIGNMENTS)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_committed_release_equals_a_fresh_build(builds, name, language):
    committed = ROOT / "release" / ("" if language == "en" else language) / name
    found = differences(committed, builds(name).releases[language])
    assert [line for line in found if not line.endswith(TOO_LARGE_FOR_GIT)] == []
