"""The source notebook, read before otter reads it: every fault at once, each at its cell.

otter ignores misspelt question keys, publishes a test whose `# HIDDEN` is on the second line, and ships solutions that
lie outside SOLUTION blocks. What it does refuse, it refuses one fault at a time. Pure: no files, nothing is run.
The patterns are otter 7.0's (`otter/assign/{blocks,solutions,tests_manager}.py`); key sets are read from its classes.
"""

import ast
import functools
import inspect
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from autograder.authoring.source.parse import (
    BEGIN_TEST_CONFIG,
    END_SOLUTION,
    HIDDEN,
    HIDES,
    IGNORED,
    MARKER,
    MARKERS,
    Problem,
    Source,
    SourceCell,
    SourceQuestion,
    SourceTest,
    read_source,
    solution_roles,
)
from autograder.model.errors import nearest

NEARLY_MARKED = re.compile(r"[^#]*#+\s*(?:(?:begin|end)\s+)?solution(?:\s+no\s+prompt)?\s*$", re.IGNORECASE)

RESERVED = frozenset({"OK_FORMAT", "all_or_nothing", "name", "points", "test_case"})
"""Names at the top of every test file that otter writes."""

Keys: TypeAlias = "dict[str, Keys | None]"


def lint(notebook: Mapping[str, Any], files: Collection[str] | None = None) -> list[Problem]:
    """Every fault of a source notebook (nbformat 4, as JSON), in the order of its cells.

    `files` are the paths beside the notebook, with slashes; without them no file is missed.
    """
    source = read_source(notebook)
    found: list[Problem] = [*source.unnested, *_kernel(notebook), *_settings(source, files)]
    found.extend(_question_names(source.questions))
    for question in source.questions:
        found.extend(_question(question))
    strips_all = source.settings.get("strip_solutions_from_all_cells") is True
    names = [question.name for question in source.questions]
    for cell in source.cells:
        found.extend(_cell(cell))
        found.extend(_solution(cell, strips_all))
        found.extend(_checks(cell, names))
    return sorted(found, key=lambda problem: problem.cell)


# --- the notebook and its ASSIGNMENT CONFIG


def _kernel(notebook: Mapping[str, Any]) -> Iterator[Problem]:
    kernel = notebook.get("metadata", {}).get("kernelspec", {})
    if not kernel.get("name") or kernel.get("language", "python") != "python":
        text = "names no Python kernel in its metadata (`kernelspec`). Open it in Jupyter, choose one and save."
        yield Problem(cell=0, first_line="", text=text)


def _settings(source: Source, files: Collection[str] | None) -> Iterator[Problem]:
    cells = [cell for cell in source.cells if cell.marker[0] == "assignment"]
    yield from (cell.problem("a second assignment config. Move its keys into the first.") for cell in cells[1:])
    if not cells:
        text = "no `# ASSIGNMENT CONFIG`. Begin with a raw cell of that name that holds `tests: {files: true, ...}`."
        yield Problem(cell=0, first_line="", text=text)
    elif source.unread:
        yield from source.unread
    else:
        yield from _assignment_keys(cells[0], source.settings)
        yield from _missing_files(cells[0], source.settings, files)


