"""Sample submissions, each written as its difference from the solution or the untouched release.

A sample is a folder named for what it is. It holds `expected.toml` (its verdict) and either a file as a student would
upload it (`upload.*`), or `answers.txt`: notebook cells under headings that say where they go.

    %% q3          in place of question q3's answer
    %% first       a new cell before all others; `%% last` after all others
    %% before q3   a new cell before question q3's answer; `%% after q3` after its check
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from autograder.model.bundle import Assignment
from autograder.model.errors import ConfigError
from autograder.model.files import read_toml
from autograder.model.notebook import Notebook, checks_in
from autograder.model.report import Status
from autograder.model.settings import Settings

HEADING = re.compile(r"^%% +(?:(?P<place>before|after) +)?(?P<name>\w+)\n", re.MULTILINE)
ANSWER_TAG = "otter_answer_cell"


class Expected(Settings):
    """`expected.toml`: the verdict that a sample must get. Questions that are not named must earn every point."""

    says: str = Field(min_length=1, description="What this student did, in a sentence.")
    base: Literal["solution", "release"] = Field(default="solution", description="What `answers.txt` changes.")
    lost: dict[str, Status] = Field(default={}, description="Questions that must not earn every point, by status.")
    points: float | None = Field(default=None, description="The points in all, where partial credit matters.")
    score: tuple[float, float] | None = Field(default=None, description="Bounds of the held-out score.")
    predictions: Status = Field(default=Status.PASSED, description="Of the entry point; no score unless PASSED.")
    met: str | None = Field(
        default=None,
        description="What an attack prints when it has met what it attacks: else, were that renamed, it would attack "
        "nothing and still lose as it must.",
    )
    refused: str | None = Field(default=None, description="Words of the message, for an upload that is not graded.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One sample, ready to be written as an upload of a student called `name`."""

    name: str
    expected: Expected
    content: bytes
    suffix: str


def load_sample(folder: Path, assignment: Assignment) -> Sample:
    """Read a sample. Raises ConfigError when it does not fit the assignment."""
    expected = read_toml(folder / "expected.toml", Expected, example='`says = "..."`')
    for upload in folder.glob("upload.*"):
        return Sample(name=folder.name, expected=expected, content=upload.read_bytes(), suffix=upload.suffix)
    template = json.loads((assignment.bundle / "template.ipynb").read_text())
    solution = json.loads((assignment.bundle / "solution.ipynb").read_text())
    answers = folder / "answers.txt"
    changes = list(_changes(answers.read_text())) if answers.exists() else []
    try:
        notebook = _compose(solution if expected.base == "solution" else template, changes, template)
    except KeyError as error:
        raise ConfigError(f"{answers} speaks of {error}, which {assignment.name} does not ask.") from None
    return Sample(name=folder.name, expected=expected, content=json.dumps(notebook).encode(), suffix=".ipynb")


def _changes(text: str) -> Iterator[tuple[str, str, str]]:
    """(place, name, source) of each cell; place is "", "before" or "after"."""
    headings = list(HEADING.finditer(text))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        source = text[heading.end() : following.start() if following else len(text)].strip("\n")
        yield heading["place"] or "", heading["name"], source


def _compose(base: Notebook, changes: list[tuple[str, str, str]], template: Notebook) -> Notebook:
    cells: list[dict[str, Any]] = copy.deepcopy(base["cells"])
    for place, name, source in changes:
        cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
        cell["execution_count"] = None
        if name in ("first", "last"):
            cells.insert(0 if name == "first" else len(cells), cell)
            continue
        check, answers = _check(cells, name), _answers(template["cells"], name)
        if place:
            cells.insert(check - answers if place == "before" else check + 1, cell)
        else:
            cells[check - answers : check] = [cell]
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"cell-{number}"
    return {**base, "cells": cells}


def _check(cells: list[dict[str, Any]], question: str) -> int:
    """Index of the cell that checks a question."""
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "code" and question in checks_in("".join(cell["source"])):
            return index
    raise KeyError(question)


def _answers(cells: list[dict[str, Any]], question: str) -> int:
    """How many cells answer a question: those right before its check that the release leaves for it."""
    check = index = _check(cells, question)
    while ANSWER_TAG in cells[index - 1]["metadata"].get("tags", []):
        index -= 1
    return check - index
