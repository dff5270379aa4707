"""Options and fixtures for every test."""

import json
import os
import sys
from pathlib import Path

import pytest

# The programs that the tests start (otter, nbgrader, alembic) are the ones installed with this interpreter.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def pytest_addoption(parser):
    parser.addoption("--no-docker", action="store_true", help="leave out the tests that need a container engine")


def pytest_configure(config):
    config.addinivalue_line("markers", "docker: needs a container engine and the room's image")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--no-docker"):
        for item in items:
            if item.get_closest_marker("docker"):
                item.add_marker(pytest.mark.skip(reason="--no-docker was given"))


Q1 = """
OK_FORMAT = False
from otter.test_files import test_case
name = "q1"
points = None
@test_case(points=1, hidden=False)
def test_public(double):
    assert double(2) == 4
@test_case(points=2, hidden=True, failure_message="Try another number.")
def test_hidden(double, rng):
    x = float(rng.normal())
    assert abs(double(x) - 2 * x) < 1e-9
"""
Q2 = """
OK_FORMAT = False
from otter.test_files import test_case
name = "q2"
points = None
@test_case(points=1, hidden=True, failure_message="What is x?")
def test_x(x):
    assert x == 1
"""
CASES = {
    "q1": [("q1 - 1", False, 1, None), ("q1 - 2", True, 2, "Try another number.")],
    "q2": [("q2 - 1", True, 1, "What is x?")],
}


@pytest.fixture
def bundle(tmp_path):
    """A bundle of two small questions and a competition, as `neurograde release` leaves one."""
    tmp_path = tmp_path / "doubles"
    (tmp_path / "tests").mkdir(parents=True)
    (tmp_path / "files").mkdir()
    (tmp_path / "tests/q1.py").write_text(Q1)
    (tmp_path / "tests/q2.py").write_text(Q2)
    (tmp_path / "assignment.toml").write_text(
        'title = "Doubles"\n[competition]\nentry_point = "predict"\nanchors = [[0, 0], [1, 2]]'
    )
    questions = [
        {
            "name": name,
            "points": sum(case[2] for case in cases),
            "cases": [dict(zip(("name", "hidden", "points", "hint"), case, strict=True)) for case in cases],
        }
        for name, cases in CASES.items()
    ]
    (tmp_path / "bundle.json").write_text(json.dumps({"questions": questions}))
    return tmp_path
