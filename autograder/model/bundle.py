"""An assignment as graders see it: its settings and the tests that otter made of the notebook."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.model.assignment import AssignmentSettings
from autograder.model.errors import ConfigError
from autograder.model.files import read_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One test case as the author wrote it."""

    name: str
    hidden: bool
    points: float
    hint: str | None
    translations: tuple[tuple[str, str], ...] = ()
    """The hint in other languages: pairs of code and text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question and its cases, in the order of the notebook."""

    name: str
    points: float
    cases: tuple[Case, ...] = ()
    """None where staff mark it by hand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """An assignment ready to grade with, read from its bundle.

    A bundle is what `neurograde release` leaves for graders: `bundle.json` (questions and their cases),
    `assignment.toml`, `tests/<question>.py` (otter's test files, hidden cases included), `files/` (what students
    have beside the notebook), `template.ipynb` (the released notebook) and `solution.ipynb`.
    """

    name: str
    settings: AssignmentSettings
    questions: tuple[Question, ...]
    by_hand: tuple[Question, ...] = ()
    """Questions without tests, which staff mark in the gradebook; reports know nothing of them."""
    bundle: Path
    fingerprint: str
    """SHA-256 over all that a report depends on, first 16 hex digits: not over rules that are applied afterwards."""

    @property
    def max_points(self) -> float:
        return sum(question.points for question in (*self.questions, *self.by_hand))

    def in_language(self, language: str) -> "Assignment":
        """The same assignment with its hints in a language, where it has them."""
        return replace(self, questions=tuple(_translated(question, language) for question in self.questions))

    def test_file(self, question: str) -> Path:
        return self.bundle / "tests" / f"{question}.py"

    def files(self) -> dict[str, bytes]:
        """What students have beside the notebook, by path relative to it."""
        folder = self.bundle / "files"
        return {str(p.relative_to(folder)): p.read_bytes() for p in _files_of(folder)}


def load_settings(path: Path) -> AssignmentSettings:
    """Read an `assignment.toml`. Raises ConfigError as `read_toml` does."""
    return read_toml(path, AssignmentSettings, example='`title = "..."`')


def load_assignment(bundle: Path) -> Assignment:
    """Read a bundle. Raises ConfigError when it is missing or does not fit together."""
    try:
        index: dict[str, Any] = json.loads((bundle / "bundle.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        raise ConfigError(
            f"{bundle} holds no bundle to grade with. Make it: neurograde release {bundle.name}"
        ) from None
    questions = tuple(
        Question(name=q["name"], points=q["points"], cases=tuple(map(_case, q["cases"]))) for q in index["questions"]
    )
    settings = load_settings(bundle / "assignment.toml")
    return Assignment(
        name=bundle.name,
        settings=settings,
        questions=questions,
        by_hand=tuple(Question(name=q["name"], points=q["points"]) for q in index.get("by_hand", ())),
        bundle=bundle,
        fingerprint=_fingerprint(bundle, settings),
    )


def _case(form: dict[str, Any]) -> Case:
    return Case(**{**form, "translations": tuple(form.get("translations", {}).items())})


def _translated(question: Question, language: str) -> Question:
    cases = (replace(case, hint=dict(case.translations).get(language, case.hint)) for case in question.cases)
    return replace(question, cases=tuple(cases))


def _fingerprint(folder: Path, settings: AssignmentSettings) -> str:
    asked = settings.competition.model_dump(include={"entry_point", "metric"}) if settings.competition else None
    digest = hashlib.sha256(json.dumps([settings.limits.model_dump(), asked], sort_keys=True).encode())
    for path in _files_of(folder):
        if path.name != "assignment.toml":
            digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _files_of(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
