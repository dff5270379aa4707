"""Data inside a notebook's code, and what could unpack it: found in the text, which is never run or parsed.

The labels of ten thousand images of ten classes fit into 4,153 bytes, so into one string. Honest code has no literal of
that size, and seldom unpacks one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

DENSE = 64
"""Characters without white space from which on a string reads like data; those of a notebook are added up."""
EXCERPT = 120
"""Characters shown of what was found."""


class LiteralMark(StrEnum):
    """What was found, in words for the page."""

    LITERAL = "a large literal"
    COMMENT = "a very long comment"
    DENSE = "strings that read like data, taken together"
    PACKED = "a name from unpacking data"
    TEST_DATA = "a name of published test data"


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeMark:
    """One mark in a notebook's code."""

    kind: LiteralMark
    cell: int
    """Of the cells of code, from 1."""
    line: int
    """In the cell, from 1."""
    size: int
    """Characters, white space not counted; 0 of a name."""
    excerpt: str


NAMES = (
    (
        LiteralMark.PACKED,
        re.compile(
            r"\b(?:base64|[abz]?(?:16|32|64|85)decode|decodebytes|binascii|unhexlify|a2b_\w+|fromhex"
            r"|zlib|gzip|bz2|lzma|brotli|decompress)\b"
        ),
    ),
    (LiteralMark.TEST_DATA, re.compile(r"t10k|fashion[-_]?mnist[-_]test|\btrain\s?=\s?False\b", re.IGNORECASE)),
)
"""What names are looked for outside comments. One that the release has as well is no mark."""

# Possessive throughout, so that no text makes them look at a character more than a few times.
STRING = (
    r"""(?:\b[A-Za-z]{1,2})?(?:'''(?:[^\\']|\\.|'(?!''))*+(?:'''|\Z)|\"{3}(?:[^\\"]|\\.|"(?!""))*+(?:\"{3}|\Z)"""
    r"""|'(?:[^\\'\n]|\\.)*+'?|"(?:[^\\"\n]|\\.)*+"?)"""
)
COMMENT = r"\#[^\n]*+"
PIECES = re.compile(
    rf"(?P<comment>{COMMENT})|(?P<literal>(?:{STRING}|[0-9][\w.]*+|[\s,\[\](){{}}+:\\-])++)|\w++|.", re.DOTALL
)
"""Code, cut into comments, literals (strings and numbers with all that joins them into one value), and all else."""
STRING_OR_COMMENT = re.compile(rf"{STRING}|(?P<comment>{COMMENT})", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownCode:
    """What the released notebook has, and what is no mark in a submission therefore."""

    cells: frozenset[str] = frozenset()
    literals: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


NOTHING = KnownCode()


def known_from(template: Sequence[str], *, most: int) -> KnownCode:
    """What the cells of code of a released notebook have, by the same measure as `look`."""
    return KnownCode(
        cells=frozenset(template),
        literals=frozenset(literal for cell in template for _, literal in _large(cell, most)),
        names=frozenset(name.lower() for cell in template for _, _, name in _names(cell)),
    )


def look(cells: Sequence[str], known: KnownCode = NOTHING, *, most: int) -> list[CodeMark]:
    """The marks in the cells of a notebook's code.

    A literal, or a comment, is a mark when it has more than `most` characters; so are strings that read like data when
    they have more together.
    """
    marks: list[CodeMark] = []
    dense: list[tuple[int, int, str]] = []
    for number, cell in enumerate(cells, start=1):
        if cell in known.cells:
            continue
        large = [(start, text) for start, text in _large(cell, most) if text not in known.literals]
        for start, text in large:
            kind = LiteralMark.COMMENT if text.startswith("#") else LiteralMark.LITERAL
            marks.append(_mark(kind, number, cell, start, text))
        inside = [(start, start + len(text)) for start, text in large]
        dense += [
            (number, start, text)
            for start, text in _dense(cell)
            if not any(begin <= start < end for begin, end in inside)
        ]
        named = [
            _mark(kind, number, cell, start, name, size=0)
            for kind, start, name in _names(cell)
            if name.lower() not in known.names
        ]
        marks += {(name.kind, name.line): name for name in named}.values()  # one of a line is enough
    total = sum(len(text) for _, _, text in dense)
    if total > most:
        number, start, text = dense[0]
        marks.append(_mark(LiteralMark.DENSE, number, cells[number - 1], start, text, size=total))
    return marks


def largest(cells: Sequence[str], known: KnownCode = NOTHING) -> int:
    """Characters of the largest literal in a notebook's own cells of code, white space not counted."""
    literals = (piece["literal"] for cell in cells if cell not in known.cells for piece in PIECES.finditer(cell))
    return max((_size(literal) for literal in literals if literal), default=0)


def _large(cell: str, most: int) -> Iterator[tuple[int, str]]:
    """Where literals and comments of more than `most` characters begin, and what they are."""
    for piece in PIECES.finditer(cell):
        if piece.lastgroup and len(piece[0]) > most and _size(piece[0]) > most and re.search(r"[\"'#0-9]", piece[0]):
            text = piece[0].lstrip()
            yield piece.end() - len(text), text.rstrip()


def _dense(cell: str) -> Iterator[tuple[int, str]]:
    """Strings of at least DENSE characters without white space."""
    for string in STRING_OR_COMMENT.finditer(cell):
        if not string["comment"] and len(string[0]) >= DENSE and not re.search(r"\s", string[0]):
            yield string.start(), string[0]


def _names(cell: str) -> Iterator[tuple[LiteralMark, int, str]]:
    """The names that are looked for, outside comments."""
    bare = STRING_OR_COMMENT.sub(lambda match: " " * len(match[0]) if match["comment"] else match[0], cell)
    for mark, pattern in NAMES:
        for name in pattern.finditer(bare):
            yield mark, name.start(), name[0]


def _mark(kind: LiteralMark, number: int, cell: str, start: int, text: str, size: int | None = None) -> CodeMark:
    line_start = cell.rfind("\n", 0, start) + 1
    excerpt = cell[max(line_start, start - EXCERPT // 2) :].split("\n", 1)[0][:EXCERPT]
    return CodeMark(
        kind=kind,
        cell=number,
        line=cell.count("\n", 0, start) + 1,
        size=_size(text) if size is None else size,
        excerpt=excerpt.strip(),
    )


def _size(text: str) -> int:
    return sum(map(len, text.split()))
