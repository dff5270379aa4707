"""A notebook as it was handed in: its JSON, its cells, the questions they check. Read as data, never as Python."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from autograder.model.errors import NotebookUnreadableError
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE

Notebook: TypeAlias = dict[str, Any]
"""A notebook, or a cell of one, as JSON."""

MAX_CELLS = 1000
MAX_SOURCE = 2 << 20
# The text of a check cell is only looked for, never parsed: it is the student's.
CHECK = re.compile(r"^[^#\n]*\bgrader\.check\(\s*[\"']([^\"'\n]+)[\"']", re.MULTILINE)
REMEDY = "Open it in Jupyter, save it, and hand in that file."
STUDENT_NAME = re.compile(r"\w[\w.@+-]{0,99}")


@dataclass(frozen=True, kw_only=True, slots=True)
class NotebookCell:
    """One cell of the notebook: `kind` is "code", "markdown" or "raw"."""

    kind: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """One notebook of one student, named by the hash of its bytes: the same upload is the same submission."""

    id: str
    student: str
    handed_in: datetime
    cells: tuple[NotebookCell, ...]
    content: bytes
    language: str = SOURCE_LANGUAGE
    """Of the release that it was made from, by the notebook's own word: hints are given in it."""


def checks_in(source: str) -> list[str]:
    """The questions that a code cell checks."""
    return CHECK.findall(source)


def identity(content: bytes) -> str:
    """SHA-256 of what was handed in, by which it is named."""
    return hashlib.sha256(content).hexdigest()


def read_tree(content: bytes, origin: str) -> dict[str, Any]:
    """The JSON of a notebook. Raises NotebookUnreadableError naming the file and what to do."""
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotebookUnreadableError(f"{origin} is not a notebook: {str(error)[:200]}. {REMEDY}") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("nbformat"), int):
        raise NotebookUnreadableError(f"{origin} is JSON, but not a notebook: it has no nbformat. {REMEDY}")
    return tree


def language_of(tree: dict[str, Any]) -> str:
    """The language that the release wrote into the notebook; English for one that says nothing we know."""
    place: Any = tree
    for key in ("metadata", "neurograde", "language"):
        place = place.get(key) if isinstance(place, dict) else None
    return place if isinstance(place, str) and place in LANGUAGES else SOURCE_LANGUAGE


def cells_of(tree: dict[str, Any], origin: str) -> tuple[NotebookCell, ...]:
    """The cells of a notebook of any nbformat. Raises NotebookUnreadableError."""
    try:
        cells = list(_raw_cells(tree))
        found = tuple(NotebookCell(kind=_kind(cell), source=_source(cell)) for cell in cells)
    except (TypeError, KeyError, AttributeError, ValueError, RecursionError):
        raise NotebookUnreadableError(f"{origin} is a damaged notebook: a cell in it is not one. {REMEDY}") from None
    if len(found) > MAX_CELLS or sum(len(cell.source) for cell in found) > MAX_SOURCE:
        raise NotebookUnreadableError(
            f"{origin} has {len(found)} cells; "
            f"at most {MAX_CELLS} cells and {MAX_SOURCE >> 20} MiB of text are graded. "
            "Delete what does not belong to the homework."
        )
    return found


def _raw_cells(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if tree["nbformat"] >= 4:
        yield from tree["cells"]
        return
    for sheet in tree.get("worksheets", []):
        for cell in sheet["cells"]:
            yield {**cell, "source": cell.get("input", cell.get("source", ""))}


def _kind(cell: dict[str, Any]) -> str:
    kind = cell["cell_type"]
    return kind if kind in ("code", "raw") else "markdown"


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    return text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be sent on
