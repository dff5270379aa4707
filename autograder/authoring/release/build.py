"""From a source notebook to what students get and what graders grade with; nothing is replaced before it is proved.

    source/<a>/  --lint, data.py, otter assign-->  release/<a>/  and  bundles/<a>/

The proofs are in `proofs.py`.
"""

import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, TypeAlias

from autograder.authoring.source.parse import Problem, Source, SourceQuestion, read_source
from autograder.authoring.source.lint import lint
from autograder.model.bundle import Assignment, load_assignment, load_settings
from autograder.model.errors import ReleaseError
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE
from autograder.model.report import Report
from autograder.authoring.release.proofs import fault, listing, plant_canaries, prove_canaries_stay, prove_notebook_opens, prove_nothing_secret, prove_points, prove_same_code, read_notebook
from autograder.authoring.release.setup_cell import setup_cell
from autograder.authoring.source.translation import hints, in_language, translate_otter, untranslated

Notebook: TypeAlias = dict[str, Any]

ASSIGN_SECONDS = 300

ASSIGN = """
import pathlib, sys
from otter.assign import main
for desk, result in zip(sys.argv[1::2], sys.argv[2::2]):
    main(f"{desk}/{pathlib.Path(desk).name}.ipynb", result, no_pdfs=True, no_run_tests=True)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """Releases and their one bundle, built and free of faults that can be seen without running them."""

    assignment: Assignment
    releases: Mapping[str, Path]
    """By language."""
    bundle: Path
    notebooks: Mapping[str, Mapping[str, Any]]
    """The source in each language."""
    desk: Path
    """The copy of the source folder it was built from, with what data.py prepared."""
    advice: tuple[Problem, ...]

    @property
    def release(self) -> Path:
        """In the first language."""
        return next(iter(self.releases.values()))


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
    destinations: Mapping[str, Path],
    bundle: Path,
    grade: Callable[[bytes, Assignment], Report],
    *,
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> Release:
    """Build `source` (source/<a>), prove it and replace `destinations` (release/<a>) and `bundle` (bundles/<a>).

    `destinations` and `addresses` are by language; an address is where its destination will be published. `grade`
    grades the bytes of a notebook sealed in the room. The bundle is the same whatever the languages. Raises
    ReleaseError (what leaked or failed, and where) or ConfigError, and whatever `grade` raises; what was there before
    is then as it was.
    """
    start = time.perf_counter()
    with TemporaryDirectory(prefix="neurograde-release-") as folder:  # solutions: never beside the release
        built = build(source, Path(folder), languages=tuple(destinations), addresses=addresses)
        prove_points(built.assignment, grade)
        install({bundle: built.bundle, **{destinations[one]: path for one, path in built.releases.items()}})
        files = tuple(listing(built.release))
    cases = [case for question in built.assignment.questions for case in question.cases]
    return Release(
        assignment=built.assignment.name,
        questions=len(built.assignment.questions) + len(built.assignment.by_hand),
        cases=len(cases),
        hidden_cases=sum(case.hidden for case in cases),
        points=built.assignment.max_points,
        files=files,
        advice=tuple(str(problem) for problem in built.advice),
        seconds=time.perf_counter() - start,
    )


def build(
    source: Path,
    folder: Path,
    *,
    languages: Sequence[str] = (SOURCE_LANGUAGE,),
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> Build:
    """Lint `source` and make its releases and bundle in `folder`, which must be private: it holds the solutions.

    Raises ReleaseError with every fault of the notebook, or with what otter, data.py or a proof found.
    """
    folder, name = folder.resolve(), source.name
    load_settings(source / "assignment.toml")
    authored = read_notebook(source / f"{name}.ipynb")
    # The bundle is made of the source's own language, whichever others are released.
    notebooks = {one: in_language(authored, one) for one in dict.fromkeys([*languages, SOURCE_LANGUAGE])}
    desk = folder / "source" / name
    shutil.copytree(source, desk, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", ".OTTER_LOG"))
    _prepare_data(desk)
    problems = _problems(authored, notebooks, listing(desk))
    fatal = [str(problem) for problem in problems if problem.fatal]
    if fatal:
        raise ReleaseError(fault(name, f"{source / name}.ipynb cannot be released", fatal))

    desks, decoys = [], []
    places: dict[str, str] = {}
    for one, notebook in notebooks.items():
        planted, places_of_one = plant_canaries(notebook)
        places |= places_of_one
        desks.append(_copy_of(desk, folder / "desks" / one, notebook))
        decoys.append(_copy_of(desk, folder / "canaries" / one, planted))
    made = _otter_assign(*desks, *decoys)
    assigned = dict(zip(notebooks, made[: len(desks)], strict=True))
    releases = {one: folder / "release" / one / name for one in languages}
    for one, target in releases.items():
        lay_out_release(assigned[one], target, one, addresses.get(one))
    hints_of = {one: hints(authored, one) for one in LANGUAGES if one != SOURCE_LANGUAGE}
    bundle = folder / "bundles" / name
    built = Build(
        assignment=lay_out_bundle(
            assigned[SOURCE_LANGUAGE], bundle, desk, read_source(notebooks[SOURCE_LANGUAGE]), hints_of
        ),
        releases=releases,
        bundle=bundle,
        notebooks=notebooks,
        desk=desk,
        advice=tuple(problem for problem in problems if not problem.fatal),
    )
    for target in releases.values():
        prove_notebook_opens(target / f"{name}.ipynb")
        prove_same_code(target, bundle)
        prove_nothing_secret(target, notebooks.values(), desk)
    prove_canaries_stay(made[len(desks) :], places)
    return built


def _problems(authored: Notebook, notebooks: Mapping[str, Notebook], files: Sequence[str]) -> list[Problem]:
    """What the lint finds in the source, and what its translations lack, in the order of cells."""
    found = [*lint(notebooks[SOURCE_LANGUAGE], files)]
    for language in notebooks:
        found += [problem for problem in untranslated(authored, language) if problem not in found]
    return sorted(found, key=lambda problem: problem.cell)


def differences(one: Path, other: Path) -> list[str]:
    """How two folders differ, one line a file; empty if they hold the same bytes under the same names."""
    here, there = set(listing(one)), set(listing(other))
    lines = [f"only in {one}: {path}" for path in here - there] + [f"only in {other}: {path}" for path in there - here]
    lines += [f"differs: {path}" for path in here & there if (one / path).read_bytes() != (other / path).read_bytes()]
    return sorted(lines)


# --- otter


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
    files = [path for path in listing(student) if path != f"{name}.ipynb"]
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
    for path in listing(student):
        if path != f"{name}.ipynb" and not path.startswith("tests/"):
            (bundle / "files" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(student / path, bundle / "files" / path)
    shutil.copytree(staff / "tests", bundle / "tests")
    for notebook, original in (("template", student), ("solution", staff)):
        text = _tidy(original / f"{name}.ipynb", SOURCE_LANGUAGE, [], None)
        (bundle / f"{notebook}.ipynb").write_text(text, encoding="utf-8")
    shutil.copyfile(desk / "assignment.toml", bundle / "assignment.toml")
    by_hand = [question for question in source.questions if not question.tests]
    index = {
        "questions": read_tests(bundle / "tests", questions, staff=True, translations=translations),
        "by_hand": [{"name": question.name, "points": _points_of(question)} for question in by_hand],
    }
    (bundle / "bundle.json").write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return load_assignment(bundle)


def _copy_of(desk: Path, folder: Path, notebook: Notebook) -> Path:
    other = folder / desk.name
    shutil.copytree(desk, other)
    (other / f"{desk.name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return other


def _tidy(path: Path, language: str, files: Sequence[str], address: str | None) -> str:
    """The notebook as text that is the same on every build, works under any file name, and brings what it needs."""
    notebook = read_notebook(path)
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
    if surplus := set(listing(folder)) - {f"{question.name}.py" for question in questions}:
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


# --- files


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
