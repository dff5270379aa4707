"""The whole line with nothing faked: the real release, command line, engine and nbgrader, on a corpus of notebooks."""

import ast
import csv
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.assignment import load_assignment
from autograder.image import find_engine
from autograder.release import build, differences
from autograder.report import read_report
from autograder.samples import load_sample
from grading.demo import CLASS

ROOT = Path(__file__).parent.parent
NAME = "neuron_pytorch"
CORPUS = ROOT / "tests/submissions" / NAME
SAMPLES = sorted(path.name for path in CORPUS.iterdir())
NEUROGRADE = Path(sys.executable).parent / "neurograde"
KEYS = [
    "student",
    "assignment",
    "submission",
    "status",
    "points",
    "max_points",
    "questions",
    "score",
    "grade",
    "seconds",
]

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(ROOT / "source" / NAME, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def house(built, tmp_path_factory):
    """A checkout of its own to grade in. A loop costs all the time it is given: here that is little."""
    house = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "source", house / "source")
    shutil.copytree(built.bundle, house / "bundles" / NAME)
    settings = house / "bundles" / NAME / "assignment.toml"
    text = settings.read_text().replace("cell_seconds = 15", "cell_seconds = 4")
    settings.write_text(text.replace("wall_seconds = 90", "wall_seconds = 40"))
    assert load_assignment(house / "bundles" / NAME).settings.limits.cell_seconds == 4
    return house


def grade(house, course, *arguments):
    """The real command, as a TA types it."""
    command = [NEUROGRADE, "grade", NAME, *arguments, "--course", course, "--json"]
    return subprocess.run(command, cwd=house, capture_output=True, text=True, timeout=900)


def hand_in(folder, house, *names):
    """Uploads of these samples. Drawing is three quarters of a notebook's time: only the demo's class draws."""
    folder.mkdir(parents=True, exist_ok=True)
    assignment = load_assignment(house / "bundles" / NAME)
    for name in names:
        sample = load_sample(CORPUS / name, assignment)
        content = sample.content
        if name not in CLASS and not list((CORPUS / name).glob("upload.*")):
            notebook = json.loads(content)
            for cell in notebook["cells"]:
                cell["source"] = "".join(cell["source"]).split("\nfig, ")[0]
            content = json.dumps(notebook).encode()
        (folder / f"{name}{sample.suffix}").write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def graded(house, tmp_path_factory):
    """The corpus, graded in one batch: JSON objects by sample, what stderr said, the course directory."""
    desk = tmp_path_factory.mktemp("corpus")
    done = grade(house, desk / "course", hand_in(desk / "uploads", house, *SAMPLES), "--jobs", "2")
    assert done.returncode == 3, done.stderr  # some uploads of the corpus are the students' to mend
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    return {found["student"]: found for found in objects}, done.stderr, desk / "course"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_gets_its_verdict(graded, house, name):
    objects, stderr, course = graded
    found = objects[name]
    expected = load_sample(CORPUS / name, load_assignment(house / "bundles" / NAME)).expected
    if expected.refused is not None:
        assert (found["points"], found["grade"], found["status"]) == (None, None, "NOT_RUN")
        (said,) = [line for line in stderr.splitlines() if line.startswith(f"{name}: ")]
        assert expected.refused in said
        return
    wanted = {question["name"]: expected.lost.get(question["name"], "PASSED") for question in found["questions"]}
    assert {question["name"]: question["status"] for question in found["questions"]} == wanted
    full = {question["name"] for question in found["questions"] if question["points"] == question["max_points"]}
    assert full == {question for question, status in wanted.items() if status == "PASSED"}
    if expected.points is not None:
        assert found["points"] == pytest.approx(expected.points)
    (path,) = course.glob(f"reports/{NAME}/{name}/*/report.json")
    assert read_report(path).predictions.status == expected.predictions
    if expected.score is not None:
        assert expected.score[0] <= found["score"] <= expected.score[1]


def test_the_committed_release_equals_a_fresh_build(built):
    assert differences(ROOT / "release" / NAME, built.release) == []


def test_every_line_of_the_output_is_the_documented_object(graded):
    objects, _, _ = graded
    for found in objects.values():
        assert list(found) == KEYS
        for question in found["questions"]:
            assert list(question) == ["name", "status", "points", "max_points", "hidden"]


def test_no_hidden_test_is_in_what_students_get_back(graded, house):
    _, _, course = graded
    secret = set()
    for path in (house / "bundles" / NAME / "tests").glob("*.py"):
        for function in ast.parse(path.read_text()).body:
            if isinstance(function, ast.FunctionDef) and "hidden=True" in ast.unparse(function.decorator_list[0]):
                secret |= {ast.unparse(line) for line in ast.walk(function) if isinstance(line, ast.Assert)}
    assert len(secret) > 20
    release = "".join(path.read_text() for path in (ROOT / "release" / NAME / "tests").glob("*.py"))
    secret = {line for line in secret if line not in release}
    for path in course.glob("reports/*/*/*/executed.ipynb"):
        text = "\n".join(json.loads(path.read_text(), parse_constant=str).__repr__().split("\\n"))
        assert not [line for line in secret if line in text], path


