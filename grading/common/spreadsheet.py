"""The cells of a CSV file: text from outside never becomes a formula, and comes back as it was."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence

from autograder.model.errors import ConfigError

CellValue = str | float | None
"""What a table is written from: text from outside, a number, or nothing."""

# Spreadsheets run what begins with one of these, in their full-width forms too. One that splits lines at semicolons
# (as Excel does in Russia and most of Europe) begins a new cell in the middle of ours.
FORMULA = re.compile(r"""(^|;)([\s"']*[=+\-@＝＋－＠])""")  # noqa: RUF001
GUARDED = re.compile(r"""(^|;)'([\s"']*[=+\-@＝＋－＠])""")  # noqa: RUF001
# Control characters, line and paragraph separators, signs that turn the direction of writing, and no characters at all.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+")
DELIMITERS = ",;\t"
"""What may stand between cells, in files of a class list as in claims."""


def clean(text: str) -> str:
    """The text on one line, without characters that nobody sees."""
    return " ".join(UNSEEN.sub(" ", text.encode("utf-8", "replace").decode()).split())


def neutral(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: an apostrophe goes before what would begin one.

    This is what OWASP ASVS 1.2.10 asks for. `restored` takes the apostrophes off again.
    """
    return FORMULA.sub(r"\1'\2", clean(text))


def restored(cell: str) -> str:
    """The text that `neutral` made the cell of."""
    return GUARDED.sub(r"\1\2", cell)


def number(value: float) -> str:
    """A number as learning platforms read it: at most six decimals, no exponent. Raises ValueError for NaN, inf."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number to write down")
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def to_csv(rows: Iterable[Sequence[CellValue]]) -> bytes:
    """A CSV file (RFC 4180) in UTF-8, with the mark at its head by which Excel knows that it is UTF-8.

    Text is made neutral; only a dash alone, which is how learning platforms say "none", stays one inside a row.
    """
    out = io.StringIO(newline="")
    csv.writer(out).writerows(
        [cell if cell == "-" and place else _written(cell) for place, cell in enumerate(row)] for row in rows
    )
    return out.getvalue().encode("utf-8-sig")


def read_csv(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file with the numbers of their first lines; empty rows are left out.

    Commas, semicolons or tabs, UTF-8 or UTF-16. Raises ConfigError for anything else; `name` is the file's.
    """
    text = _decoded(content, name)
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first), strict=True)
    line = 1
    try:
        for row in reader:
            cells = [clean(cell) for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(f"{name}, line {line}: {error}. Mend the quotes there, or export the file again.") from None


def _written(cell: CellValue) -> str:
    if cell is None:
        return ""
    return neutral(cell) if isinstance(cell, str) else number(cell)


def _decoded(content: bytes, name: str) -> str:
    if content.startswith(b"PK\x03\x04"):
        raise ConfigError(f'{name} is an Excel workbook. Save it as "CSV UTF-8" and give that file.')
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f'{name} is not UTF-8 (line {line}), and names must not be guessed. Save it as "CSV UTF-8".'
        ) from None


def _delimiter(line: str) -> str:
    """The one that makes most cells of a line; the comma when none makes more."""
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))
