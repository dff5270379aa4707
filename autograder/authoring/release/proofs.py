"""Proofs that a release gives nothing away and asks what it should; each raises ReleaseError naming the cell or case.

No hidden test or solution is in it, by its text and by canaries; in the room, the solution earns every point and the
untouched release none that it should not.
"""

import ast
import copy
import json
import math
import re
import secrets
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from autograder.authoring.source.parse import Source, SourceCell, SourceTest, read_source, solution_roles
from autograder.model.bundle import Assignment
from autograder.model.errors import ReleaseError
from autograder.model.notebook import Notebook
from autograder.model.report import CaseResult, QuestionResult, Report, Status

SHORTEST_SECRET = 12
"""Characters: a shorter line (`return x`) says nothing by turning up elsewhere."""

CANARY = re.compile(rb"canary[0-9a-f]{16}")
"""The words that `plant_canaries` plants."""

MARK = re.compile(r"\s*# ?(?=SOLUTION|SEED|(?:BEGIN|END) PROMPT)")
"""Where otter's marker begins on a marked line."""


def read_notebook(path: Path) -> Notebook:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReleaseError(f"{path} is missing. The notebook of an assignment has its folder's name.") from None
    except ValueError as error:
        raise ReleaseError(f"{path} is not a notebook: {error}. Open it in Jupyter and save it again.") from None
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4 or "cells" not in notebook:
        raise ReleaseError(f"{path} is not a notebook of format 4. Open it in Jupyter and save it again.")
    return notebook


