"""The shape of the house, held by reading it: which room may import which, and what nobody may do.

`ARROWS` is the picture of docs/architecture.md as a table. A file that stands in no room is a violation, so that one
that is moved cannot fall out of its rules unseen; every arrow and every never has a planted violation that is found.
"""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("autograder", "grading", "neurograde")
FILES = sorted(p.relative_to(ROOT).as_posix() for name in PACKAGES for p in (ROOT / name).rglob("*.py"))
FILES = [name for name in FILES if "/templates/" not in name]

BELOW_SERVICES = {"exchange", "analysis", "competition", "records", "rules", "scoring", "people", "common"}
BELOW_RECORDS = {"rules", "scoring", "people", "common"}

ARROWS = {
    "model": set(),
    "inside": set(),
    "sandbox": {"inside"},
    "engine": {"sandbox", "inside"},
    "intake": set(),
    "authoring": set(),
    "common": set(),
    "people": {"common"},
    "scoring": {"common"},
    "rules": {"scoring", "common"},
    "records": BELOW_RECORDS,
    "exchange": {"records", *BELOW_RECORDS},
    "analysis": {"records", *BELOW_RECORDS},
    "competition": {"records", *BELOW_RECORDS},
    "jobs": {"engine"},
    "services": {*BELOW_SERVICES, "jobs", "engine", "sandbox", "intake", "authoring"},
    "cli": {"services", "exchange", "analysis", "competition"},
    "portal": {"services", "exchange", "analysis", "competition"},
    "stable": {"authoring", "exchange"},
}
"""What each room may import beside itself and `model`, which all but the inside of the room may."""
ONLY_AS_TYPES = {"cli": {"people", "rules", "records"}, "portal": {"people", "rules", "records"}}
"""What services return: to be named in annotations, never called."""
COMPOSITION_ROOT = "neurograde/cli/server.py"
"""The one file that brings portal, jobs and services together."""

PLACES = {
    "autograder/sandbox/inside/": "inside",
    **{f"autograder/{room}/": room for room in ("model", "sandbox", "engine", "intake", "authoring")},
    **{f"grading/{room}/": room for room in (*BELOW_SERVICES,)},
    **{f"neurograde/{room}/": room for room in ("cli", "portal", "services", "jobs")},
    "neurograde/datasets.py": "stable",
    "neurograde/nbgrader.py": "stable",
    "autograder/datasets.py": "stable",
    "grading/plugins.py": "stable",
    "neurograde/__init__.py": "stable",
    "neurograde/__main__.py": "cli",
}

PURE = ("grading/scoring/metrics.py", "grading/rules/policy.py")
IMPURE = {"time", "os", "pathlib", "subprocess", "torch", "random", "secrets", "shutil", "socket", "sqlite3",
          "sqlalchemy", "tempfile", "threading", "urllib"}  # fmt: skip
