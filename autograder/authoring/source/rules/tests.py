"""Rules about the cells of a TESTS block."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

from autograder.authoring.source.parse import BEGIN_TEST_CONFIG, HIDDEN, HIDES, Problem, SourceQuestion, SourceTest
from autograder.authoring.source.rules.keys import is_points, unknown_keys, valid_keys

RESERVED = frozenset({"OK_FORMAT", "all_or_nothing", "name", "points", "test_case"})
"""Names at the top of every test file that otter writes."""


def kind(question: SourceQuestion) -> Iterator[Problem]:
    """Tests are code."""
    for test in question.tests:
        if test.cell.kind != "code":
            yield test.cell.problem(f"a {test.cell.kind} cell in a TESTS block. Make it a code cell or move it out.")


def header(test: SourceTest) -> Iterable[Problem]:
    """Its config can be read."""
    return test.problems


def keys(test: SourceTest) -> Iterator[Problem]:
    return unknown_keys(test.cell, test.settings, valid_keys()["test"])


def values(test: SourceTest) -> Iterator[Problem]:
    """What its config says can be written to a test file as it stands."""
    cell, settings = test.cell, test.settings
    if "points" in settings and not is_points(settings["points"]):
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


def hidden(test: SourceTest) -> Iterator[Problem]:
    """A test is hidden where its author says so, and nowhere else."""
    lines, cell = test.cell.lines, test.cell
    for number, line in enumerate(lines[1:], 2):
        if HIDDEN.fullmatch(line):
            yield cell.problem(f"`# HIDDEN` on line {number}: otter would publish this test. Make it the first line.")
        elif BEGIN_TEST_CONFIG.match(line):
            yield cell.problem(f"a test config on line {number} is not read. Begin the cell with it.")
    if HIDES.match(lines[0]) and not HIDDEN.fullmatch(lines[0]):
        yield cell.problem("otter reads `hidden` in this comment as `# HIDDEN`. Write that, or another word.")


def function(test: SourceTest) -> Iterator[Problem]:
    """One function and perhaps its call: otter drops or refuses whatever stands beside it."""
    cell = test.cell
    if test.header >= len(cell.lines):
        return
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


def names(question: SourceQuestion) -> Iterator[Problem]:
    """otter files tests under their functions' names: of two alike it runs one."""
    names = [name for test in question.tests for name in _functions(test)]
    for name, count in Counter(names).items():
        if count > 1:
            last = next(test.cell for test in reversed(question.tests) if name in _functions(test))
            yield last.problem(f"a second test named `{name}` in `{question.name}`: only one would run. Rename it.")


def _is_config(node: ast.stmt) -> bool:
    constant = node.value if isinstance(node, ast.Expr) else None
    return isinstance(constant, ast.Constant) and "TEST CONFIG" in str(constant.value)


def _functions(test: SourceTest) -> list[str]:
    try:
        return [node.name for node in ast.parse(test.body).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError):
        return []
