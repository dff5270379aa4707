"""What `integrity` finds: cases for a person to look at, each with its reasons and the class beside them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from autograder.model.settings import Settings
from grading.analysis.integrity.literals import CodeMark
from grading.analysis.integrity.similarity import Stretch
from grading.records.attempts import AttemptKind

BINS = 48
MOST_PAGES = 200
"""Cases that are shown in full: more at once say something about the task, or the thresholds, not about students."""

Students = tuple[str, ...]
"""One student, or two in alphabetical order."""


class Sign(StrEnum):
    """What there is to be looked at, in words for the page."""

    IDENTICAL = "Identical predictions"
    NEAR = "Nearly identical predictions"
    CHANGED = "Predictions like another's with changes"
    CODE = "Nearly identical notebooks"
    CLAIM_GAP = "A claim that the re-run does not reach"
    EMBEDDED = "Data in the code"
    CEILING = "A score above the ceiling"
    ALONE = "Right where everybody else is wrong"


class Thresholds(Settings):
    """`source/<assignment>/integrity.toml`: from where on something is worth a look.

    The defaults stand between what honest models and notebooks were seen to do and what copies do. On Fashion-MNIST,
    in a class of 18 models (softmax, one and two hidden layers, convolutions), `set_right` was 0.22 and more, and 0.16
    for a pair of one seed that differed in the size of batches alone; copies with 0.5 to 10 % of their answers changed
    at random had at most 0.03. `tests/grading/analysis/integrity/test_examine.py` measures it on a few hundred digits,
    where chance plays a greater part: 0.33 and more, and at most 0.10.

    On Fashion-MNIST, in another class of 18 models without convolutions, `right_alone` was at most 0.04, and 0.16 for a
    convolutional network that joined it; a model that took 20 % of its answers from the labels had 0.20.
    """

    compare_predictions: bool = Field(
        default=True, description="false for a model with one best solution, like a linear one: all come out alike."
    )
    false_alarms: float = Field(
        default=0.01, gt=0, lt=1, description="Pairs by chance in a whole class, if measures were normally distributed."
    )
    least_pairs: int = Field(default=10, ge=3, description="Pairs below which a class has no distribution to speak of.")
    near: float = Field(default=0.985, gt=0, lt=1, description="Agreement of nearly identical predictions.")
    alike_anyway: float = Field(default=0.99, gt=0, lt=1, description="Median agreement at which pairs say nothing.")
    least_agreement: float = Field(default=0.85, gt=0, lt=1, description="Below it nothing is a copy with changes.")
    set_right: float = Field(
        default=0.12, gt=0, lt=1, description="Of one's odd answers, what a copy with changes has as the class has it."
    )
    least_rows: int = Field(default=10, ge=1, description="Odd answers below which this is not judged.")
    similarity: float = Field(default=0.8, gt=0, le=1, description="Of nearly identical notebooks.")
    least_fragments: int = Field(default=40, ge=1, description="Fragments below which a notebook is too short.")
    right_alone: float = Field(
        default=0.1, gt=0, le=1, description="Of the rows that all others have wrong, what is right too often."
    )
    least_students: int = Field(default=8, ge=2, description="Students below which nobody is all others.")
    reproduced: float = Field(default=0.85, ge=0, le=1, description="Least agreement of a claim with its re-run.")
    literal: int = Field(default=2000, ge=200, description="Most characters of a literal.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Population:
    """A measure over the whole class, as a histogram of BINS bins of one width."""

    name: str
    of: str
    """What is counted: "pairs" or "students"."""
    n: int
    low: float
    high: float
    counts: tuple[int, ...]
    median: float
    percent: bool = True
    """Whether it is a share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A row where the predictions of two differ."""

    id: int
    first: int
    second: int
    others: int
    """What most of the others say; -1 where they do not agree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One thing worth a look."""

    sign: Sign
    says: str
    value: float | None = None
    """Where it stands in the population."""
    population: Population | None = None
    differences: tuple[Difference, ...] = ()
    """Some of them, by Id."""
    marks: tuple[CodeMark, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LastHandedIn:
    """What counts of a student: the last notebook, the last claim."""

    kind: AttemptKind
    submission: str
    at: datetime
    correct: int
    n: int
    """Rows; 0 where nothing was scored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examinee:
    """Whose it is."""

    student: str
    handed_in: tuple[LastHandedIn, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownCell:
    """A cell of code, cut where marks begin and end."""

    number: int
    """Of the cells of code in its notebook, from 1."""
    parts: tuple[Stretch, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspicion:
    """One student, or two, with all that is worth a look about them together."""

    people: tuple[Examinee, ...]
    reasons: tuple[Reason, ...]
    code: tuple[tuple[ShownCell | None, ShownCell | None], ...] = ()
    """Where the notebooks are nearly identical: cells that are not the release's, each beside the one most like it."""

    @property
    def students(self) -> Students:
        return tuple(person.student for person in self.people)

    @property
    def signs(self) -> tuple[Sign, ...]:
        return tuple(dict.fromkeys(reason.sign for reason in self.reasons))


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """All that is worth a look in an assignment."""

    assignment: str
    students: int
    notebooks: int
    claims: int
    cases: tuple[Suspicion, ...]
    """Pairs first, those with most reasons before others."""
    populations: tuple[Population, ...]
    notes: tuple[str, ...]
    """What was not looked at, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignFindings:
    """What one way of looking has found."""

    reasons: tuple[tuple[Students, Reason], ...] = ()
    populations: tuple[Population, ...] = ()
    notes: tuple[str, ...] = ()


def population(
    name: str, of: str, values: NDArray[np.float64], *, ends: tuple[float, float] | None = None, percent: bool = True
) -> Population:
    """The histogram of a measure, at least one value, from its least to its largest or between given ends."""
    low, high = ends or (float(values.min()), float(values.max()))
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(values, bins=BINS, range=(low, high))
    return Population(
        name=name,
        of=of,
        n=len(values),
        low=low,
        high=high,
        counts=tuple(counts.tolist()),
        median=float(np.median(values)),
        percent=percent,
    )


def outliers(values: NDArray[np.float64], students: int, false_alarms: float) -> NDArray[np.bool_]:
    """Which pairs' values stand out upwards by more than chance would make the largest of so many.

    `false_alarms` is how many would, were the values normally distributed. Their distance from the median is measured
    in median absolute deviations, scaled to a normal distribution's standard deviation (F. Hampel, "The influence
    curve and its role in robust estimation", 1974), which a few copies do not move. How well a deviation is known
    depends on how many students there are, not on their many pairs: so the bound is Student's.
    """
    from scipy.stats import t

    centre = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - centre))
    least = t.isf(false_alarms / len(values), students - 1)
    return np.asarray(values - centre > least * spread, dtype=np.bool_)
