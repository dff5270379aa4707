"""From a source notebook to what students get and what graders grade with; nothing is replaced before it is proved.

    source/<a>/  --lint, data.py, otter assign-->  release/<a>/  and  bundles/<a>/

Proofs: no hidden test or solution is in the release, by its text and by canaries; in the room, the solution earns every
point and the untouched release none that it should not.
"""

import ast
import copy
import importlib.util
import json
import math
import os
import re
import secrets
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, TypeAlias

import yaml  # type: ignore[import-untyped]

from autograder.assignment import Assignment, load_assignment, load_settings
from autograder.errors import ReleaseError
from autograder.language import LANGUAGES, SOURCE_LANGUAGE
from autograder.lint import Problem, Source, SourceCell, SourceQuestion, SourceTest, lint, read_source, solution_roles
from autograder.report import CaseResult, QuestionResult, Report, Status
from autograder.setup_cell import setup_cell
from autograder.translation import hints, in_language, translate_otter, untranslated

Notebook: TypeAlias = dict[str, Any]

SHORTEST_SECRET = 12
"""Characters: a shorter line (`return x`) says nothing by turning up elsewhere."""

ASSIGN_SECONDS = 300

ASSIGN = """
import pathlib, sys
from otter.assign import main
for desk, result in zip(sys.argv[1::2], sys.argv[2::2]):
    main(f"{desk}/{pathlib.Path(desk).name}.ipynb", result, no_pdfs=True, no_run_tests=True)
"""

MARK = re.compile(r"\s*# ?(?=SOLUTION|SEED|(?:BEGIN|END) PROMPT)")
"""Where otter's marker begins on a marked line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """A release and its bundle, built and free of faults that can be seen without running them."""

    assignment: Assignment
    release: Path
    bundle: Path
    notebook: Mapping[str, Any]
    """The source."""
    desk: Path
    """The copy of the source folder it was built from, with what data.py prepared."""
    advice: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """What `release` has put in place."""

    assignment: str
    questions: int
    cases: int
    hidden_cases: int
    points: float
    files: tuple[str, ...]
    """Of the release, relative to it."""
    advice: tuple[str, ...]
    seconds: float


def release(
    source: Path,
    destination: Path,
    bundle: Path,
    grade: Callable[[bytes, Assignment], Report],
    *,
    language: str = SOURCE_LANGUAGE,
    address: str | None = None,
) -> Release:
    """Build `source` (source/<a>), prove it and replace `destination` (release/<a>) and `bundle` (bundles/<a>).

    `grade` grades the bytes of a notebook sealed in the room; `address` is where the destination will be published.
    The bundle is the same whatever the language. Raises ReleaseError (what leaked or failed, and where) or
    ConfigError, and whatever `grade` raises; the previous release and bundle are then as they were.
    """
    start = time.perf_counter()
    with TemporaryDirectory(prefix="neurograde-release-") as folder:  # solutions: never beside the release
        built = build(source, Path(folder), language=language, address=address)
        prove_points(built.assignment, grade)
        install({bundle: built.bundle, destination: built.release})
        files = tuple(_listing(built.release))
    cases = [case for question in built.assignment.questions for case in question.cases]
    return Release(
        assignment=built.assignment.name,
        questions=len(built.assignment.questions),
        cases=len(cases),
        hidden_cases=sum(case.hidden for case in cases),
        points=built.assignment.max_points,
        files=files,
        advice=tuple(str(problem) for problem in built.advice),
        seconds=time.perf_counter() - start,
    )


def build(source: Path, folder: Path, *, language: str = SOURCE_LANGUAGE, address: str | None = None) -> Build:
    """Lint `source` and make its release and bundle in `folder`, which must be private: it holds the solutions.

    Raises ReleaseError with every fault of the notebook, or with what otter, data.py or a proof found.
    """
    folder, name = folder.resolve(), source.name
    load_settings(source / "assignment.toml")
    authored = _read_notebook(source / f"{name}.ipynb")
    notebook, translated = in_language(authored, SOURCE_LANGUAGE), in_language(authored, language)
    desk = folder / "source" / name
    shutil.copytree(source, desk, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", ".OTTER_LOG"))
    _prepare_data(desk)
    problems = sorted([*lint(notebook, _listing(desk)), *untranslated(authored, language)], key=lambda p: p.cell)
    fatal = [str(problem) for problem in problems if problem.fatal]
    if fatal:
        raise ReleaseError(_fault(name, f"{source / name}.ipynb cannot be released", fatal))

    planted, places = plant_canaries(translated)
    desks = [desk, _copy_of(desk, folder / "canaries", planted)]
    _write_notebook(desk, notebook)
    if language != SOURCE_LANGUAGE:
        desks.append(_copy_of(desk, folder / language, translated))
    made, made_of_decoy, *made_of_translation = _otter_assign(*desks)
    target, bundle = folder / "release" / name, folder / "bundles" / name
    lay_out_release(made_of_translation[0] if made_of_translation else made, target, language, address)
    built = Build(
        assignment=lay_out_bundle(made, bundle, desk, read_source(notebook), translations_of(authored)),
        release=target,
        bundle=bundle,
        notebook=translated,
        desk=desk,
        advice=tuple(problem for problem in problems if not problem.fatal),
    )
    prove_notebook_opens(built.release / f"{name}.ipynb")
    prove_same_code(built)
    prove_nothing_secret(built)
    prove_canaries_stay(made_of_decoy, places)
    return built


def differences(one: Path, other: Path) -> list[str]:
    """How two folders differ, one line a file; empty if they hold the same bytes under the same names."""
    here, there = set(_listing(one)), set(_listing(other))
    lines = [f"only in {one}: {path}" for path in here - there] + [f"only in {other}: {path}" for path in there - here]
    lines += [f"differs: {path}" for path in here & there if (one / path).read_bytes() != (other / path).read_bytes()]
    return sorted(lines)


# --- otter


def _read_notebook(path: Path) -> Notebook:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReleaseError(f"{path} is missing. The notebook of an assignment has its folder's name.") from None
    except ValueError as error:
        raise ReleaseError(f"{path} is not a notebook: {error}. Open it in Jupyter and save it again.") from None
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4 or "cells" not in notebook:
        raise ReleaseError(f"{path} is not a notebook of format 4. Open it in Jupyter and save it again.")
    return notebook


def _prepare_data(desk: Path) -> None:
    """Let the instructor's data.py put its files beside the notebook."""
    path = desk / "data.py"
    if not path.exists():
        return
    name = f"neurograde_source_{desk.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
            if hasattr(module, "prepare"):
                module.prepare(desk)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ReleaseError(f"{desk.name}: data.py could not prepare the data: {what}. Mend data.py.") from error
    finally:
        del sys.modules[name]


