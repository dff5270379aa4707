"""Scores: what predictions are worth on held-out labels. Labels are read only here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograder.model.errors import ConfigError
from grading.scoring.heldout import HeldOut
from grading.scoring.metrics import (
    McNemar,
    Metric,
    confusion_matrix,
    count_correct,
    find_metric,
    mcnemar,
    per_class_accuracy,
    wilson_interval,
)

CLAIM_GAP = 3.0
"""z above which a claim is too good for its re-run: training anew with another seed stays within about 2."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A metric on held-out data, with the counts that it can be checked by."""

    metric: str
    value: float
    """From 0 to 1."""
    correct: int
    n: int
    low: float
    high: float
    """Wilson's 95 % interval around correct / n."""
    heldout_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """What predictions are worth on all held-out rows, and on each side of the split."""

    overall: Score
    public: Score
    private: Score
    per_class: tuple[float, ...]
    """The share of each class that is recognised, on all rows."""
    confusion: tuple[tuple[int, ...], ...]
    """How often each class (outer) was taken for each (inner), on all rows; an answer that is no class is nowhere."""
    split: str = ""
    """Names the split: `HeldOut.split`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reproduction:
    """What a student claimed beside what the grader's own run of the student's code predicts, on all rows."""

    agreement: float
    """The share of rows where both say the same, right or wrong."""
    claim: Score
    rerun: Score
    gap: McNemar
    """`better`: the claim is right and the re-run wrong."""
    z: float
    """Of the gap; above 3 the claim is not reproduced."""

    @property
    def is_claim_gap(self) -> bool:
        return self.z > CLAIM_GAP


def score(predictions: ArrayLike, heldout: HeldOut, metric: str = "accuracy") -> Scores:
    """Compare predictions, in the order of `heldout.labels`, with those labels.

    Class numbers, shape (n,); or, for a metric that takes them, probabilities, shape (n, k), of which the largest of a
    row is its class. Raises ValueError unless there is one such answer per label, ConfigError for an unknown metric, or
    for class numbers where the metric needs probabilities.
    """
    rule, answers = find_metric(metric), np.asarray(predictions)
    if rule.takes == "probabilities" and answers.ndim == 1 and answers.dtype.kind in "iu" and answers.size:
        raise ConfigError(
            f'The metric "{metric}" needs probabilities, and these are class numbers, as in every claim. In '
            "assignment.toml choose another competition.metric, or set competition.claims = false."
        )
    everywhere = np.ones(len(heldout.labels), dtype=np.bool_)
    overall = _score(answers, heldout, rule, everywhere)
    chosen = classes_of(answers)
    return Scores(
        overall=overall,
        public=_score(answers, heldout, rule, heldout.public),
        private=_score(answers, heldout, rule, ~heldout.public),
        per_class=tuple(per_class_accuracy(heldout.labels, chosen, heldout.classes).tolist()),
        confusion=tuple(map(tuple, confusion_matrix(heldout.labels, chosen, heldout.classes).tolist())),
        split=heldout.split,
    )


def reproduction(claimed: ArrayLike, rerun: ArrayLike, heldout: HeldOut, metric: str = "accuracy") -> Reproduction:
    """Compare a claim with the re-run, both in the order of `heldout.labels`. Raises what `score` does."""
    claim_scores, rerun_scores = score(claimed, heldout, metric), score(rerun, heldout, metric)
    claim_classes, rerun_classes = classes_of(claimed), classes_of(rerun)
    gap = mcnemar(heldout.labels, claim_classes, rerun_classes)
    return Reproduction(
        agreement=float(np.mean(claim_classes == rerun_classes)),
        claim=claim_scores.overall,
        rerun=rerun_scores.overall,
        gap=gap,
        z=gap.z,
    )


def versus_baseline(predictions: ArrayLike, baseline: ArrayLike, heldout: HeldOut) -> McNemar:
    """Compare predictions (`better`: they are right and the baseline wrong) with the instructor's frozen ones.

    Both are as `score` takes them, on all rows. Raises ValueError unless there is one answer per label.
    """
    return mcnemar(heldout.labels, classes_of(predictions), classes_of(baseline))


def classes_of(predictions: ArrayLike) -> NDArray[np.int64]:
    """Class numbers as they are; of probabilities, shape (n, k), the number of the largest in each row."""
    answers = np.asarray(predictions)
    return answers.argmax(axis=1) if answers.ndim == 2 and answers.size else answers


def _score(answers: NDArray[np.generic], heldout: HeldOut, metric: Metric, rows: NDArray[np.bool_]) -> Score:
    if len(answers) != len(rows):
        raise ValueError(f"{len(rows)} labels cannot be compared with {len(answers)} predictions")
    labels, given = heldout.labels[rows], answers[rows]
    value = metric(labels, given)
    correct, n = count_correct(labels, classes_of(given)), len(labels)
    low, high = wilson_interval(correct, n)
    return Score(
        metric=metric.name, value=value, correct=correct, n=n, low=low, high=high, heldout_version=heldout.version
    )


PUBLIC_DIGITS = 2
"""Decimals of a public score: more would let a class read the labels off the board, one upload at a time."""
FINAL_DIGITS = 4
"""Decimals of a score after the deadline, when there is nothing left to guard."""
