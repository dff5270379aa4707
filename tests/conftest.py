"""Options and fixtures for every test."""

import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.authoring.corpus.samples import load_sample
from autograder.authoring.release.build import build
from autograder.model.bundle import load_assignment
from neurograde.services.admin.demo import CLASS
from tests.builders import doubles_bundle, submissions_in

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "submissions"
NEUROGRADE = Path(sys.executable).parent / "neurograde"

collect_ignore = ["courses"]
"""Courses as other versions left them, with files of their own called tests."""

# The programs that the tests start (otter, nbgrader, alembic) are the ones installed with this interpreter.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


TORTURED = "neuron_pytorch"
"""The assignment whose corpus also tries the room itself: all of it is graded but some of its plainly wrong answers."""
RIGHT, WRONG = 8, 22
"""Of every other corpus `make test` grades so many samples; `make mutants`, or --whole-corpus, all of them."""


def pytest_addoption(parser):
    parser.addoption("--no-docker", action="store_true", help="leave out the tests that need a container engine")
    parser.addoption(
        "--whole-corpus", action="store_true", help="grade every sample of every assignment (half an hour)"
    )


def pytest_generate_tests(metafunc):
    if "corpus_sample" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--whole-corpus")
        found = [path for folder in sorted(CORPUS.iterdir()) for path in samples_of(folder.name, whole=whole)]
        metafunc.parametrize("corpus_sample", found, ids=[f"{path.parent.name}-{path.name}" for path in found])


def samples_of(name, *, whole):
    """The samples of an assignment to grade: right ones, and wrong ones of every question in turn."""
    verdicts = {
        path.parent: tomllib.loads(path.read_text()) for path in sorted((CORPUS / name).glob("*/expected.toml"))
    }
    if whole:
        return list(verdicts)
    always = [path for path, verdict in verdicts.items() if name == TORTURED and not is_plainly_wrong(path, verdict)]
    verdicts = {path: verdict for path, verdict in verdicts.items() if path not in always}
    by_question = {}
    for path, verdict in verdicts.items():
        by_question.setdefault(min(verdict.get("lost", {}), default=""), []).append(path)
    right = by_question.pop("", [])
    in_turn = [path for turn in itertools.zip_longest(*by_question.values()) for path in turn if path]
    return sorted([*always, *right[:RIGHT], *in_turn[:WRONG]])


def is_plainly_wrong(path, verdict):
    """A mistake of the kind that students make, which asks nothing of the room: each fails, in its turn."""
    asks_nothing = verdict.keys() <= {"says", "lost", "score"} and not list(path.glob("upload.*"))
    return asks_nothing and set(verdict.get("lost", ())) != set() and set(verdict["lost"].values()) == {"FAILED"}


def pytest_configure(config):
    config.addinivalue_line("markers", "docker: needs a container engine and the room's image")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--no-docker"):
        for item in items:
            if item.get_closest_marker("docker"):
                item.add_marker(pytest.mark.skip(reason="--no-docker was given"))


@pytest.fixture
def bundle(tmp_path):
    """A bundle of two small questions and a competition, as `neurograde release` leaves one."""
    return doubles_bundle(tmp_path / "doubles")


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """A function: the fresh build of an assignment of ours in both languages, made once."""
    return functools.cache(
        lambda name: build(
            ROOT / "source" / name,
            tmp_path_factory.mktemp(name),
            languages=("en", "ru"),
            addresses=addresses_of(name),
        )
    )


def addresses_of(name):
    from autograder.model.house import load_syllabus

    site = load_syllabus(ROOT / "source").site.files
    return {"en": f"{site}/{name}", "ru": f"{site}/ru/{name}"}


def in_time(assignment):
    """A time before the deadline and before now, whenever the tests are run."""
    return min(datetime.now(UTC), assignment.settings.due) - timedelta(days=1)


class House:
    """A checkout of its own to grade in, by the real command line."""

    def __init__(self, root, builds):
        self.root = root
        self.assignment = functools.cache(lambda name: self._with_bundle(name, builds(name).bundle))

    def _with_bundle(self, name, built):
        """The assignment, ready to grade. A loop costs all the time it is given: in these tests that is little."""
        bundle = Path(shutil.copytree(built, self.root / "bundles" / name))
        if name == "neuron_pytorch":
            settings = bundle / "assignment.toml"
            text = settings.read_text().replace("cell_seconds = 15", "cell_seconds = 6")
            settings.write_text(text.replace("wall_seconds = 90", "wall_seconds = 60"))
            assert load_assignment(bundle).settings.limits.cell_seconds == 6
        return load_assignment(bundle)

    def run(self, *arguments):
        """`neurograde ARGUMENTS`, to its end."""
        return subprocess.run([NEUROGRADE, *arguments], cwd=self.root, capture_output=True, text=True, timeout=900)

    def start(self, *arguments):
        """The same under way in a process group of its own, which Ctrl-C reaches even where the tests have none."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = ["env", "--default-signal=INT", NEUROGRADE, *arguments]
        return subprocess.Popen(command, cwd=self.root, start_new_session=True, **pipes)

    def hand_in(self, folder, name, *samples):
        """Uploads of these samples. Drawing is three quarters of a notebook's time: only the demo's class draws."""
        folder.mkdir(parents=True, exist_ok=True)
        when = in_time(self.assignment(name)).timestamp()
        for sample in (load_sample(CORPUS / name / one, self.assignment(name)) for one in samples):
            content = sample.content
            if sample.name not in CLASS and not list((CORPUS / name / sample.name).glob("upload.*")):
                notebook = json.loads(content)
                for cell in notebook["cells"]:
                    cell["source"] = "".join(cell["source"]).split("\nfig, ")[0]
                content = json.dumps(notebook).encode()
            path = folder / f"{sample.name}{sample.suffix}"
            path.write_bytes(content)
            os.utime(path, (when, when))
        return folder


@pytest.fixture(scope="session")
def house(builds, tmp_path_factory):
    root = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "source", root / "source")
    return House(root, builds)


@dataclass(frozen=True, kw_only=True)
class Graded:
    """A corpus after one batch: JSON objects by sample, what stderr said, the course directory, the exit code."""

    objects: dict
    stderr: str
    course: Path
    exit_code: int


@pytest.fixture(scope="session")
def graded(house, tmp_path_factory, pytestconfig):
    """A function: the samples of an assignment, graded once, in two rooms."""

    @functools.cache
    def grade(name):
        desk = tmp_path_factory.mktemp(f"{name}-corpus")
        samples = samples_of(name, whole=pytestconfig.getoption("--whole-corpus"))
        uploads = house.hand_in(desk / "uploads", name, *(path.name for path in samples))
        done = house.run("grade", name, uploads, "--course", desk / "course", "--json", "--jobs", "2")
        objects = submissions_in(done.stdout)
        return Graded(objects=objects, stderr=done.stderr, course=desk / "course", exit_code=done.returncode)

    return grade