def _otter_assign(*desks: Path) -> list[Path]:
    """Run `otter assign` on the notebook of each desk; return the folders it made.

    In a process of its own, because otter changes directory, and in one, because importing otter takes 3 seconds.
    otter is not asked to run the tests: it would run them beside the solution, and calls a file it cannot load passed.
    """
    results = [desk.with_name(f"{desk.name}-made") for desk in desks]
    with TemporaryDirectory(dir=desks[0].parent) as scratch:  # otter leaves hidden tests in its TMPDIR
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", ASSIGN, *map(str, chain(*zip(desks, results, strict=True)))],
                env={**os.environ, "TMPDIR": scratch},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=ASSIGN_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            text = f"otter assign took over {ASSIGN_SECONDS} s. Run it by hand to see why."
            raise ReleaseError(f"{desks[0].name}: {text}") from None
    if done.returncode:
        said = textwrap.indent(done.stdout.strip(), "    ")
        step = f"Mend what its last line names and run: neurograde release {desks[0].name}"
        raise ReleaseError(f"{desks[0].name}: otter assign failed. It said:\n{said}\n{step}")
    return results


# --- what otter made, laid out


def lay_out_release(made: Path, target: Path, language: str, address: str | None) -> None:
    """Lay out release/<a> from otter's student folder."""
    name, student = target.name, made / "student"
    files = [path for path in _listing(student) if path != f"{name}.ipynb"]
    for path in files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(student / path, target / path)
    (target / f"{name}.ipynb").write_text(_tidy(student / f"{name}.ipynb", language, files, address), encoding="utf-8")