def _assignment_keys(cell: SourceCell, settings: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _unknown_keys(cell, settings, _valid_keys()["assignment"])
    tests = settings.get("tests")
    tests = tests if isinstance(tests, dict) else {}
    if tests.get("files") is not True or tests.get("ok_format") is not False:
        text = "sealed grading needs test files of plain Python."
        yield cell.problem(f"{text} Write `tests: {{files: true, ok_format: false}}`.")
    export = settings.get("export_cell", True)
    if export is True or (isinstance(export, dict) and export.get("pdf", True)):
        yield cell.problem("the export cell would ask students' machines for LaTeX. Write `export_cell: false`.")
    if settings.get("init_cell", True) is not True:
        yield cell.problem("without its first cell the release has no `grader`. Delete `init_cell`.")
    if "config_file" in settings:
        yield cell.problem("settings in another file are not checked. Write them here and delete `config_file`.")


def _missing_files(cell: SourceCell, settings: Mapping[str, Any], files: Collection[str] | None) -> Iterator[Problem]:
    if files is None:
        return
    known = {str(folder) for path in files for folder in (PurePosixPath(path), *PurePosixPath(path).parents)}
    for key in ("files", "autograder_files", "student_files", "requirements", "environment"):
        value = settings.get(key) or []
        listed = value if isinstance(value, list) else [value]
        if key == "requirements" and isinstance(value, list):
            continue  # package names, not files
        if key.endswith("files") and not isinstance(value, list):
            yield cell.problem(f"`{key}` is a list. Write `{key}: [{value}]`.")
            continue
        for name in listed:
            if str(PurePosixPath(str(name))) not in known:
                near = nearest(str(name), known)
                text = f"`{key}` lists `{name}`, which is not beside the notebook. Add it or let data.py prepare it."
                yield cell.problem(text, nearest=near[0] if near else None)


def _unknown_keys(cell: SourceCell, table: Mapping[str, Any], valid: Keys, above: str = "") -> Iterator[Problem]:
    for key, value in table.items():
        below = valid.get(key)
        if key not in valid:
            near = nearest(key, valid)
            hint = "" if near else f" The keys are {', '.join(sorted(valid))}."
            yield cell.problem(f"no such key: `{above}{key}`.{hint}", nearest=above + near[0] if near else None)
        elif below and isinstance(value, dict):
            yield from _unknown_keys(cell, value, below, f"{above}{key}.")


@functools.cache
def _valid_keys() -> dict[str, Keys]:
    """otter's own key sets: of the assignment, of a question and of a test config."""
    # imported here because `import otter` takes 3 seconds
    from otter.assign.assignment import Assignment
    from otter.assign.question_config import QuestionConfig
    from otter.test_files import test_case

    test_keys = set(inspect.signature(test_case).parameters) - {"name"}  # otter writes the name itself
    return {
        "assignment": _keys(Assignment),
        "question": _keys(QuestionConfig),
        "test": dict.fromkeys(sorted(test_keys)),
    }


def _keys(config: type) -> Keys:
    """The keys of one of otter's `fica.Config` classes, and those below them."""
    keys: Keys = {}
    for attribute in dir(config):
        key = getattr(config, attribute)
        if hasattr(key, "subkey_container"):
            below = key.subkey_container
            keys[key.get_name(attribute)] = _keys(below) if below else None
    return keys


# --- questions


def _question_names(questions: Sequence[SourceQuestion]) -> Iterator[Problem]:
    first_cells: dict[str, int] = {}
    for question in questions:
        cell, name = question.cell, question.name
        if question.problems:
            continue
        if "name" not in question.settings:
            yield cell.problem("the question has no name. Add a line such as `name: q1`.")
        elif not (name.isidentifier() and name.isascii()):
            text = f"`{name}` cannot name a question and its test file. Use letters, digits and `_`, e.g. `q1`."
            yield cell.problem(text)
        elif (first := first_cells.setdefault(name.casefold(), cell.number)) != cell.number:
            yield cell.problem(f"a second question named `{name}` (the first is cell {first}). Name it otherwise.")


def _question(question: SourceQuestion) -> Iterator[Problem]:
    cell, tests = question.cell, question.tests
    yield from question.problems
    yield from _unknown_keys(cell, question.settings, _valid_keys()["question"])
    if question.settings.get("manual") is True:
        if not tests and not _is_points(question.settings.get("points")):
            yield cell.problem("the question is marked by hand, out of nothing. Add `points:` and a number.")
    else:
        if not tests:
            yield cell.problem("the question has no tests. Add a TESTS block, or `manual: true`.")
        elif not any(test.meant_hidden for test in tests):
            yield cell.problem("the question has no hidden test: whoever copies the public ones earns it all. Add one.")
    yield from _points(question)
    for test in tests:
        yield from _test_cell(test)
    names = [name for test in tests for name in _functions(test)]
    for name, count in Counter(names).items():
        if count > 1:
            last = next(test.cell for test in reversed(tests) if name in _functions(test))
            yield last.problem(f"a second test named `{name}` in `{question.name}`: only one would run. Rename it.")


def _points(question: SourceQuestion) -> Iterator[Problem]:
    points, tests, cell = question.settings.get("points"), question.tests, question.cell
    if isinstance(points, dict):
        if set(points) != {"each"} or not _is_points(points["each"]):
            yield cell.problem("`points` as a table is `{each: n}`, with n a number from 0 up.")
    elif isinstance(points, list):
        if len(points) != len(tests):
            yield cell.problem(f"`points` lists {len(points)} numbers for {len(tests)} tests. Write one for each test.")
        if not all(value is None or _is_points(value) for value in points):
            yield cell.problem("`points` must be numbers from 0 up.")
    elif points is not None and not _is_points(points):
        yield cell.problem(f"`points: {points}` is not a number from 0 up.")
    elif points is not None:
        yield from _sum_of_points(question, points)


def _sum_of_points(question: SourceQuestion, points: float) -> Iterator[Problem]:
    """otter shares out what the tests leave; it grades out of less, unasked, when they leave too little or too much."""
    points_of_tests = [test.settings.get("points") for test in question.tests]
    numbers = [float(value) for value in points_of_tests if value is not None and _is_points(value)]
    total = sum(numbers)
    if total > points or (numbers and len(numbers) == len(points_of_tests) and not math.isclose(total, points)):
        text = f"`points: {points}`, but its tests' points add up to {total:g}. Make them agree."
        yield question.cell.problem(text)


def _is_points(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


# --- test cells


def _test_cell(test: SourceTest) -> Iterator[Problem]:
    if test.cell.kind != "code":
        yield test.cell.problem(f"a {test.cell.kind} cell in a TESTS block. Make it a code cell or move it out.")
        return
    yield from test.problems
    yield from _unknown_keys(test.cell, test.settings, _valid_keys()["test"])
    yield from _test_settings(test)
    yield from _hidden(test)
    if test.header < len(test.cell.lines):
        yield from _function(test)


def _test_settings(test: SourceTest) -> Iterator[Problem]:
    cell, settings = test.cell, test.settings
    if "points" in settings and not _is_points(settings["points"]):
        yield cell.problem(f"`points: {settings['points']}` is not a number from 0 up.")
    if not isinstance(settings.get("hidden", True), bool):
        yield cell.problem(f"`hidden: {settings['hidden']}` is neither true nor false.")
    for key in ("success_message", "failure_message"):
        message = settings.get(key)
        if message is not None and (not isinstance(message, str) or set(message) & set('"\\\r\n')):
            text = f"`{key}` would break the test file: otter puts it between double quotes as it stands."
            yield cell.problem(f"{text} Use single quotes in it, no backslash and one line.")
    if test.meant_hidden and not settings.get("failure_message"):
        text = "no hint for students who fail this hidden test. Add `failure_message` in a TEST CONFIG."
        yield cell.problem(text, fatal=False)


def _hidden(test: SourceTest) -> Iterator[Problem]:
    lines, cell = test.cell.lines, test.cell
    for number, line in enumerate(lines[1:], 2):
        if HIDDEN.fullmatch(line):
            yield cell.problem(f"`# HIDDEN` on line {number}: otter would publish this test. Make it the first line.")
        elif BEGIN_TEST_CONFIG.match(line):
            yield cell.problem(f"a test config on line {number} is not read. Begin the cell with it.")
    if HIDES.match(lines[0]) and not HIDDEN.fullmatch(lines[0]):
        yield cell.problem("otter reads `hidden` in this comment as `# HIDDEN`. Write that, or another word.")


def _function(test: SourceTest) -> Iterator[Problem]:
    """One function and perhaps its call: otter drops or refuses whatever stands beside it."""
    cell = test.cell
    try:
        ast.parse(cell.text)
        nodes = [node for node in ast.parse(test.body).body if not _is_config(node)]  # one below is reported
    except (SyntaxError, ValueError) as error:
        line = f"line {error.lineno} " if isinstance(error, SyntaxError) and error.lineno else ""
        yield cell.problem(f"{line}is not valid Python ({getattr(error, 'msg', error)}). Mend the test.")
        return
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    if not functions:
        yield cell.problem("holds no test function. Write `def test_...(name):` with asserts in it.")
        return
    for node in nodes:
        called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node is nodes[-1]
        if node is not functions[0] and not (called and len(nodes) == 2):
            text = f"line {test.header + node.lineno} stands beside `{functions[0].name}` and would be lost."
            yield cell.problem(f"{text} Move it into the function, or a second test into a cell of its own.")
            break
    if functions[0].name in RESERVED:
        yield cell.problem(f"`{functions[0].name}` is a name otter's test file uses itself. Call it `test_...`.")


def _is_config(node: ast.stmt) -> bool:
    constant = node.value if isinstance(node, ast.Expr) else None
    return isinstance(constant, ast.Constant) and "TEST CONFIG" in str(constant.value)


def _functions(test: SourceTest) -> list[str]:
    try:
        return [node.name for node in ast.parse(test.body).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError):
        return []


# --- every cell


def _cell(cell: SourceCell) -> Iterator[Problem]:
    """Cells that look like otter's markers and are not, and the other way round."""
    if cell.ignored:
        if not IGNORED.fullmatch(cell.lines[0]):
            yield cell.problem("otter drops a cell that begins with this comment. Write `# IGNORE`, or another word.")
        return
    if any(line.strip() == "```otter" for line in cell.lines):
        yield cell.problem("settings in an ```otter fence are not checked. Put them into a raw cell.")
    if cell.kind == "raw":
        if not cell.marker[0] and cell.first_line.startswith("#"):
            near = nearest(cell.first_line.upper(), MARKERS)
            if near:
                text = "otter does not know this marker and would publish the cell. The first line must be exact."
                yield cell.problem(text, nearest=near[0])
        return
    match = MARKER.match(cell.text)
    if match and (match[3] or match[2].lower() in ("question", "tests")):
        yield cell.problem(f"a marker in a {cell.kind} cell is not read. Make it a raw cell.")


def _solution(cell: SourceCell, strips_all: bool) -> Iterator[Problem]:
    """Solutions that otter would leave in the release, or trip over."""
    if cell.kind != "code" or cell.ignored or cell.is_test:
        return
    roles = solution_roles(cell.lines)
    marked = [number for number, role in enumerate(roles, 1) if role]
    if marked and not (cell.is_solution or strips_all):
        text = f"a solution marker on line {marked[0]}, outside SOLUTION blocks: otter would publish it."
        yield cell.problem(f"{text} Put the cell between raw cells `# BEGIN SOLUTION` and `# END SOLUTION`.")
        return
    if cell.is_solution and not marked:
        text = "a cell in a SOLUTION block without a solution marker would be published whole."
        yield cell.problem(f"{text} Mark its lines with `# SOLUTION`, or move the cell out of the block.")
    if "stray" in roles:
        yield cell.problem(f"`{END_SOLUTION}` on line {roles.index('stray') + 1} without `# BEGIN SOLUTION` above it.")
    if "begin" in roles and "end" not in roles[len(roles) - roles[::-1].index("begin") :]:
        yield cell.problem(f"`# BEGIN SOLUTION` without `{END_SOLUTION}` below it in the cell.")
    for number, (line, role) in enumerate(zip(cell.lines, roles, strict=True), 1):
        if not role and NEARLY_MARKED.match(line):
            yield cell.problem(f"line {number} is not stripped: otter wants exactly `# SOLUTION` in capitals.")


def _checks(cell: SourceCell, names: Sequence[str]) -> Iterator[Problem]:
    """`grader.check` typed by hand for a question that is not there."""
    if cell.kind != "code" or cell.ignored or cell.is_test:
        return
    for name in re.findall(r"\bgrader\.check\(\s*[\"']([^\"']+)[\"']", cell.text):
        if name not in names:
            near = nearest(name, names)
            yield cell.problem(f"checks `{name}`, which is no question.", nearest=near[0] if near else None)