def listing(folder: Path) -> list[str]:
    """Every file below `folder`, relative to it, with slashes."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def fault(name: str, what: str, lines: Iterable[str]) -> str:
    listed = "\n".join(textwrap.indent(line.strip(), "    ")[2:] for line in lines)
    return f"{name}: {what}:\n{listed}\nMend the source and run: neurograde release {name}"


def prove_notebook_opens(path: Path) -> None:
    """Jupyter can open it, and stripping has not left half a statement in a cell. Raises ReleaseError."""
    import nbformat
    from IPython.core.inputtransformer2 import TransformerManager

    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise ReleaseError(f"{path.stem}: Jupyter would not open the release: {error}. Mend that cell.") from None
    faults = []
    for number, cell in enumerate(notebook.cells, 1):
        try:
            if cell.cell_type == "code":
                ast.parse(TransformerManager().transform_cell(cell.source))
        except SyntaxError as error:
            first = SourceCell(number=number, kind="code", text=cell.source).place
            faults.append(f"{first} of the release: line {error.lineno} is not Python: {error.msg}")
    if faults:
        raise ReleaseError(fault(path.stem, "stripping the solutions broke these cells; mark whole statements", faults))


def prove_same_code(release: Path, bundle: Path) -> None:
    """A release asks what its bundle asks, so what is proved of the bundle holds for it. Raises ReleaseError."""
    if _code_of(release / f"{bundle.name}.ipynb") != _code_of(bundle / "template.ipynb"):
        raise ReleaseError(f"{bundle.name}: the code of the translation is not that of the source.")


def _code_of(path: Path) -> list[str]:
    code = ["".join(cell["source"]) for cell in read_notebook(path)["cells"] if cell["cell_type"] == "code"]
    return code[1:]  # the first cell fetches the files of its own language


# --- nothing secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """A line that must not be in the release."""

    text: str
    what: str
    """What it is a line of: "a hidden test", "a solution"."""
    cell: SourceCell


def prove_nothing_secret(release: Path, notebooks: Iterable[Mapping[str, Any]], desk: Path) -> None:
    """No line of a hidden test or solution, no hint and no staff file is in the release. Raises ReleaseError.

    `notebooks` are the source in every language, `desk` is the folder it was built from.
    """
    sources = [read_source(notebook) for notebook in notebooks]
    lines = leaks(release, list(dict.fromkeys(line for source in sources for line in secrets_of(source))))
    staff = {(desk / path).read_bytes(): path for path in _staff_files(sources[0], desk)}
    for path in listing(release):
        data = (release / path).read_bytes()
        if original := staff.get(data) if data else None:
            lines.append(f"{path} is `{original}`, which `autograder_files` keeps for staff")
    if lines:
        raise ReleaseError(fault(release.name, "the release would give away", lines))


def secrets_of(source: Source) -> list[Secret]:
    """Every line that only staff may see and that does not stand in a public cell anyway."""
    public_lines, secret_lines = [], []
    hidden = {test.cell.number: test for test in source.tests if test.meant_hidden}
    for cell in source.cells:
        if cell.marker[0]:
            continue
        if cell.number in hidden:
            secret_lines += [
                Secret(text=line, what="a hidden test", cell=cell) for line in _test_lines(hidden[cell.number])
            ]
        elif cell.ignored or (cell.is_solution and cell.kind != "code" and "otter_include" not in cell.tags):
            secret_lines += [Secret(text=line, what="a cell for staff", cell=cell) for line in cell.lines]
        elif cell.kind == "code" and not cell.is_test:
            for line, role in zip(cell.lines, solution_roles(cell.lines), strict=True):
                if role in ("inside", "marked"):
                    secret_lines.append(Secret(text=MARK.split(line)[0], what="a solution", cell=cell))
                else:
                    public_lines.append(line)
        else:
            public_lines += cell.lines
    for test in source.tests:
        if not test.meant_hidden:
            public_lines += _test_lines(test)
    public_text = "\n".join(public_lines)
    stripped = (replace(line, text=line.text.strip()) for line in secret_lines)
    return [line for line in dict.fromkeys(stripped) if _tells(line.text) and line.text not in public_text]


def leaks(folder: Path, hidden: Sequence[Secret]) -> list[str]:
    """Where in the files of `folder` a secret stands, one line for each."""
    if not hidden:
        return []
    # Data of many megabytes are searched for hundreds of lines: as bytes, and each text once.
    texts = {secret.text: _as_bytes(secret.text) for secret in hidden}
    stretches = _stretches(texts.values())
    lines = []
    for path in listing(folder):
        words = b"\xff".join(stretches.findall(_words(folder / path)))  # which UTF-8 has nowhere
        there = {text for text, searched in texts.items() if searched in words}
        lines += [
            f"{path}: `{secret.text}`, {secret.what} of {secret.cell.place}"
            for secret in hidden
            if secret.text in there
        ]
    return lines


def _stretches(texts: Collection[bytes]) -> re.Pattern[bytes]:
    """What could hold one of the texts, by its bytes and length. Of compressed data that is next to nothing."""
    letters = bytes({letter for text in texts for letter in text})
    return re.compile(b"[%b]{%d,}" % (re.escape(letters), min(map(len, texts))))


def _test_lines(test: SourceTest) -> list[str]:
    """A test as written and as otter rewrites it, with its hint."""
    hint = str(test.settings.get("failure_message") or "")
    try:
        rewritten = ast.unparse(ast.parse(test.body)).split("\n")
    except SyntaxError:
        rewritten = []
    return [*test.body.split("\n"), *rewritten, hint]


def _tells(line: str) -> bool:
    return len(line) >= SHORTEST_SECRET and not re.match(r"(?:import|from)\s", line)


def _words(path: Path) -> bytes:
    """A file as UTF-8 to search, its lines ended alike; a notebook without the escapes of JSON."""
    if path.suffix == ".ipynb":
        return _as_bytes("\n".join(_strings(json.loads(path.read_text(encoding="utf-8", errors="replace")))))
    return path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _as_bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # JSON may hold halves of a character


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from _strings(below)
    elif isinstance(value, list):
        for below in value:
            yield from _strings(below)


def _staff_files(source: Source, desk: Path) -> list[str]:
    names = [str(Path(name)) for name in source.settings.get("autograder_files") or []]
    return [path for path in listing(desk) if any(path == name or path.startswith(f"{name}/") for name in names)]


# --- canaries


def prove_canaries_stay(results: Sequence[Path], places: Mapping[str, str]) -> None:
    """What otter made of the notebooks with canaries has all of them for graders and none for students.

    Finds what the search by text cannot: lines too short to tell, and whatever otter rewrites. Raises ReleaseError.
    """
    student, staff = (
        {word for result in results for word in _canaries_in(result / folder)} for folder in ("student", "autograder")
    )
    name = results[0].name.removesuffix("-made")
    if escaped := [place for canary, place in places.items() if canary in student]:
        raise ReleaseError(fault(name, "what is hidden in these cells gets into the release", escaped))
    # a canary that nobody got proves nothing
    if lost := [place for canary, place in places.items() if canary not in staff]:
        raise ReleaseError(fault(name, "otter drops these from the graders' copy too; mark them otherwise", lost))


def plant_canaries(notebook: Mapping[str, Any]) -> tuple[Notebook, dict[str, str]]:
    """A copy of the source with a canary in each hidden test, hint and solution, and the place of each canary."""
    source = read_source(notebook)
    hidden = {test.cell.number: test for test in source.tests if test.meant_hidden}
    planted: Notebook = copy.deepcopy(dict(notebook))
    places: dict[str, str] = {}

    def canary(cell: SourceCell, what: str) -> str:
        word = f"canary{secrets.token_hex(8)}"
        places[word] = f"{what} of {cell.place}"
        return word

    for cell, raw in zip(source.cells, planted["cells"], strict=True):
        if cell.number in hidden:
            raw["source"] = _canary_in_test(hidden[cell.number], canary)
        elif cell.marker[0] or cell.ignored or cell.is_test:
            continue
        elif cell.kind == "code":
            raw["source"] = _canary_in_solution(cell, canary)
        elif cell.is_solution and "otter_include" not in cell.tags:
            raw["source"] = f"{cell.text}\n\n{canary(cell, 'the solution')}"
    return planted, places


def _canary_in_test(test: SourceTest, canary: Callable[[SourceCell, str], str]) -> str:
    header = test.cell.lines[: test.header]
    if hint := test.settings.get("failure_message"):
        settings = {**test.settings, "failure_message": f"{hint} {canary(test.cell, 'the hint')}"}
        table = yaml.safe_dump(settings, allow_unicode=True).rstrip()
        header = ['""" # BEGIN TEST CONFIG', table, '""" # END TEST CONFIG']
    tree = ast.parse(test.body)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    word = canary(test.cell, "the hidden test")
    function.body.insert(0, ast.Expr(ast.Constant(word)))  # a statement: otter drops comments by itself
    return "\n".join([*header, ast.unparse(ast.fix_missing_locations(tree))])


