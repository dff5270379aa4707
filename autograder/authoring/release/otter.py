"""otter-assign, run on a source notebook, and the test files that it writes."""

import math
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from autograder.authoring.release.proofs import listing
from autograder.authoring.source.parse import SourceQuestion
from autograder.model.errors import ReleaseError

ASSIGN_SECONDS = 300

ASSIGN = """
import pathlib, sys
from otter.assign import main
for desk, result in zip(sys.argv[1::2], sys.argv[2::2]):
    main(f"{desk}/{pathlib.Path(desk).name}.ipynb", result, no_pdfs=True, no_run_tests=True)
"""


def otter_assign(*desks: Path) -> list[Path]:
    """Run `otter assign` on the notebook of each desk; return the folders it made.

    In a process of its own, because otter changes directory, and in one, because importing otter takes 3 seconds.
    otter is not asked to run the tests: it would run them beside the solution, and calls a file it cannot load passed.
    """
    results = [desk.with_name(f"{desk.name}-made") for desk in desks]
    with TemporaryDirectory(dir=desks[0].parent) as scratch:  # otter leaves hidden tests in its TMPDIR
        try:
            process = subprocess.run(
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
    if process.returncode:
        output = textwrap.indent(process.stdout.strip(), "    ")
        step = f"Mend what its last line names and run: neurograde release {desks[0].name}"
        raise ReleaseError(f"{desks[0].name}: otter assign failed. It said:\n{output}\n{step}")
    return results


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
        cases = loaded.test_cases
        points = points_of(question)
        if loaded.name != question.name or [case.hidden for case in cases] != [test.hidden for test in tests]:
            raise ReleaseError(
                f"{question.cell.place}: otter made {len(cases)} cases of {len(tests)} tests. Give each its own name."
            )
        if staff and points is not None and not math.isclose(loaded.possible, points):
            raise ReleaseError(
                f"{question.cell.place}: worth {points:g} points, but otter made it {loaded.possible:g}."
            )
        forms = [
            {
                "name": case.name,
                "hidden": case.hidden,
                "points": case.points,
                "hint": case.failure_message,
                "translations": {
                    language: hints[test.cell.number]
                    for language, hints in translations.items()
                    if test.cell.number in hints and hints[test.cell.number] != case.failure_message
                },
            }
            for case, test in zip(cases, tests, strict=True)
        ]
        index.append({"name": question.name, "points": loaded.possible, "cases": forms})
    return index


def _load_test_file(path: Path, question: SourceQuestion) -> Any:
    from otter.test_files.exception_test import ExceptionTestFile  # here because `import otter` takes 3 seconds

    try:
        return ExceptionTestFile.from_file(str(path))
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ReleaseError(f"{question.cell.place}: otter made a test file that does not load: {what}.") from error


def points_of(question: SourceQuestion) -> float | None:
    """What the question says it is worth; None where otter decides."""
    points = question.settings.get("points")
    if isinstance(points, dict):
        return float(points["each"]) * len(question.tests)
    if isinstance(points, list):
        return None if None in points else float(sum(points))
    return None if points is None else float(points)