CLOCKS = {"now", "today", "utcnow"}
FILE_CALLS = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
UNPICKLERS = {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
DATABASES = {"sqlalchemy", "sqlite3", "alembic", "psycopg", "nbgrader"}
TERMINALS = {"click", "rich"}
WEB = {"starlette", "uvicorn", "httpx", "httpx2", "flask", "fastapi"}
ENGINES = {"docker", "podman"}
IMPORTERS = {"importlib.import_module", "import_module", "__import__", "builtins.__import__"}
PRINTS = {"print", "sys.stdout.write", "sys.stderr.write"}
EXITS = {"sys.exit", "os._exit", "exit", "quit", "SystemExit"}


def room_of(name):
    """The room of a file or of a module, by the longest place that fits; None for what stands in none."""
    if name.endswith("__init__.py") and name.count("/") == 1:
        return "model"  # the packages themselves hold nothing
    found = [place for place in PLACES if name == place or (place.endswith("/") and name.startswith(place))]
    return PLACES[max(found, key=len)] if found else None


@cache
def imports_of(source):
    """Every module or name that a source imports, and whether only for the type checker."""
    found = {}
    tree = ast.parse(source)
    typing = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for statement in block.body  # not the `else:` of it, which runs
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            names = [f"{dots}{node.module or ''}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call):
            names = imported_by_name(node)
        for name in names:
            found[name] = found.get(name, True) and id(node) in typing
    return found


def imported_by_name(call):
    """The module that a call imports by a name that is spelt there; a name that is computed cannot be read."""
    if ast.unparse(call.func) not in IMPORTERS or not call.args:
        return []
    name = call.args[0]
    return [name.value] if isinstance(name, ast.Constant) and isinstance(name.value, str) else []


def file_of(module):
    """The file of ours that an import means, relative to the root; None for a module that is not ours."""
    if module.split(".")[0] not in PACKAGES:
        return None
    for name in (module, module.rpartition(".")[0]):
        for path in (name.replace(".", "/") + ".py", name.replace(".", "/") + "/__init__.py"):
            if (ROOT / path).is_file():
                return path
    return module.replace(".", "/") + ".py"


def broken_arrows(name, source):
    """Imports that do not point down."""
    room = room_of(name)
    if room is None:
        return [f"{name} stands in no room"]
    allowed = {room} | ARROWS.get(room, set())
    if room != "inside":
        allowed.add("model")
    if name == COMPOSITION_ROOT:
        allowed |= {"portal", "jobs", "engine"}
    broken = []
    for module, only_typing in imports_of(source).items():
        target = file_of(module)
        if target is None:
            continue
        there = room_of(target)
        if there not in allowed and not (only_typing and there in ONLY_AS_TYPES.get(room, ())):
            broken.append(f"{room} does not import {there}: {module}")
        if name.startswith("autograder/") and not target.startswith("autograder/"):
            broken.append(f"autograder knows nothing of {module}")
        if room in BELOW_SERVICES and target.startswith("autograder/") and there != "model":
            broken.append(f"grading imports of autograder only its model, not {module}")
    return broken


def misspelt_imports(source):
    """Imports that say not plainly which room they mean."""
    modules = imports_of(source)
    relative = [f"an import says from where: {module}" for module in modules if module.startswith(".")]
    return relative + [f"an import names a room, not all of {module}" for module in modules if module in PACKAGES]


def broken_nevers(name, source):
    """What only certain rooms may do."""
    room, used = room_of(name), {module.split(".")[0] for module in imports_of(source)}
    nodes = list(ast.walk(ast.parse(source)))
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    named = {call.id for call in calls if isinstance(call, ast.Name)}
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    broken = [f"nothing unpickles: {module}" for module in used & UNPICKLERS]
    if room != "inside":
        broken += [f"nothing on the host runs text as code: {call}" for call in named & {"exec", "eval"}]
    if room != "records" and name != "grading/exchange/nbgrader/plugins.py":
        broken += [f"only records touches the database: {module}" for module in used & DATABASES]
    if room != "cli":
        broken += [f"only the command line speaks to a terminal: {module}" for module in used & TERMINALS]
    if room not in ("portal", "cli"):
        broken += [f"only the portal speaks HTTP: {module}" for module in used & WEB]
    if room != "cli" and not is_entry_point(name):
        raised = {ast.unparse(node.exc) for node in nodes if isinstance(node, ast.Raise) and node.exc}
        spelt = {ast.unparse(call) for call in calls} | raised
        broken += ["only the command line prints"] * bool(spelt & PRINTS)
        broken += ["only the command line exits"] * bool(spelt & EXITS)
    if room != "sandbox":
        broken += [f"only the sandbox calls the container engine: {text}" for text in texts & ENGINES]
    if name in ("grading/scoring/metrics.py", "grading/rules/policy.py", *pure_closure()):
        broken += impurities(source)
    return broken


def is_entry_point(name):
    """What a process of its own begins with, and what runs inside the room."""
    return name.endswith("/__main__.py") or room_of(name) == "inside" or name == "autograder/engine/worker.py"


def impurities(source):
    """What a pure module does not do: look at the clock, at files, at chance, at the network."""
    runtime = {module.split(".")[0] for module, only_typing in imports_of(source).items() if not only_typing}
    broken = [f"a pure module imports {module}" for module in runtime & IMPURE]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            broken += [f"a pure module calls {called}"] * (called in CLOCKS | FILE_CALLS)
    return broken


@cache
def pure_closure():
    """All that metrics and policy import, and what that imports, at run time."""
    found, waiting = set(), [name for name in PURE if (ROOT / name).is_file()]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        source = (ROOT / name).read_text()
        targets = (file_of(module) for module, only_typing in imports_of(source).items() if not only_typing)
        waiting += [target for target in targets if target is not None and (ROOT / target).is_file()]
    return frozenset(found)


def violations(name, source):
    """All that a file of this name, relative to the root, does and must not."""
    return misspelt_imports(source) + broken_arrows(name, source) + broken_nevers(name, source)


@pytest.mark.parametrize("name", FILES)
def test_imports_follow_the_arrows(name):
    assert violations(name, (ROOT / name).read_text()) == []


MOST_LINES, MOST_MODULES = 400, 11
"""A longer file, or a fuller folder, is a room with two purposes."""


def test_no_file_is_longer_than_a_reader_keeps_in_mind():
    written = sorted(path for folder in (*PACKAGES, "tests") for path in (ROOT / folder).rglob("*.py"))
    lines = {path.relative_to(ROOT).as_posix(): path.read_text().count("\n") for path in written}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_folder_is_fuller_than_a_reader_keeps_in_mind():
    modules = Counter(Path(name).parent.as_posix() for name in FILES if not name.endswith("__init__.py"))
    assert {folder: count for folder, count in modules.items() if count > MOST_MODULES} == {}


def circles(sources):
    """The files, of these sources by name, that stand in a circle of imports or lead to one, and where they lead."""
    edges = {}
    for name, source in sources.items():
        targets = {file_of(module) for module in imports_of(source)}
        edges[name] = targets & set(sources) - {name}
    while leaves := {name for name, targets in edges.items() if not targets}:
        edges = {name: targets - leaves for name, targets in edges.items() if name not in leaves}
    return edges


def test_there_is_no_circle():
    assert circles({name: (ROOT / name).read_text() for name in FILES}) == {}


def test_a_planted_circle_is_found():
    first, second, third = (f"grading/rules/{name}.py" for name in ("policy", "lateness", "extensions"))
    line = {first: "import grading.rules.lateness", second: "from grading.rules.extensions import x", third: ""}
    assert circles(line) == {}
    by_name = "import importlib\nimportlib.import_module('grading.rules.policy')"
    for planted in ("import grading.rules.policy", "from grading.rules.policy import x", by_name):
        assert circles({**line, third: planted}) == {first: {second}, second: {third}, third: {first}}


ANYBODY = {
    "model": "autograder.model.report",
    "inside": "autograder.sandbox.inside.clerk",
    "sandbox": "autograder.sandbox.container",
    "engine": "autograder.engine.local",
    "intake": "autograder.intake.uploads",
    "authoring": "autograder.authoring.new",
    **{room: f"grading.{room}.anything" for room in BELOW_SERVICES},
    **{room: f"neurograde.{room}.anything" for room in ("cli", "portal", "services", "jobs")},
    "stable": "neurograde.datasets",
}
FORBIDDEN = [
    (room, target)
    for room, allowed in ARROWS.items()
    for target in ARROWS
    if target not in allowed | {room} and (target != "model" or room == "inside") and room != "stable"
]


@pytest.mark.parametrize(("room", "target"), FORBIDDEN)
def test_a_planted_import_against_an_arrow_is_found(room, target):
    place = next(place for place, there in PLACES.items() if there == room and place.endswith("/"))
    name = f"{place}planted.py"
    module = ANYBODY[target]
    by_name = (f"importlib.import_module('{module}')", f"import_module('{module}')", f"__import__('{module}')")
    for planted in (f"import {module}", f"from {module} import something", *by_name):
        assert broken_arrows(name, planted)


def test_a_planted_import_along_an_arrow_is_none():
    for room, allowed in ARROWS.items():
        place = next(place for place, there in PLACES.items() if there == room)
        name = f"{place}planted.py" if place.endswith("/") else place
        for target in allowed:
            assert broken_arrows(name, f"import {ANYBODY[target]}") == []


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("autograder/model/report.py", "import grading"),
        ("autograder/nowhere/new.py", "import json"),
        ("grading/scoring/score.py", "from ..records import ledger"),
        ("neurograde/services/marks/grades.py", "import grading"),
        ("autograder/model/report.py", "if TYPE_CHECKING:\n    pass\nelse:\n    from grading.rules import policy"),
        ("somewhere/else.py", "import json"),
        ("grading/scoring/score.py", "from autograder.intake.uploads import receive"),
        ("grading/rules/policy.py", "import time"),
        ("grading/rules/policy.py", "from datetime import datetime\nwhen = datetime.now()"),
        ("grading/rules/policy.py", "from pathlib import Path\n"),
        ("grading/scoring/metrics.py", "import torch"),
        ("grading/scoring/metrics.py", "text = open('file')"),
        ("grading/common/directory.py", "import sqlalchemy"),
        ("neurograde/services/marks/grades.py", "from nbgrader.api import Gradebook"),
        ("neurograde/services/marks/grades.py", "import click"),
        ("neurograde/services/marks/grades.py", "from rich.table import Table"),
        ("neurograde/services/marks/grades.py", "print('here')"),
        ("neurograde/services/marks/grades.py", "import sys\nsys.stdout.write('here')"),
        ("neurograde/services/marks/grades.py", "import sys\nsys.stderr.write('here')"),
        ("neurograde/services/marks/grades.py", "import sys\nsys.exit(2)"),
        ("neurograde/services/marks/grades.py", "raise SystemExit"),
        ("neurograde/services/marks/grades.py", "raise SystemExit(2)"),
        ("neurograde/services/marks/grades.py", "exit(2)"),
        ("neurograde/services/marks/grades.py", "quit()"),
        ("neurograde/services/marks/grades.py", "import starlette"),
        ("neurograde/services/marks/grades.py", "command = ['docker', 'ps']"),
        ("neurograde/cli/other.py", "from grading.rules.policy import grade"),
        ("autograder/sandbox/container.py", "import pickle"),
        ("autograder/sandbox/container.py", "print('here')"),
        ("autograder/engine/worker.py", "exec('1')"),
    ],
)
def test_a_planted_violation_of_a_never_is_found(name, planted):
    assert violations(name, planted)


@pytest.mark.parametrize("target", ["portal", "jobs"])
def test_only_the_composition_root_brings_rooms_together(target):
    planted = f"import {ANYBODY[target]}"
    assert violations(COMPOSITION_ROOT, planted) == []
    assert violations("neurograde/cli/other.py", planted)


def test_what_services_return_may_be_named_by_the_command_line():
    named = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from grading.rules.policy import Grade"
    assert violations("neurograde/cli/other.py", named) == []


def test_what_metrics_and_policy_import_is_looked_at_too():
    assert pure_closure() > set(PURE)
    assert re.search("autograder/model/", " ".join(sorted(pure_closure())))