def _canary_in_solution(cell: SourceCell, canary: Callable[[SourceCell, str], str]) -> str:
    lines = []
    for line, role in zip(cell.lines, solution_roles(cell.lines), strict=True):
        if role == "begin":
            indent = line[: len(line) - len(line.lstrip())]
            lines += [line, f"{indent}# {canary(cell, 'the solution')}"]
        elif role == "marked":
            mark = MARK.search(line)
            assert mark is not None
            lines.append(f"{line[: mark.start()]}  # {canary(cell, 'the solution')} {line[mark.start() :].lstrip()}")
        else:
            lines.append(line)
    return "\n".join(lines)


def _canaries_in(folder: Path) -> set[str]:
    return {word.decode() for path in listing(folder) for word in CANARY.findall((folder / path).read_bytes())}


# --- points, in the room


def prove_points(assignment: Assignment, grade: Callable[[bytes, Assignment], Report]) -> None:
    """The solution earns every point, the untouched release no hidden point and no whole question.

    Raises ReleaseError naming question, case and message; and whatever `grade` raises.
    """
    solution = grade((assignment.bundle / "solution.ipynb").read_bytes(), assignment)
    if missed := [*_unlike(solution, assignment), *_missed(solution)]:
        raise ReleaseError(fault(assignment.name, "the solution does not earn every point in the room", missed))
    untouched = grade((assignment.bundle / "template.ipynb").read_bytes(), assignment)
    if gifts := [*_unlike(untouched, assignment), *_gifts(untouched)]:
        raise ReleaseError(fault(assignment.name, "the untouched release earns what it should not", gifts))


def _unlike(report: Report, assignment: Assignment) -> Iterator[str]:
    """A report that leaves a question out has not proved it."""
    reported = {question.name: (len(question.cases), question.max_points) for question in report.questions}
    for question in assignment.questions:
        cases, points = reported.get(question.name, (0, 0.0))
        if cases != len(question.cases) or not math.isclose(points, question.points):
            wanted = f"{len(question.cases)} cases worth {question.points:g}"
            yield f"{question.name}: {cases} cases worth {points:g} points were graded, instead of {wanted}"


def _missed(report: Report) -> Iterator[str]:
    for question in report.questions:
        failed = [case for case in question.cases if case.status is not Status.PASSED]
        yield from (f"{_case(question, case)}: {case.status} {case.message}" for case in failed)
        if (
            not failed
            and question.points < question.max_points
            and not math.isclose(question.points, question.max_points)
        ):
            yield f"{question.name}: {question.points:g} of {question.max_points:g} points, though every case passed"


def _gifts(report: Report) -> Iterator[str]:
    for question in report.questions:
        for case in question.cases:
            if case.hidden and case.points > 0:
                yield f"{_case(question, case)}: {case.points:g} points without any work. Make the test ask for more."
        if question.max_points > 0 and question.points >= question.max_points:
            yield f"{question.name}: all {question.max_points:g} points without any work. Make its tests ask for more."


def _case(question: QuestionResult, case: CaseResult) -> str:
    return f"{question.name}, {'hidden' if case.hidden else 'public'} case `{case.name}`"
