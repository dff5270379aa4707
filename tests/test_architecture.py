"""The arrows between packages, held by reading imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(p for package in ("autograder", "grading") for p in (ROOT / package).rglob("*.py"))


def imports(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def violations(name: str, source: str) -> list[str]:
    """What a file of this name (relative to the root) imports or calls and must not."""
    used = imports(source)
    starts = {package: {i for i in used if i.split(".")[0] == package} for package in ("autograder", "grading")}
    broken = []
    if name.startswith("autograder/"):
        broken += [f"autograder knows nothing of {i}" for i in starts["grading"]]
    if name.startswith("autograder/room/") or name == "autograder/wire.py":
        inside = ("autograder.wire", "autograder.room")
        broken += [f"the room does not hold {i}" for i in starts["autograder"] if not i.startswith(inside)]
    if name == "autograder/wire.py":
        broken += [f"the wire stands alone, without {i}" for i in starts["autograder"]]
    if name.startswith("grading/") and name not in ("grading/pipeline.py", "grading/cli.py", "grading/demo.py"):
        inner = ("room", "rooms", "standin", "examiner", "autograde", "batch", "wire")
        broken += [f"only the pipeline joins: {i}" for i in starts["autograder"] if i.split(".")[1] in inner]
    if name in ("grading/metrics.py", "grading/policy.py"):
        impure = ("time", "datetime", "os", "pathlib", "subprocess", "torch", "random", "sqlite3", "sqlalchemy")
        broken += [f"a pure module imports {i}" for i in used if i.split(".")[0] in impure]
    if name not in ("grading/database.py", "grading/gradebook.py", "grading/ledger.py", "grading/plugins.py"):
        database = ("sqlalchemy", "nbgrader", "alembic", "sqlite3")
        broken += [f"only the gradebook imports {i}" for i in used if i.split(".")[0] in database]
    unpicklers = ("pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve")
    broken += [f"nothing unpickles: {i}" for i in used if i.split(".")[0] in unpicklers]
    calls = [n.func for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    if not name.endswith("cli.py"):
        broken += ["only the command line prints" for f in calls if isinstance(f, ast.Name) and f.id == "print"]
    if name != "autograder/rooms.py":
        broken += ["only rooms make rooms for tests" for f in calls if isinstance(f, ast.Name) and f.id == "FakeRoom"]
    return broken


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_arrows(path):
    assert violations(str(path.relative_to(ROOT)), path.read_text()) == []


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("autograder/report.py", "import grading"),
        ("autograder/report.py", "from grading.policy import grade"),
        ("autograder/room/clerk.py", "from autograder.examiner import Examiner"),
        ("autograder/room/clerk.py", "from autograder import report"),
        ("autograder/wire.py", "from autograder.errors import CourseError"),
        ("grading/score.py", "from autograder.rooms import DockerRoom"),
        ("grading/policy.py", "import time"),
        ("grading/metrics.py", "import torch"),
        ("grading/course.py", "import sqlalchemy"),
        ("autograder/rooms.py", "import pickle"),
        ("autograder/rooms.py", "print('here')"),
        ("autograder/batch.py", "room = FakeRoom({})"),
    ],
)
def test_a_planted_violation_is_found(name, planted):
    assert violations(name, planted)
