"""A course of five students that nbgrader's own programs, started for real, work on."""

import json
import os
import shutil
import socket
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from autograder.model.bundle import Assignment, Case, Question, load_settings
from autograder.model.house import load_syllabus
from autograder.model.report import Predictions, Status
from grading.common.directory import CourseDirectory
from grading.exchange.nbgrader.formgrader import prepare_directory, server_command
from grading.exchange.nbgrader.publish import publish
from grading.records.gradebook import Gradebook
from grading.records.marks import Enrolled, GradebookRow
from grading.rules.lateness import judge
from grading.rules.policy import grade
from grading.scoring.score import Score, Scores
from tests.builders import make_course
from tests.grading.exchange.nbgrader.builders import CANARY, HONEST, IN_TIME, LATE, report
from tests.grading.exchange.nbgrader.client import TOKEN, ask

COURSE = 'title = "Deep learning"\n[[assignments]]\nname = "hw1"\nweight = 1\n[late]\npercent_per_day = 10\n'
HW1 = 'title = "Homework 1"\ndue = 2026-12-01T12:00:00Z\n[competition]\nanchors = [[0.5, 0], [1, 8]]\n'


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    (source / "hw1").mkdir()
    (source / "course.toml").write_text(COURSE)
    (source / "hw1/assignment.toml").write_text(HW1)
    return source


@pytest.fixture(scope="session")
def assignment(source, tmp_path_factory):
    bundle = tmp_path_factory.mktemp("bundle")
    (bundle / "q1.py").write_text(f"def {CANARY}(): ...")
    case = Case(name="1", hidden=True, points=1, hint=None)
    questions = (Question(name="q1", points=2, cases=(case,)), Question(name="q2", points=3, cases=(case,)))
    settings = load_settings(source / "hw1/assignment.toml")
    return Assignment(name="hw1", settings=settings, questions=questions, bundle=bundle, fingerprint="0")


@pytest.fixture(scope="session")
def row(source, assignment):
    syllabus = load_syllabus(source)

    def make(
        student: str, q1: float, q2: float, accuracy: float | None = None, at: datetime = IN_TIME, **more
    ) -> GradebookRow:
        late = judge(at, student=student, assignment="hw1", settings=assignment.settings, syllabus=syllabus)
        scores = None
        if accuracy is not None:
            score = Score(metric="accuracy", value=accuracy, correct=75, n=100, low=0.7, high=0.8, heldout_version="v")
            scores = Scores(overall=score, public=score, private=score, per_class=(), confusion=())
        graded = report(student, q1, q2, **more)
        return GradebookRow(
            report=graded, grade=grade(graded, scores, assignment.settings, lateness=late), timestamp=at
        )

    return make


@pytest.fixture(scope="session")
def untouched(source, assignment, row, tmp_path_factory):
    """ada, bob (late), dan, mallory and eve; copied for whoever does something there, and never touched itself."""
    course = make_course(tmp_path_factory.mktemp("course"))
    prepare_directory(course, source, ["hw1"])
    rows = [
        row("ada", 2, 0, 0.75),
        row("bob", 2, 3, 0.75, at=LATE),
        row("dan", 2, 0, 0.75),
        row("mallory", 0, 0, predictions=Predictions(status=Status.FAILED, message="predict: <script>1</script>")),
        row("eve", 0, 0),
    ]
    with Gradebook(course.gradebook) as gradebook:
        gradebook.update_students([Enrolled(id="ada", first_name="Ada", last_name="Lovelace <img src=x>")])
        gradebook.record(assignment, rows)
    for graded in rows:
        publish(course, assignment, graded, json.dumps(HONEST).encode())
    return course


@pytest.fixture(scope="session")
def course(untouched, tmp_path_factory):
    """The one that formgrader is open on: staff mark dan there, and mallory and eve do what they can."""
    return copy_of(untouched, tmp_path_factory.mktemp("formgrader"))


@pytest.fixture
def own_course(untouched, tmp_path):
    """One that no other test sees."""
    return copy_of(untouched, tmp_path)


def copy_of(course: CourseDirectory, folder: Path) -> CourseDirectory:
    shutil.copytree(course.root, folder, dirs_exist_ok=True)
    return CourseDirectory(root=folder)


def environment(folder: Path) -> dict[str, str]:
    """Without the configuration of whoever runs the tests."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return os.environ | dict.fromkeys(names, str(folder))


@pytest.fixture(scope="session")
def server(course, tmp_path_factory):
    """Formgrader's address."""
    folder = tmp_path_factory.mktemp("jupyter")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--allow-root", "--no-browser", f"--IdentityProvider.token={TOKEN}", "--ServerApp.port_retries=0"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*server_command(course, port=port), *options],
            cwd=course.root, env=environment(folder), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                ask(address, "status")
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def nbgrader(tmp_path_factory):
    """A function: runs a command of nbgrader in a course directory."""
    folder = tmp_path_factory.mktemp("nbgrader")

    def run(course: CourseDirectory, *command: str) -> None:
        ended = subprocess.run(
            ["nbgrader", *command], cwd=course.root, env=environment(folder), capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr

    return run
