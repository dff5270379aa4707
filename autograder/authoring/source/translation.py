"""One source notebook, several languages: the notebook in one of them, before anything else reads it.

A markdown cell whose first line is `<!-- ru -->` is the Russian of the markdown cell above it. In a test config the
hint `failure_message` has a sibling `failure_message_ru`. Code is the same in every language. Pure: no files.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.authoring.source.parse import BEGIN_TEST_CONFIG, Problem, SourceCell, read_source
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE
from autograder.model.notebook import Notebook

MARK = re.compile(r"<!--\s*([a-z]{2})\s*-->[ \t]*\n?")
HINT = re.compile(r"^failure_message(?:_([a-z]{2}))?:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)

OTTER_SAYS = {
    "ru": {
        "_Points:_ ": "_Баллы:_ ",
        "To double-check your work, the cell below will rerun all of the autograder tests.": (
            "Чтобы проверить себя ещё раз, выполните ячейку ниже: она запустит все проверки заново."
        ),
    }
}
"""What otter itself writes into a notebook, in other languages."""


def in_language(notebook: Mapping[str, Any], language: str) -> Notebook:
    """The notebook in one language; what is not translated stays as it is.

    Each cell carries its number in the source as metadata `source_cell`, so that messages name the cell that an author
    sees.
    """
    cells: list[dict[str, Any]] = []
    for number, cell in enumerate(notebook["cells"], 1):
        text = "".join(cell["source"]).replace("\r\n", "\n")
        mark = mark_of(cell["cell_type"], text)
        numbered_cell = {**cell, "metadata": {**cell.get("metadata", {}), "source_cell": number}}
        if mark is None:
            source = _with_hint(text, language) if cell["cell_type"] == "code" else cell["source"]
            cells.append({**numbered_cell, "source": source})
        elif mark == language and cells:
            cells[-1] = {**numbered_cell, "source": text[MARK.match(text).end() :]}  # type: ignore[union-attr]
    return {**notebook, "cells": cells}


def translate_otter(text: str, language: str) -> str:
    """A markdown cell that otter made or added to, with otter's own words in the language."""
    for english, other in OTTER_SAYS.get(language, {}).items():
        text = text.replace(english, other)
    return text


def mark_of(kind: str, text: str) -> str | None:
    """The language that a cell says it is in; None for a cell of the source."""
    match = MARK.match(text) if kind == "markdown" else None
    return match[1] if match else None


def hints(notebook: Mapping[str, Any], language: str) -> dict[int, str]:
    """The hints of a notebook in one language, by the number of the test's cell in the source."""
    tests = read_source(in_language(notebook, language)).tests
    return {test.cell.number: str(text) for test in tests if (text := test.settings.get("failure_message"))}


def untranslated(notebook: Mapping[str, Any], language: str) -> Iterator[Problem]:
    """Every prose cell and hint that the language lacks, and every translation of nothing."""
    cells = [_cell(number, cell) for number, cell in enumerate(notebook["cells"], 1)]
    for cell in cells:
        mark = mark_of(cell.kind, cell.text)
        if mark is not None and mark not in LANGUAGES:
            yield cell.problem(f"a cell in a language that is not known. Known: {', '.join(LANGUAGES)}.")
        elif mark is not None and not _can_be_translated(cells, cell):
            yield cell.problem("a translation with no prose above it. Put it right below the cell it translates.")
        elif language != SOURCE_LANGUAGE and cell.kind == "markdown" and mark is None:
            if language not in _marks_below(cells, cell):
                where = f"in a markdown cell right below that begins `<!-- {language} -->`"
                yield cell.problem(f"has no {LANGUAGES[language]}. Write it {where}.")
        elif language != SOURCE_LANGUAGE and cell.kind == "code" and BEGIN_TEST_CONFIG.match(cell.text):
            languages = [match[1] for match in HINT.finditer(cell.text)]
            if None in languages and language not in languages:
                key = f"`failure_message_{language}:` below `failure_message:`"
                yield cell.problem(f"the hint has no {LANGUAGES[language]}. Add {key}.")


def _cell(number: int, cell: Mapping[str, Any]) -> SourceCell:
    return SourceCell(number=number, kind=cell["cell_type"], text="".join(cell["source"]).replace("\r\n", "\n"))


def _can_be_translated(cells: list[SourceCell], cell: SourceCell) -> bool:
    above = [other for other in cells[: cell.number - 1] if mark_of(other.kind, other.text) is None]
    return bool(above) and above[-1].kind == "markdown"


def _marks_below(cells: list[SourceCell], cell: SourceCell) -> list[str]:
    marks = []
    for other in cells[cell.number :]:
        mark = mark_of(other.kind, other.text)
        if mark is None:
            break
        marks.append(mark)
    return marks


def _with_hint(text: str, language: str) -> str:
    """A test cell with the hint of one language under otter's own key."""
    if not BEGIN_TEST_CONFIG.match(text):
        return text
    suffix = language if language != SOURCE_LANGUAGE else None
    suffixes = [match[1] for match in HINT.finditer(text)]
    if suffix not in suffixes:
        suffix = None

    def choose(match: re.Match[str]) -> str:
        if match[1] != suffix:
            return ""
        return match[0].replace(f"failure_message_{suffix}:", "failure_message:", 1)

    return HINT.sub(choose, text)
