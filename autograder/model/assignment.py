"""An assignment as graders see it: what `assignment.toml` says and the tests that otter made of the notebook."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from autograder.model.errors import ConfigError
from autograder.model.language import Text
from autograder.model.report import PROBABILITY_METRICS


class Settings(BaseModel):
    """A table of a TOML file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Settings):
    """What one submission may use."""

    wall_seconds: float = Field(default=300, gt=0, description="The whole submission, tests included.")
    cell_seconds: float = Field(default=60, gt=0, description="One cell, or one call from a test.")
    memory_mb: int = Field(default=2048, ge=512, description="The room's cgroup, MiB.")
    output_kb: int = Field(default=256, gt=0, description="Printed text kept of one cell, KiB.")
    disk_mb: int = Field(default=64, gt=0, description="The work directory, MiB (counts as memory).")


class Competition(Settings):
    """The part that is scored on held-out data."""

    entry_point: str = Field(
        default="predict", description="The student's function: inputs -> class numbers, or probabilities for log_loss."
    )
    metric: str = Field(default="accuracy", description="How predictions are compared with labels.")
    anchors: list[tuple[FiniteFloat, FiniteFloat]] = Field(
        description="[score, grade points], rising; linear: flat outside; steps: 0 before the first.", min_length=1
    )
    between: Literal["linear", "steps"] = Field(default="linear", description="What a score between anchors earns.")
    public_share: float = Field(default=0.3, gt=0, lt=1, description="Of the rows, shown before the deadline.")
    baseline: str | None = Field(default=None, description="The instructor's frozen predictions, a CSV in the source.")
    must_beat_baseline: bool = Field(default=False, description="Gate: 0 points unless better, by McNemar's test.")
    must_reproduce: bool = Field(default=False, description="Gate: 0 points when the claim is far above the re-run.")
    ceiling: float | None = Field(default=None, gt=0, le=1, description="Accuracy above which a person should look.")
    claims: bool = Field(default=False, description="Students also upload submission.csv with predictions.")
    daily_limit: int = Field(default=5, ge=1, description="Claims that count per student and day.")
    selected: int = Field(default=2, ge=1, description="Claims that a student may select for the private board.")

    @model_validator(mode="after")
    def anchors_rise(self) -> "Competition":
        for (low, less), (high, more) in zip(self.anchors, self.anchors[1:], strict=False):
            if not (low < high and less <= more):
                raise ValueError(f"anchors must rise: [{low}, {less}] is followed by [{high}, {more}]")
        if any(not 0 <= score <= 1 or points < 0 for score, points in self.anchors):
            raise ValueError("an anchor is [score from 0 to 1, grade points from 0 up]")
        if self.must_beat_baseline and self.baseline is None:
            raise ValueError("must_beat_baseline needs a baseline to beat")
        if self.claims and self.metric in PROBABILITY_METRICS:
            raise ValueError(f"claims are files of class numbers, which {self.metric} cannot score: set claims = false")
        return self


class LatePolicy(Settings):
    """What lateness costs."""

    grace_minutes: float = Field(default=0, ge=0, description="Late by less is not late.")
    percent_per_day: float = Field(default=0, ge=0, le=100, description="Of what was earned, per day begun.")
    most_days: int | None = Field(default=None, ge=0, description="Days late after which nothing counts.")


class AssignmentSettings(Settings):
    """`source/<assignment>/assignment.toml`."""

    title: Text = Field(min_length=1, description="Shown to students.")
    due: datetime | None = Field(default=None, description="With a time zone.")
    limits: Limits = Limits()
    competition: Competition | None = None
    late: LatePolicy | None = Field(default=None, description="Instead of the course's.")

    @model_validator(mode="after")
    def due_has_a_zone(self) -> "AssignmentSettings":
        if self.due is not None and self.due.tzinfo is None:
            raise ValueError("due needs a time zone, e.g. 2026-12-01T23:59:00+03:00")
        return self


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


S = TypeVar("S", bound=Settings)


def read_toml(path: Path, model: type[S], *, example: str) -> S:
    """Read a TOML file strictly. Raises ConfigError naming the file, the key and the nearest valid key.

    `example` is what a file that is missing needs at least.
    """
    try:
        return model.model_validate(tomllib.loads(path.read_text()))
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing. Write one; it needs at least {example}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}. Mend that line and run the command again.") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {_in_words(error, model)}") from None


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


def _in_words(error: ValidationError, model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    tables = (schema, *schema.get("$defs", {}).values())
    keys = [key for table in tables for key in table.get("properties", {})]
    lines = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(problem["loc"][-1]), keys, n=1)
            text = "no such key" + (f"; did you mean `{near[0]}`?" if near else "")
        lines.append(f"{place}: {text}" if place else text)
    return "; ".join(lines)
