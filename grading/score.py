"""A score: what the predictions are worth on held-out labels. Labels are read only here."""

from collections.abc import Sequence
from dataclasses import dataclass

from grading.heldout import HeldOut
from grading.metrics import count_correct, find_metric, wilson_interval


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


def score(predictions: Sequence[int], heldout: HeldOut, metric: str = "accuracy") -> Score:
    """Compare predictions, in the order of `heldout.labels`, with those labels.

    Raises ValueError unless there is one integer per label, ConfigError for an unknown metric.
    """
    value = find_metric(metric)(heldout.labels, predictions)
    correct, n = count_correct(heldout.labels, predictions), len(heldout.labels)
    low, high = wilson_interval(correct, n)
    return Score(metric=metric, value=value, correct=correct, n=n, low=low, high=high, heldout_version=heldout.version)
