"""Rules about questions."""

import math
from collections.abc import Iterable, Iterator

from autograder.authoring.source.parse import Problem, SourceQuestion
from autograder.authoring.source.rules.keys import is_points, unknown_keys, valid_keys
from autograder.authoring.source.rules.rule import Draft


def names(draft: Draft) -> Iterator[Problem]:
    """Each question has a name of its own that can be a file's."""
    first_cells: dict[str, int] = {}
    for question in draft.source.questions:
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


def header(question: SourceQuestion) -> Iterable[Problem]:
    """Its settings can be read."""
    return question.problems


def keys(question: SourceQuestion) -> Iterator[Problem]:
    return unknown_keys(question.cell, question.settings, valid_keys()["question"])


def tests(question: SourceQuestion) -> Iterator[Problem]:
    """Something decides on the question, and not only what students can read."""
    cell, tests = question.cell, question.tests
    if question.settings.get("manual") is True:
        if not tests and not is_points(question.settings.get("points")):
            yield cell.problem("the question is marked by hand, out of nothing. Add `points:` and a number.")
    elif not tests:
        yield cell.problem("the question has no tests. Add a TESTS block, or `manual: true`.")
    elif not any(test.meant_hidden for test in tests):
        yield cell.problem("the question has no hidden test: whoever copies the public ones earns it all. Add one.")


def points(question: SourceQuestion) -> Iterator[Problem]:
    """What it is worth is one number, or one for each test, and its tests agree."""
    points, tests, cell = question.settings.get("points"), question.tests, question.cell
    if isinstance(points, dict):
        if set(points) != {"each"} or not is_points(points["each"]):
            yield cell.problem("`points` as a table is `{each: n}`, with n a number from 0 up.")
    elif isinstance(points, list):
        if len(points) != len(tests):
            yield cell.problem(f"`points` lists {len(points)} numbers for {len(tests)} tests. Write one for each test.")
        if not all(value is None or is_points(value) for value in points):
            yield cell.problem("`points` must be numbers from 0 up.")
    elif points is not None and not is_points(points):
        yield cell.problem(f"`points: {points}` is not a number from 0 up.")
    elif points is not None:
        yield from _sum_of_points(question, points)


def _sum_of_points(question: SourceQuestion, points: float) -> Iterator[Problem]:
    """otter shares out what the tests leave; it grades out of less, unasked, when they leave too little or too much."""
    points_of_tests = [test.settings.get("points") for test in question.tests]
    numbers = [float(value) for value in points_of_tests if value is not None and is_points(value)]
    total = sum(numbers)
    if total > points or (numbers and len(numbers) == len(points_of_tests) and not math.isclose(total, points)):
        text = f"`points: {points}`, but its tests' points add up to {total:g}. Make them agree."
        yield question.cell.problem(text)