def test_executed_notebooks_are_notebooks(graded):
    _, _, course = graded
    paths = sorted(course.glob("reports/*/*/*/executed.ipynb"))
    assert len(paths) > 50
    for path in paths[::8]:
        nbformat.validate(nbformat.read(path, as_version=4))


def test_nbgrader_exports_the_totals(graded):
    objects, _, course = graded
    subprocess.run(["nbgrader", "export", "--to=grades.csv"], cwd=course, check=True, capture_output=True)
    with (course / "grades.csv").open() as file:
        exported = {row["student_id"]: float(row["score"] or 0) for row in csv.DictReader(file)}
    graded_ones = {name: found["grade"] for name, found in objects.items() if found["grade"] is not None}
    assert exported == pytest.approx(graded_ones)


def test_a_batch_that_is_interrupted_keeps_what_was_graded_and_goes_on(house, tmp_path):
    uploads = hand_in(tmp_path / "uploads", house, "raw-cells", "no-cell-ids", "one-epoch-too-few", "sigmoid-overflows")
    command = [NEUROGRADE, "grade", NAME, uploads, "--course", tmp_path / "course", "--json", "--jobs", "1"]
    with subprocess.Popen(command, cwd=house, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command to go on" in said
    done = grade(house, tmp_path / "course", uploads, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert "graded before" in done.stderr
    again = {found["student"]: found for found in map(json.loads, done.stdout.splitlines())}
    assert len(again) == 4
    assert again[first["student"]] == first


def test_two_assistants_at_once_both_get_their_marks_in(house, tmp_path):
    names = ["raw-cells", "sigmoid-overflows"]
    commands = [
        [NEUROGRADE, "grade", NAME, hand_in(tmp_path / name, house, name), "--course", tmp_path / "course", "-j1"]
        for name in names
    ]
    processes = [subprocess.Popen(command, cwd=house, stdout=subprocess.DEVNULL) for command in commands]
    assert [process.wait(180) for process in processes] == [0, 0]
    from grading.gradebook import Gradebook

    with Gradebook(tmp_path / "course/gradebook.db") as gradebook:
        assert sorted(gradebook.totals(NAME)) == names


def test_a_container_that_is_killed_costs_nobody_a_mark_and_none_is_left_behind(house, tmp_path):
    uploads = hand_in(tmp_path / "uploads", house, "raw-cells", "no-cell-ids", "sigmoid-overflows")
    command = [NEUROGRADE, "grade", NAME, uploads, "--course", tmp_path / "course", "--json", "--jobs", "1"]
    with subprocess.Popen(command, cwd=house, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        first = process.stdout.readline()
        assert len(rooms_of(process)) == 1
        for name in rooms_of(process):
            subprocess.run([find_engine(), "kill", name], capture_output=True, check=False)
        rest, _ = process.communicate(timeout=180)
    assert process.returncode == 0
    assert [json.loads(line)["points"] is not None for line in [first, *rest.splitlines()]] == [True] * 3
    assert rooms_of(process) == []


def rooms_of(process):
    """The containers that this command has running: rooms carry its process group as a label."""
    query = [find_engine(), "ps", "--quiet", "--filter", f"label=neurograde.room={process.pid}"]
    return subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()


def test_a_new_container_for_each_submission_gives_the_same_marks(graded, house, tmp_path):
    names = ["one-epoch-too-few", "sigmoid-overflows"]
    done = grade(house, tmp_path / "course", hand_in(tmp_path / "up", house, *names), "-j1", "--isolation", "container")
    assert done.returncode == 0, done.stderr
    for found in map(json.loads, done.stdout.splitlines()):
        assert found["questions"] == graded[0][found["student"]]["questions"]


@pytest.mark.parametrize(("name", "passed"), [("perfect", True), ("untouched", False)])
def test_the_release_opens_in_jupyter_and_its_public_tests_run_with_plain_otter(built, house, tmp_path, name, passed):
    desk = tmp_path / "homework"
    shutil.copytree(ROOT / "release" / NAME, desk)
    sample = load_sample(CORPUS / name, load_assignment(house / "bundles" / NAME))
    (desk / f"{NAME}.ipynb").rename(desk / "my work (1).ipynb")
    (desk / "my work (1).ipynb").write_bytes(sample.content)
    command = ["jupyter", "execute", "--inplace", "--allow-errors", "--kernel_name=python3", "my work (1).ipynb"]
    subprocess.run(command, cwd=desk, check=True, capture_output=True, timeout=300)
    notebook = nbformat.read(desk / "my work (1).ipynb", as_version=4)
    checks = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.startswith("grader.check(")]
    assert len(checks) == 9
    for cell in checks:
        (output,) = [output for output in cell.outputs if output.output_type == "execute_result"]
        assert ("passed!" in output.data["text/html"]) is passed
