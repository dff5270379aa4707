"""A claim: the predictions that a student uploads as submission.csv. Checked without a label in sight.

Every problem of a file is told in one reply, with line numbers, before the claim counts. A file is split at line ends
and delimiters alone, so that an unbalanced quote cannot swallow lines and a line number is what an editor shows.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograder.model.errors import SubmissionError
from autograder.model.language import plural
from grading.common.spreadsheet import DELIMITERS

COLUMNS = ("Category", "Id")
HEADER = ",".join(COLUMNS)
MAX_ROW_BYTES = 100
"""A row of two numbers as `numpy.savetxt` writes them takes 50."""
SHOWN = 5
"""How many instances of a problem are told."""
BLANK = DELIMITERS + '" '
"""A line of nothing else says nothing: spreadsheets leave such lines behind."""
ARCHIVES = {b"PK": "a zip or an Excel workbook", b"\x1f\x8b": "gzip"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class ClaimInvalidError(SubmissionError):
    """The file is no claim; the text tells the student every problem in it."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "The predictions were not accepted, and this try does not count. "
            f"The file has {_counted(len(problems), 'problem')}:\n{self.listed}\n"
            "Mend it and hand it in again."
        )

    @property
    def listed(self) -> str:
        return "\n".join(f"  - {problem}" for problem in self.problems)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Claim:
    """What a student claims the test set's classes are."""

    predictions: NDArray[np.int64]
    """(n,) class numbers, by Id."""
    warnings: tuple[str, ...] = ()
    """What the student may want to look at; the claim counts all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """The rows below the header, by column, and what was odd about the file.

    A list for each row would set off the garbage collector, which takes longer than all the rest.
    """

    names: Sequence[str] = COLUMNS
    rows: int = 0
    ragged: Sequence[str] = ()
    """Which rows have more or fewer cells than the first line; they are in no column."""
    lines: Sequence[int] = ()
    """Where the other rows stand in the file, counted from 1."""
    columns: Sequence[Sequence[str]] = ()
    places: tuple[int, int] | None = None
    """Which columns are Category and Id; None when the header does not tell."""
    problems: Sequence[str] = ()
    warnings: Sequence[str] = ()


def read_claim(content: bytes, n: int, classes: int = 10) -> Claim:
    """Read a submission.csv: a header of Category and Id, then one row for each Id from 0 to n - 1, in any order.

    A Category is a whole number from 0 to classes - 1; `7.0` is 7. Raises ClaimInvalidError listing every problem.
    """
    sheet = _sheet(_text(content, n))
    problems = list(sheet.problems)
    if sheet.rows != n:
        rows = _counted(sheet.rows, "row")
        problems.append(f"It has {rows} of predictions; {n:,} are needed, one for each Id.")
    if sheet.ragged:
        problems.append(f"Every row must have {len(sheet.names)} cells, as the first line has; {_some(sheet.ragged)}.")
    predictions = np.empty(0, dtype=np.int64)
    if sheet.places is not None:
        categories, ids = (sheet.columns[place] for place in sheet.places)
        predictions, more = _predictions(sheet.lines, categories, ids, n, classes)
        problems += more
    if problems:
        raise ClaimInvalidError(problems)
    predictions.setflags(write=False)
    return Claim(predictions=predictions, warnings=(*sheet.warnings, *_oddities(predictions, classes)))


def _text(content: bytes, n: int) -> str:
    """The file as text. Raises ClaimInvalidError for one that is too large, or no text."""
    most = MAX_ROW_BYTES * (n + 1)
    if len(content) > most:
        raise ClaimInvalidError([f"It has {len(content):,} bytes; {n:,} rows of two numbers need less than {most:,}."])
    for start, kind in ARCHIVES.items():
        if content.startswith(start):
            raise ClaimInvalidError([f"It is {kind}, not text. Save it as CSV."])
    if content.startswith(UTF_16):
        raise ClaimInvalidError(["It is text in UTF-16. Save it as CSV in UTF-8."])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ClaimInvalidError([f"Line {line} is not UTF-8 text. Save it as CSV in UTF-8."]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _sheet(text: str) -> Sheet:
    every = text.split("\n")
    lines = [number for number, line in enumerate(every, 1) if line.strip(BLANK)]
    if not lines:
        return Sheet(problems=[f"It is empty; it begins with {HEADER}."])
    header = every[lines[0] - 1]
    delimiter = max(DELIMITERS, key=header.count)
    names, width = _cells(header, delimiter), header.count(delimiter) + 1
    problems, warnings = _header(lines[0], names, delimiter)
    is_data = all(math.isfinite(_number(name)) for name in names)
    rows = lines if is_data else lines[1:]
    regular = [number for number in rows if every[number - 1].count(delimiter) == width - 1]
    cells = _cells(delimiter.join([every[number - 1] for number in regular]), delimiter) if regular else []
    odd = set(rows).difference(regular)
    return Sheet(
        names=names,
        rows=len(rows),
        ragged=[f"line {number} has {every[number - 1].count(delimiter) + 1}" for number in sorted(odd)],
        lines=regular,
        columns=[cells[place::width] for place in range(width)],
        places=_places(COLUMNS if is_data and width == len(COLUMNS) else names),
        problems=problems,
        warnings=warnings,
    )


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip(' "') for cell in line.split(delimiter)]


def _header(line: int, names: Sequence[str], delimiter: str) -> tuple[list[str], list[str]]:
    """(problems, warnings) of the line that should be the header."""
    warnings = [] if delimiter == "," else [f"The columns were taken to be separated by {delimiter!r} instead of ','."]
    if tuple(names) == COLUMNS:
        return [], warnings
    if tuple(names) == COLUMNS[::-1]:
        return [], [*warnings, f"The columns are in the order {','.join(names)}; they were read by their names."]
    hint = " Write it without the index: to_csv(..., index=False)." if names[0] == "" else ""
    return [f"Line {line} must be the header {HEADER}; it is {_quoted(delimiter.join(names))}.{hint}"], warnings


def _places(names: Sequence[str]) -> tuple[int, int] | None:
    """Where Category and Id are, also when the header is not quite right: then the rows can be checked all the same."""
    lower = [name.lower() for name in names]
    category, number = (name.lower() for name in COLUMNS)
    if lower.count(number) == 1 and (lower.count(category) == 1 or len(lower) == 2):
        place = lower.index(number)
        return (lower.index(category) if category in lower else 1 - place), place
    return None


def _predictions(
    lines: Sequence[int], categories: Sequence[str], ids: Sequence[str], n: int, classes: int
) -> tuple[NDArray[np.int64], list[str]]:
    """The predictions by Id, meaningless if there are problems, and what is wrong with the cells."""
    wanted, numbers = (np.array([_number(cell) for cell in column]) for column in (categories, ids))
    problems = [
        *_not_whole(lines, categories, wanted, classes, COLUMNS[0]),
        *_not_whole(lines, ids, numbers, n, COLUMNS[1]),
    ]
    known = np.flatnonzero(_is_whole(numbers, n))
    given = numbers[known].astype(np.int64)
    counts = np.bincount(given, minlength=n)
    twice = np.flatnonzero(counts > 1)
    if len(twice):
        places = [f"Id {i} on lines {_some([lines[row] for row in known[given == i]])}" for i in twice[:SHOWN]]
        several = _counted(len(twice), "Id is there", "Ids are there")
        problems.append(f"{several} more than once: {'; '.join(places)}{_more(len(twice))}.")
    absent = np.flatnonzero(counts == 0)
    if len(absent):
        problems.append(f"{_counted(len(absent), 'Id is', 'Ids are')} missing: {_some(absent.tolist())}.")
    if absent.tolist() == [0] and n in numbers:
        problems.append(f"The Ids seem to count from 1; they go from 0 to {n - 1}.")
    predictions = np.zeros(n, dtype=np.int64)
    if not problems:
        predictions[given] = wanted.astype(np.int64)
    return predictions, problems


def _is_whole(numbers: NDArray[np.float64], end: int) -> NDArray[np.bool_]:
    """Where numbers are whole and from 0 to end - 1; NaN is not."""
    whole: NDArray[np.bool_] = (numbers >= 0) & (numbers < end) & (numbers == np.floor(numbers))
    return whole


def _not_whole(
    lines: Sequence[int], cells: Sequence[str], numbers: NDArray[np.float64], end: int, column: str
) -> Iterator[str]:
    bad = np.flatnonzero(~_is_whole(numbers, end)).tolist()
    if bad:
        shown = [f"line {lines[row]} has {_quoted(cells[row])}" for row in bad[:SHOWN]]
        rows, wanted = _counted(len(bad), "row"), f"a whole number from 0 to {end - 1}"
        yield f"{column} must be {wanted}; in {rows} it is not: {_some(shown)}{_more(len(bad))}."


def _number(cell: str) -> float:
    """A cell's number; NaN when it is none. Python would also take 1_000."""
    try:
        return math.nan if "_" in cell else float(cell)
    except ValueError:
        return math.nan


def _oddities(predictions: NDArray[np.int64], classes: int) -> Iterator[str]:
    kinds = np.unique(predictions)
    if len(kinds) == 1:
        also = ", as in the sample submission" if kinds[0] == 0 else ""
        yield f"Every prediction is class {kinds[0]}{also}."
    elif len(kinds) < classes:
        never = _some(np.setdiff1d(np.arange(classes), kinds).tolist())
        yield f"Only {len(kinds)} of {classes} classes are ever predicted; missing: {never}."


def _quoted(cell: str) -> str:
    return repr(cell if len(cell) <= 30 else f"{cell[:30]}...")


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {plural(count, one, several)}"


def _some(instances: Sequence[object]) -> str:
    """The first few, and how many more there are."""
    return ", ".join(map(str, instances[:SHOWN])) + _more(len(instances))


def _more(total: int) -> str:
    return f" and {total - SHOWN:,} more" if total > SHOWN else ""