def lay_out_bundle(
    made: Path, bundle: Path, desk: Path, source: Source, translations: Mapping[str, Mapping[int, str]]
) -> Assignment:
    """Lay out bundles/<a> from otter's student and autograder folders, and read it.

    `translations` are the hints of other languages, by language and by the number of the test's cell.
    """
    name, student, staff = desk.name, made / "student", made / "autograder"
    questions = [question for question in source.questions if question.tests]
    read_tests(student / "tests", questions, staff=False)
    (bundle / "files").mkdir(parents=True)
    bundle.chmod(0o700)
    for path in _listing(student):
        if path != f"{name}.ipynb" and not path.startswith("tests/"):
            (bundle / "files" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(student / path, bundle / "files" / path)
    shutil.copytree(staff / "tests", bundle / "tests")
    for notebook, original in (("template", student), ("solution", staff)):
        text = _tidy(original / f"{name}.ipynb", SOURCE_LANGUAGE, [], None)
        (bundle / f"{notebook}.ipynb").write_text(text, encoding="utf-8")
    shutil.copyfile(desk / "assignment.toml", bundle / "assignment.toml")
    index = {"questions": read_tests(bundle / "tests", questions, staff=True, translations=translations)}
    (bundle / "bundle.json").write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return load_assignment(bundle)


def translations_of(authored: Mapping[str, Any]) -> dict[str, dict[int, str]]:
    """The hints in every language but the source's, by the number of the test's cell."""
    return {language: hints(authored, language) for language in LANGUAGES if language != SOURCE_LANGUAGE}


def _copy_of(desk: Path, folder: Path, notebook: Notebook) -> Path:
    other = folder / desk.name
    shutil.copytree(desk, other)
    _write_notebook(other, notebook)
    return other


def _write_notebook(desk: Path, notebook: Notebook) -> None:
    (desk / f"{desk.name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def _tidy(path: Path, language: str, files: Sequence[str], address: str | None) -> str:
    """The notebook as text that is the same on every build, works under any file name, and brings what it needs."""
    notebook = _read_notebook(path)
    cells = [_tidy_cell(cell, number, language) for number, cell in enumerate(notebook["cells"], 1)]
    for cell in cells:
        # otter opens the notebook by the name it gives here, and fails in a file that a student has renamed
        if cell["cell_type"] == "code" and "otter.Notebook(" in "".join(cell["source"]):
            cell["source"] = setup_cell(notebook, files, address).splitlines(keepends=True)
            break
    metadata = {
        "kernelspec": notebook["metadata"]["kernelspec"],
        "language_info": {"name": "python"},
        "neurograde": {"language": language},  # hints follow the notebook that was handed in
    }
    tidy = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(tidy, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _tidy_cell(cell: Mapping[str, Any], number: int, language: str) -> Notebook:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        text = translate_otter(text, language)
    kept = {key: cell["metadata"][key] for key in ("deletable", "editable", "otter", "tags") if key in cell["metadata"]}
    tidy = {"cell_type": cell["cell_type"], "id": f"cell-{number:03}", "metadata": kept}
    tidy["source"] = text.splitlines(keepends=True)
    if cell["cell_type"] == "code":
        tidy |= {"execution_count": None, "outputs": []}
    elif "attachments" in cell:
        tidy["attachments"] = cell["attachments"]
    return tidy


def read_tests(
    folder: Path,
    questions: Sequence[SourceQuestion],
    *,
    staff: bool,
    translations: Mapping[str, Mapping[int, str]] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Load every test file as otter will, and hold it against the source; otter itself passes files it cannot read."""
    index = []
    if surplus := set(_listing(folder)) - {f"{question.name}.py" for question in questions}:
        raise ReleaseError(f"otter made test files of no question: {', '.join(sorted(surplus))}. Rename the questions.")
    for question in questions:
        loaded = _load_test_file(folder / f"{question.name}.py", question)
        tests = [test for test in question.tests if staff or not test.hidden]
        wanted = [test.hidden for test in tests]
        found = [case.hidden for case in loaded.test_cases]
        points = _points_of(question)
        if loaded.name != question.name or found != wanted:
            raise ReleaseError(
                f"{question.cell.place}: otter made {len(found)} cases of {len(wanted)} tests. Give each its own name."
            )
        if staff and points is not None and not math.isclose(loaded.possible, points):
            raise ReleaseError(
                f"{question.cell.place}: worth {points:g} points, but otter made it {loaded.possible:g}."
            )
        cases = [
            {
                "name": case.name,
                "hidden": case.hidden,
                "points": case.points,
                "hint": case.failure_message,
                "translations": {
                    language: said[test.cell.number]
                    for language, said in translations.items()
                    if test.cell.number in said and said[test.cell.number] != case.failure_message
                },
            }
            for case, test in zip(loaded.test_cases, tests, strict=True)
        ]
        index.append({"name": question.name, "points": loaded.possible, "cases": cases})
    return index


def _load_test_file(path: Path, question: SourceQuestion) -> Any:
    from otter.test_files.exception_test import ExceptionTestFile  # here because `import otter` takes 3 seconds

    try:
        return ExceptionTestFile.from_file(str(path))
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ReleaseError(f"{question.cell.place}: otter made a test file that does not load: {what}.") from error


def _points_of(question: SourceQuestion) -> float | None:
    """What the question says it is worth; None where otter decides."""
    points = question.settings.get("points")
    if isinstance(points, dict):
        return float(points["each"]) * len(question.tests)
    if isinstance(points, list):
        return None if None in points else float(sum(points))
    return None if points is None else float(points)


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
        raise ReleaseError(
            _fault(path.stem, "stripping the solutions broke these cells; mark whole statements", faults)
        )


def prove_same_code(built: Build) -> None:
    """A translation asks what the source asks: what is proved of the bundle holds for the release. ReleaseError."""
    released = _code_of(built.release / f"{built.assignment.name}.ipynb")
    if released != _code_of(built.bundle / "template.ipynb"):
        raise ReleaseError(f"{built.assignment.name}: the code of the translation is not that of the source.")


def _code_of(path: Path) -> list[str]:
    code = ["".join(cell["source"]) for cell in _read_notebook(path)["cells"] if cell["cell_type"] == "code"]
    return code[1:]  # the first cell fetches the files of its own language


# --- proof: nothing secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """A line that must not be in the release."""

    text: str
    what: str
    """What it is a line of: "a hidden test", "a solution"."""
    cell: SourceCell


def prove_nothing_secret(built: Build) -> None:
    """No line of a hidden test or solution, no hint and no staff file is in the release. Raises ReleaseError."""
    found = leaks(built.release, secrets_of(read_source(built.notebook)))
    staff = {(built.desk / path).read_bytes(): path for path in _staff_files(built)}
    for path in _listing(built.release):
        data = (built.release / path).read_bytes()
        if original := staff.get(data) if data else None:
            found.append(f"{path} is `{original}`, which `autograder_files` keeps for staff")
    if found:
        raise ReleaseError(_fault(built.assignment.name, "the release would give away", found))


def secrets_of(source: Source) -> list[Secret]:
    """Every line that only staff may see and that does not stand in a public cell anyway."""
    public, secret = [], []
    hidden = {test.cell.number: test for test in source.tests if test.meant_hidden}
    for cell in source.cells:
        if cell.marker[0]:
            continue
        if cell.number in hidden:
            secret += [Secret(text=line, what="a hidden test", cell=cell) for line in _test_lines(hidden[cell.number])]
        elif cell.ignored or (cell.is_solution and cell.kind != "code" and "otter_include" not in cell.tags):
            secret += [Secret(text=line, what="a cell for staff", cell=cell) for line in cell.lines]
        elif cell.kind == "code" and not cell.is_test:
            for line, role in zip(cell.lines, solution_roles(cell.lines), strict=True):
                if role in ("inside", "marked"):
                    secret.append(Secret(text=MARK.split(line)[0], what="a solution", cell=cell))
                else:
                    public.append(line)
        else:
            public += cell.lines
    for test in source.tests:
        if not test.meant_hidden:
            public += _test_lines(test)
    known = "\n".join(public)
    stripped = (replace(line, text=line.text.strip()) for line in secret)
    return [line for line in dict.fromkeys(stripped) if _tells(line.text) and line.text not in known]


def leaks(folder: Path, hidden: Sequence[Secret]) -> list[str]:
    """Where in the files of `folder` a secret stands, one line for each."""
    found = []
    for path in _listing(folder):
        text = _words(folder / path)
        for secret in hidden:
            if secret.text in text:
                found.append(f"{path}: `{secret.text}`, {secret.what} of {secret.cell.place}")
    return found


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


def _words(path: Path) -> str:
    """A file as text to search; a notebook without the escapes of JSON."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return "\n".join(_strings(json.loads(text))) if path.suffix == ".ipynb" else text


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


def _staff_files(built: Build) -> list[str]:
    listed = [str(Path(name)) for name in read_source(built.notebook).settings.get("autograder_files") or []]
    return [
        path for path in _listing(built.desk) if any(path == name or path.startswith(f"{name}/") for name in listed)
    ]


# --- proof: canaries


def prove_canaries_stay(made: Path, places: Mapping[str, str]) -> None:
    """What otter made of the notebook with canaries has all of them for graders and none for students.

    Finds what the search by text cannot: lines too short to tell, and whatever otter rewrites. Raises ReleaseError.
    """
    student, staff = (_everything(made / folder) for folder in ("student", "autograder"))
    name = made.name.removesuffix("-made")
    if escaped := [place for canary, place in places.items() if canary in student]:
        raise ReleaseError(_fault(name, "what is hidden in these cells gets into the release", escaped))
    # a canary that nobody got proves nothing
    if lost := [place for canary, place in places.items() if canary not in staff]:
        raise ReleaseError(_fault(name, "otter drops these from the graders' copy too; mark them otherwise", lost))


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


def _everything(folder: Path) -> str:
    return "\n".join((folder / path).read_bytes().decode("latin-1") for path in _listing(folder))


# --- proof: points, in the room


def prove_points(assignment: Assignment, grade: Callable[[bytes, Assignment], Report]) -> None:
    """The solution earns every point, the untouched release no hidden point and no whole question.

    Raises ReleaseError naming question, case and message; and whatever `grade` raises.
    """
    solution = grade((assignment.bundle / "solution.ipynb").read_bytes(), assignment)
    if missed := [*_unlike(solution, assignment), *_missed(solution)]:
        raise ReleaseError(_fault(assignment.name, "the solution does not earn every point in the room", missed))
    untouched = grade((assignment.bundle / "template.ipynb").read_bytes(), assignment)
    if gifts := [*_unlike(untouched, assignment), *_gifts(untouched)]:
        raise ReleaseError(_fault(assignment.name, "the untouched release earns what it should not", gifts))


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


# --- files


def _listing(folder: Path) -> list[str]:
    """Every file below `folder`, relative to it, with slashes."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _fault(name: str, what: str, lines: Iterable[str]) -> str:
    listed = "\n".join(textwrap.indent(line.strip(), "    ")[2:] for line in lines)
    return f"{name}: {what}:\n{listed}\nMend the source and run: neurograde release {name}"


def install(new: Mapping[Path, Path]) -> None:
    """Put a copy of each new folder in the place of its target, or leave every target as it was."""
    staged: dict[Path, Path] = {}
    with ExitStack() as stack:
        try:
            for target, folder in new.items():
                target.parent.mkdir(parents=True, exist_ok=True)
                # beside the target, so that the last step is a rename
                beside = Path(stack.enter_context(TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent)))
                shutil.copytree(folder, beside / "new")
                staged[target] = beside
            for target, beside in staged.items():
                if target.exists():
                    target.rename(beside / "old")
                (beside / "new").rename(target)
        except OSError as error:
            _put_back(staged)
            what = f"{error.filename}: {error.strerror}"
            raise ReleaseError(
                f"{what}. The previous release is as it was. Mend that and run the command again."
            ) from error


def _put_back(staged: Mapping[Path, Path]) -> None:
    for target, beside in staged.items():
        if not (beside / "new").exists():
            target.rename(beside / "new")
        if (beside / "old").exists():
            (beside / "old").rename(target)
