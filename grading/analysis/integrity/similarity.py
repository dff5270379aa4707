"""How alike the code of two notebooks is, beside how alike a class's notebooks are anyway.

Nothing here runs, compiles or parses a submission: Pygments cuts its text into tokens by regular expressions. What
renaming, commenting and formatting change is taken out; cells that were released as they are, and fragments of the
release, are left out; and a fragment weighs the less, the more of the class have it: there are not many ways to write a
training loop. The counting and weighing are scikit-learn's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FRAGMENT = 12
"""Tokens of a fragment: about a line and a half. Shorter ones are everybody's."""
MAX_CODE = 200_000
"""Characters of a notebook that are compared; what is longer holds data rather than code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A piece of code: what is left of it once it is normalised, and where it stands in the cell."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A stretch of a cell, and how many of the class have what is in it; 0 where the other notebook has it not."""

    text: str
    owners: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Similarity:
    """Of every pair of notebooks, arrays of shape (notebooks, notebooks)."""

    values: NDArray[np.float64]
    """From 0 to 1: of the smaller one's fragments, by weight, the part that the other has too."""
    fragments: NDArray[np.int64]
    """How many fragments both have."""
    owners: Mapping[str, int]
    """By fragment, how many notebooks have it."""


def own_cells(cells: Sequence[str], template: Sequence[str]) -> dict[int, str]:
    """By number, from 1, a notebook's cells of code that were not released just so; at most MAX_CODE characters."""
    released = {cell.strip() for cell in template}
    own, room = {}, MAX_CODE
    for number, cell in enumerate(cells, start=1):
        if cell.strip() and cell.strip() not in released and room > 0:
            own[number] = cell[:room]
            room -= len(cell)
    return own


@lru_cache(maxsize=1024)  # a class shares many cells, and a cell is cut up again for each pair that it is shown in
def tokens(code: str) -> tuple[Token, ...]:
    """The code as it would be under any names, with any comments and layout: names, strings and numbers are alike.

    What stands after a dot keeps its name, for it is mostly a library's; so do keywords and built-in functions.
    """
    pieces: list[Token] = []
    after_dot = False
    for start, kind, text in _lexed(code):
        normal = _normal(kind, text, after_dot=after_dot)
        if normal is None:
            continue
        after_dot = text == "."
        if normal == "S" and pieces and pieces[-1].text == "S":
            pieces[-1] = Token(text="S", start=pieces[-1].start, end=start + len(text))
        else:
            pieces.append(Token(text=normal, start=start, end=start + len(text)))
    return tuple(pieces)


def fragments(cell: str) -> set[str]:
    """Every run of FRAGMENT tokens of a cell."""
    return {fragment for fragment, _, _ in _runs(tokens(cell))}


def compare(notebooks: Sequence[set[str]]) -> Similarity:
    """Compare notebooks by their fragments, those of the release taken out."""
    from scipy.sparse import diags_array
    from sklearn.feature_extraction.text import CountVectorizer

    n = len(notebooks)
    if not any(notebooks):
        return Similarity(values=np.zeros((n, n)), fragments=np.zeros((n, n), dtype=np.int64), owners={})
    vectorizer = CountVectorizer(analyzer=list, binary=True)
    present = vectorizer.fit_transform([sorted(notebook) for notebook in notebooks]).astype(np.float64)
    owners = present.sum(axis=0)
    # The logarithm of how rare a fragment is (K. Sparck Jones, 1972); never quite 0, so that two may be a class.
    weighted = present @ diags_array(np.sqrt(np.log((n + 1) / np.asarray(owners).ravel())))
    shared = (weighted @ weighted.T).toarray()
    own = np.diag(shared)
    least = np.minimum(own[:, None], own[None, :])
    names = vectorizer.get_feature_names_out()
    return Similarity(
        values=np.divide(shared, least, out=np.zeros((n, n)), where=least > 0),
        fragments=np.rint((present @ present.T).toarray()).astype(np.int64),
        owners={name: int(count) for name, count in zip(names, np.asarray(owners).ravel(), strict=True)},
    )


def side_by_side(first: Sequence[set[str]], second: Sequence[set[str]]) -> list[tuple[int | None, int | None]]:
    """Places of cells, each of the first beside the one of the second with which it has most fragments in common.

    Every cell is there once; one that has nothing in common with any has None beside it.
    """
    common = np.array([[len(a & b) for b in second] for a in first]).reshape(len(first), len(second))
    beside: dict[int, int] = {}
    for place in np.argsort(-common, axis=None, kind="stable").tolist():
        i, j = divmod(place, len(second))
        if common[i, j] and i not in beside and j not in beside.values():
            beside[i] = j
    alone = [j for j in range(len(second)) if j not in beside.values()]
    return [*((i, beside.get(i)) for i in range(len(first))), *((None, j) for j in alone)]


def marked(cell: str, shared: set[str], owners: Mapping[str, int]) -> tuple[Stretch, ...]:
    """The cell cut where marks begin and end. Of fragments that overlap, the rarest one says how rare a place is."""
    most = max(owners.values(), default=0) + 1
    places = np.full(len(cell), most, dtype=np.int64)
    for fragment, start, end in _runs(tokens(cell)):
        if fragment in shared:
            places[start:end] = np.minimum(places[start:end], owners.get(fragment, 1))
    places[places == most] = 0
    edges = [0, *(np.flatnonzero(np.diff(places)) + 1).tolist(), len(cell)]
    return tuple(
        Stretch(text=cell[start:end], owners=int(places[start])) for start, end in pairwise(edges) if end > start
    )


def _runs(pieces: Sequence[Token]) -> Iterator[tuple[str, int, int]]:
    """(fragment, start, end) of every run of FRAGMENT tokens."""
    for first in range(len(pieces) - FRAGMENT + 1):
        run = pieces[first : first + FRAGMENT]
        yield " ".join(token.text for token in run), run[0].start, run[-1].end


def _lexed(code: str) -> Iterator[tuple[int, Any, str]]:
    """(start, kind, text) of Pygments' tokens; a kind is `in` those that hold it."""
    from pygments.lexers.python import PythonLexer

    yield from PythonLexer().get_tokens_unprocessed(code)


def _normal(kind: Any, text: str, *, after_dot: bool) -> str | None:
    """A token's text once it is normalised; None for what says nothing."""
    from pygments.token import Comment, Name, Number, String, Text

    if kind in Text or kind in Comment or kind in String.Doc:
        return None
    if kind in String:
        return "S"
    if kind in Number:
        return "0"
    stays = after_dot or (kind in Name.Builtin and kind not in Name.Builtin.Pseudo) or kind in Name.Exception
    return "V" if kind in Name and not stays else text
