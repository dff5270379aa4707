"""An instructor's notebook, parsed: questions, tests, solutions, and the markers of otter-assign around them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml  # type: ignore[import-untyped]

MARKER = re.compile(r"#\s+(?:(begin|end)\s+(question|prompt|solution|tests)|(assignment)\s+config)\s*", re.IGNORECASE)
BLOCKS = ("QUESTION", "PROMPT", "SOLUTION", "TESTS")
MARKERS = [*(f"# {verb} {block}" for verb in ("BEGIN", "END") for block in BLOCKS), "# ASSIGNMENT CONFIG"]

IGNORED = re.compile(r"##\s*ignore\s*##\s*|#\s*ignore\s*", re.IGNORECASE)
BEGIN_TEST_CONFIG = re.compile(r'(?:.\s*=\s*)?""?"?\s*#\s*BEGIN\s*TEST\s*CONFIG', re.IGNORECASE)
END_TEST_CONFIG = re.compile(r'""?"?\s*#\s*END\s*TEST\s*CONFIG', re.IGNORECASE)
HIDDEN = re.compile(r"\s*#+\s*hidden(?:\s+tests?)?\s*#*\s*", re.IGNORECASE)
HIDES = re.compile(r"\s*#.*\bhidden\b", re.IGNORECASE)
"""What otter takes for `# HIDDEN`: any comment on the first line that has the word in it."""

BEGIN_SOLUTION = re.compile(r"\s*# BEGIN SOLUTION")
END_SOLUTION = "# END SOLUTION"
MARKED_LINE = re.compile(r".*# ?SOLUTION|.*# (?:(?:BEGIN|END) PROMPT|SEED)\s*$")


def place(number: int, first_line: str) -> str:
    """How messages name a cell, numbered from 1."""
    return f"cell {number} (`{first_line}`)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One fault of a source notebook; `str(problem)` names the cell, the fault and the remedy."""

    cell: int
    """From 1 among all cells, as Jupyter shows them; 0 for the notebook as a whole."""
    first_line: str
    text: str
    nearest: str | None = None
    """The valid name that was probably meant."""
    fatal: bool = True
    """False for advice: the release may be made without it."""

    def __str__(self) -> str:
        where = place(self.cell, self.first_line) if self.cell else "the notebook"
        return f"{where}: {self.text}" + (f" Did you mean `{self.nearest}`?" if self.nearest else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceCell:
    """One cell of the source and where it lies."""

    number: int
    kind: str
    text: str
    blocks: tuple[str, ...] = ()
    """The blocks around it, outermost first: ("question", "tests")."""
    question: int | None = None
    """Number of the BEGIN QUESTION cell it belongs to."""
    tags: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def first_line(self) -> str:
        line = next((line.strip() for line in self.lines if line.strip()), "")
        return line if len(line) <= 60 else f"{line[:59]}…"

    @property
    def place(self) -> str:
        return place(self.number, self.first_line)

    @property
    def ignored(self) -> bool:
        """Whether otter drops the cell from everything it writes."""
        return bool(IGNORED.match(self.text))

    @property
    def marker(self) -> tuple[str, str]:
        """("begin" or "end", block), ("assignment", "config"), or two empty strings for any other cell."""
        match = MARKER.match(self.text) if self.kind == "raw" and not self.ignored else None
        if match is None:
            return "", ""
        verb, block, config = match.groups()
        return ("assignment", "config") if config else (verb.lower(), block.lower())

    @property
    def is_test(self) -> bool:
        return self.blocks[-1:] == ("tests",) and not self.marker[0] and not self.ignored

    @property
    def is_solution(self) -> bool:
        return self.blocks[-1:] == ("solution",) and not self.marker[0] and not self.ignored

    def problem(self, text: str, *, nearest: str | None = None, fatal: bool = True) -> Problem:
        return Problem(cell=self.number, first_line=self.first_line, text=text, nearest=nearest, fatal=fatal)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceTest:
    """One test cell: its header (`# HIDDEN`, or TEST CONFIG) and the function below it."""

    cell: SourceCell
    settings: Mapping[str, Any]
    header: int
    """Lines of the header."""
    problems: tuple[Problem, ...]
    """Why the header could not be read."""

    @property
    def body(self) -> str:
        return "\n".join(self.cell.lines[self.header :])

    @property
    def hidden(self) -> bool:
        """Whether otter will hide it."""
        return bool(self.settings.get("hidden", HIDES.match(self.cell.lines[0])))

    @property
    def meant_hidden(self) -> bool:
        """Whether the author wanted it hidden, or may have: even where otter would not see that."""
        return self.hidden or bool(self.problems) or any(HIDDEN.fullmatch(line) for line in self.cell.lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceQuestion:
    """One question: what its BEGIN QUESTION cell says, and its test cells."""

    cell: SourceCell
    settings: Mapping[str, Any]
    tests: tuple[SourceTest, ...]
    problems: tuple[Problem, ...]
    """Why its settings could not be read."""

    @property
    def name(self) -> str:
        return str(self.settings.get("name", ""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A source notebook taken apart. Reads faulty notebooks too."""

    cells: tuple[SourceCell, ...]
    settings: Mapping[str, Any]
    """What ASSIGNMENT CONFIG says."""
    questions: tuple[SourceQuestion, ...]
    unread: tuple[Problem, ...]
    """Why ASSIGNMENT CONFIG could not be read."""
    unnested: tuple[Problem, ...]
    """Where blocks do not open and close in order."""

    @property
    def tests(self) -> list[SourceTest]:
        return [test for question in self.questions for test in question.tests]


def read_source(notebook: Mapping[str, Any]) -> Source:
    """Take a source notebook apart into its questions, their tests and everything else."""
    cells, unnested = _nest(
        SourceCell(
            number=cell.get("metadata", {}).get("source_cell", number),  # of the notebook as its author sees it
            kind=cell["cell_type"],
            text=_text(cell["source"]),
            tags=tuple(cell.get("metadata", {}).get("tags", ())),
        )
        for number, cell in enumerate(notebook["cells"], 1)
    )
    settings: dict[str, Any] = {}
    unread: list[Problem] = []
    for cell in cells:
        if cell.marker[0] == "assignment":
            table, faults = _table(cell, cell.text)
            settings |= table
            unread += faults
    return Source(
        cells=tuple(cells),
        settings=settings,
        questions=tuple(_read_question(cell, cells) for cell in cells if cell.marker == ("begin", "question")),
        unread=tuple(unread),
        unnested=tuple(unnested),
    )


def solution_roles(lines: Iterable[str]) -> list[str]:
    """What each line of a solution cell is to otter: "begin", "inside", "end", "marked", or "" for one it keeps.

    An end without a beginning is "stray".
    """
    roles, opened = [], False
    for line in lines:
        if line.rstrip().endswith(END_SOLUTION):
            role = "end" if opened else "stray"
            opened = False
        elif opened:
            role = "inside"
        elif BEGIN_SOLUTION.match(line):
            role, opened = "begin", True
        else:
            role = "marked" if MARKED_LINE.match(line) else ""
        roles.append(role)
    return roles


def _text(source: str | Sequence[str]) -> str:
    joined = source if isinstance(source, str) else "".join(source)
    return joined.replace("\r\n", "\n")


def _nest(cells: Iterable[SourceCell]) -> tuple[list[SourceCell], list[Problem]]:
    """Give each cell the blocks it lies in; report the blocks that do not open and close in order."""
    placed_cells: list[SourceCell] = []
    problems: list[Problem] = []
    open_blocks: list[SourceCell] = []
    for cell in cells:
        verb = cell.marker[0]
        if verb == "begin":
            problems += _open(cell, open_blocks)
        inside = [begin.marker[1] for begin in open_blocks]
        question = next((begin.number for begin in open_blocks if begin.marker[1] == "question"), None)
        placed_cells.append(replace(cell, blocks=tuple(inside), question=question))
        if verb == "end":
            problems += _close(cell, open_blocks)
    return placed_cells, problems + [_unended(cell) for cell in open_blocks]


def _open(cell: SourceCell, open_blocks: list[SourceCell]) -> list[Problem]:
    """Open a block, after closing whatever cannot go around it."""
    block = cell.marker[1]
    keep = 0 if block == "question" else 1
    problems = [_unended(begin) for begin in open_blocks[keep:]]
    del open_blocks[keep:]
    if keep and (not open_blocks or open_blocks[0].marker[1] != "question"):
        problems += [cell.problem(f"a {block} block outside a question. Put it below a `# BEGIN QUESTION` cell.")]
    open_blocks.append(cell)
    return problems


def _close(cell: SourceCell, open_blocks: list[SourceCell]) -> list[Problem]:
    block = cell.marker[1]
    if block not in [begin.marker[1] for begin in open_blocks]:
        return [cell.problem(f"ends a block that has not begun. Delete it or add `# BEGIN {block.upper()}` above.")]
    problems = []
    while (begin := open_blocks.pop()).marker[1] != block:
        problems.append(_unended(begin))
    return problems


def _unended(cell: SourceCell) -> Problem:
    return cell.problem(f"has no end. Add a raw cell `# END {cell.marker[1].upper()}` where the block ends.")


def _read_question(begin: SourceCell, cells: Iterable[SourceCell]) -> SourceQuestion:
    settings, problems = _table(begin, begin.text)
    tests = tuple(_read_test(cell) for cell in cells if cell.is_test and cell.question == begin.number)
    return SourceQuestion(cell=begin, settings=settings, tests=tests, problems=tuple(problems))


def _table(cell: SourceCell, text: str, above: int = 0) -> tuple[dict[str, Any], list[Problem]]:
    """Read YAML that begins after the first `above` lines of the cell."""
    try:
        table = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1 + above} " if mark else ""
        reason = getattr(error, "problem", None) or "it cannot be read"
        return {}, [cell.problem(f"{line}is not YAML: {reason}. Quote texts that hold `: ` or `#`.")]
    if table is None:
        return {}, []
    if not isinstance(table, dict):
        return {}, [cell.problem("is not a table. Write one `key: value` a line.")]
    return {str(key): value for key, value in table.items()}, []


def _read_test(cell: SourceCell) -> SourceTest:
    """Read a test cell's header as otter does."""
    lines = cell.lines
    if not BEGIN_TEST_CONFIG.match(lines[0]):
        return SourceTest(cell=cell, settings={}, header=1 if HIDES.match(lines[0]) else 0, problems=())
    end = next((index for index, line in enumerate(lines) if END_TEST_CONFIG.match(line)), None)
    if end is None:
        problem = cell.problem('the test config has no end. Add a line `""" # END TEST CONFIG`.')
        return SourceTest(cell=cell, settings={}, header=len(lines), problems=(problem,))
    settings, problems = _table(cell, "\n".join(lines[1:end]), above=1)
    return SourceTest(cell=cell, settings=settings, header=end + 1, problems=tuple(problems))
