"""What a graded submission comes back as: the one description of report.json, which `files.read_report` reads. Pure.

The JSON schema is `docs/report.schema.json`, generated from these classes; `SCHEMA_VERSION` changes with it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA_VERSION = 3
PROBABILITY_METRICS = frozenset({"log_loss"})
"""Metrics for which an entry point answers with probabilities; `scoring.metrics` says so too, and a test compares."""


class Status(StrEnum):
    """How a question, a cell or a whole submission came out."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    NOT_RUN = "NOT_RUN"
    ERRORED = "ERRORED"  # student code raised
    TIMED_OUT = "TIMED_OUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"


def worst(statuses: Sequence[Status]) -> Status:
    """The status that explains a group of them: PASSED only if all are. An empty group was NOT_RUN."""
    order = list(Status)
    return max(statuses, key=order.index) if statuses else Status.NOT_RUN


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseResult:
    """One test case of a question."""

    name: str
    status: Status
    points: float
    max_points: float
    hidden: bool
    hint: str | None = None
    """What the author wrote for a student who fails this case."""
    message: str = ""
    """For staff: may quote the test and whatever student code said. Shown to the student only of public cases."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionResult:
    """One question: its cases and the points they earn together."""

    name: str
    points: float
    max_points: float
    cases: tuple[CaseResult, ...]

    @property
    def status(self) -> Status:
        return worst([case.status for case in self.cases])

    @property
    def hidden(self) -> bool:
        """Whether any of its cases is hidden from students."""
        return any(case.hidden for case in self.cases)


@dataclass(frozen=True, kw_only=True, slots=True)
class CellResult:
    """One code cell of the student's notebook, numbered from 1 among all cells as Jupyter shows them."""

    number: int
    status: Status
    seconds: float
    error: str | None = None
    """Type of the exception and the line of the student's code, e.g. "ValueError, line 3"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Predictions:
    """What the entry point answered for the held-out inputs, in the order they were given."""

    status: Status
    values: tuple[int, ...] = ()
    """Class numbers, one per input; empty unless the status is PASSED."""
    probabilities: tuple[tuple[float, ...], ...] = ()
    """One row per input, one number per class, where the metric asks for them: `values` are then the largest's."""
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """What made the report, so that it can be made again."""

    neurograde: str
    otter: str
    bundle: str
    """Fingerprint of the assignment's tests and limits."""
    image: str
    seed: int
    """Every random number of hidden tests and of the room derives from it."""
    inputs: str = ""
    """Names the held-out inputs that the predictions are for: `fingerprint` of them; empty where there were none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A graded submission: points on questions and predictions, not yet a score or a grade."""

    submission: str
    """SHA-256 of the uploaded bytes."""
    student: str
    assignment: str
    provenance: Provenance
    questions: tuple[QuestionResult, ...]
    cells: tuple[CellResult, ...] = ()
    predictions: Predictions | None = None
    notes: tuple[str, ...] = ()
    """What a fair person would write beside the grade: a cell skipped because it ended the room, an output cut."""
    seconds: float
    peak_memory_mb: float
    """Resident memory of the submission's process, MiB, what it shares with the warm interpreter included."""
    schema_version: int = field(default=SCHEMA_VERSION)

    @property
    def points(self) -> float:
        return sum(question.points for question in self.questions)

    @property
    def max_points(self) -> float:
        return sum(question.max_points for question in self.questions)

    @property
    def status(self) -> Status:
        return worst([question.status for question in self.questions])


REPORT = TypeAdapter(Report)


def fingerprint(inputs: "NDArray[Any] | None") -> str:
    """Names held-out inputs: SHA-256 of their type, shape and bytes, first 16 hex digits; empty for none."""
    if inputs is None:
        return ""
    head = f"{inputs.dtype.str} {inputs.shape}\0".encode()
    return hashlib.sha256(head + inputs.tobytes()).hexdigest()[:16]


def to_json(report: Report) -> bytes:
    """The bytes of report.json."""
    return REPORT.dump_json(report, indent=2) + b"\n"


def verdict(question: QuestionResult) -> str:
    """What a student may read of a question: of hidden cases only the outcome and the author's hint."""
    lines = [f"{question.name}: {question.points:g} of {question.max_points:g} points"]
    for case in question.cases:
        mark = "+" if case.status is Status.PASSED else "-"
        said = case.hint if case.hidden else (case.hint or case.message)
        lines.append(f"  {mark} {case.name}{' (hidden)' if case.hidden else ''}: {case.status}")
        if case.status is not Status.PASSED and said:
            lines += [f"      {line}" for line in said.splitlines()]
    return "\n".join(lines) + "\n"
