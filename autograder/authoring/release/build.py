"""From a source notebook to what students get and what graders grade with; nothing is replaced before it is proved.

    source/<a>/  --lint, data.py, otter assign-->  release/<a>/  and  bundles/<a>/

The proofs are in `proofs.py`.
"""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from autograder.authoring.release.install import install
from autograder.authoring.release.layout import copy_of, lay_out_bundle, lay_out_release, prepare_data
from autograder.authoring.release.otter import otter_assign
from autograder.authoring.release.proofs import (
    fault,
    listing,
    plant_canaries,
    prove_canaries_stay,
    prove_notebook_opens,
    prove_nothing_secret,
    prove_points,
    prove_same_code,
    read_notebook,
)
from autograder.authoring.source.lint import lint
from autograder.authoring.source.parse import Problem, read_source
from autograder.authoring.source.translation import hints, in_language, untranslated
from autograder.model.bundle import Assignment, load_settings
from autograder.model.errors import ReleaseError
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE
from autograder.model.notebook import Notebook
from autograder.model.report import Report


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """Releases and their one bundle, built and free of faults that can be seen without running them."""

    assignment: Assignment
    releases: Mapping[str, Path]
    """By language."""
    bundle: Path
    advice: tuple[Problem, ...]

    @property
    def release(self) -> Path:
        """In the first language."""
        return next(iter(self.releases.values()))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseSummary:
    """What `build_and_prove` has put in place."""

    assignment: str
    questions: int
    cases: int
    hidden_cases: int
    points: float
    files: tuple[str, ...]
    """Of the release, relative to it."""
    advice: tuple[str, ...]
    seconds: float


def build_and_prove(
    source: Path,
    destinations: Mapping[str, Path],
    bundle: Path,
    grade: Callable[[bytes, Assignment], Report],
    *,
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> ReleaseSummary:
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
        install({bundle: built.bundle, **{destinations[language]: path for language, path in built.releases.items()}})
        files = tuple(listing(built.release))
    cases = [case for question in built.assignment.questions for case in question.cases]
    return ReleaseSummary(
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
    notebooks = {language: in_language(authored, language) for language in dict.fromkeys([*languages, SOURCE_LANGUAGE])}
    desk = folder / "source" / name
    shutil.copytree(source, desk, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", ".OTTER_LOG"))
    prepare_data(desk)
    problems = _problems(authored, notebooks, listing(desk))
    fatal = [str(problem) for problem in problems if problem.fatal]
    if fatal:
        raise ReleaseError(fault(name, f"{source / name}.ipynb cannot be released", fatal))

    desks, decoys = [], []
    places: dict[str, str] = {}
    for language, notebook in notebooks.items():
        planted, canaries = plant_canaries(notebook)
        places |= canaries
        desks.append(copy_of(desk, folder / "desks" / language, notebook))
        decoys.append(copy_of(desk, folder / "canaries" / language, planted))
    results = otter_assign(*desks, *decoys)
    assigned = dict(zip(notebooks, results[: len(desks)], strict=True))
    releases = {language: folder / "release" / language / name for language in languages}
    for language, target in releases.items():
        lay_out_release(assigned[language], target, language, addresses.get(language))
    hints_of = {language: hints(authored, language) for language in LANGUAGES if language != SOURCE_LANGUAGE}
    bundle = folder / "bundles" / name
    built = Build(
        assignment=lay_out_bundle(
            assigned[SOURCE_LANGUAGE], bundle, desk, read_source(notebooks[SOURCE_LANGUAGE]), hints_of
        ),
        releases=releases,
        bundle=bundle,
        advice=tuple(problem for problem in problems if not problem.fatal),
    )
    for target in releases.values():
        prove_notebook_opens(target / f"{name}.ipynb")
        prove_same_code(target, bundle)
        prove_nothing_secret(target, notebooks.values(), desk)
    prove_canaries_stay(results[len(desks) :], places)
    return built


def _problems(authored: Notebook, notebooks: Mapping[str, Notebook], files: Sequence[str]) -> list[Problem]:
    """What the lint finds in the source, and what its translations lack, in the order of cells."""
    problems = [*lint(notebooks[SOURCE_LANGUAGE], files)]
    for language in notebooks:
        problems += [problem for problem in untranslated(authored, language) if problem not in problems]
    return sorted(problems, key=lambda problem: problem.cell)
