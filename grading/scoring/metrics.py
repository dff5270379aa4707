"""How predictions compare with labels. Pure: arrays in, numbers out. Every score is from 0 to 1, and more is better.

scikit-learn and SciPy take seconds to import, so each function imports its own: `neurograde --help` stays quick.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograder.model.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A named way to compare predictions with labels: metric(labels, predictions) -> a score from 0 to 1."""

    name: str
    function: Callable[[ArrayLike, ArrayLike], float]
    takes: Literal["classes", "probabilities"] = "classes"
    """What predictions are: class numbers of shape (n,), or probabilities of shape (n, classes)."""

    def __call__(self, labels: ArrayLike, predictions: ArrayLike) -> float:
        return self.function(labels, predictions)


@dataclass(frozen=True, kw_only=True, slots=True)
class McNemar:
    """Two sets of predictions on the same rows, compared where exactly one of them is right.

    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947), 153-157; in its exact form.
    """

    better: int
    """Rows where ours is right and theirs is wrong."""
    worse: int
    """Rows where ours is wrong and theirs is right."""
    p: float
    """One-sided: how likely at least `better` of them would be ours if each were a toss of a fair coin."""

    @property
    def z(self) -> float:
        """(better - worse) / √(better + worse), about normal when neither is better; 0 when they never differ."""
        differing = self.better + self.worse
        return (self.better - self.worse) / math.sqrt(differing) if differing else 0.0


def accuracy(labels: ArrayLike, predictions: ArrayLike) -> float:
    """The share of predictions that equal their label.

    Both have shape (n,), n > 0, and an integer dtype; anything else raises ValueError.
    """
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(*class_numbers(labels, predictions)))


def balanced_accuracy(labels: ArrayLike, predictions: ArrayLike) -> float:
    """The mean, over the classes that occur among the labels, of the share of each that is recognised.

    Takes and raises what `accuracy` does.
    """
    from sklearn.metrics import recall_score

    truth, answers = class_numbers(labels, predictions)
    # scikit-learn's balanced_accuracy_score is this mean too, but warns when an answer is no class of the labels.
    return float(recall_score(truth, answers, labels=np.unique(truth), average="macro", zero_division=0.0))


def macro_f1(labels: ArrayLike, predictions: ArrayLike) -> float:
    """The mean of F1 = 2 · precision · recall / (precision + recall) over the classes that occur among the labels.

    Takes and raises what `accuracy` does. A class that is never answered has F1 = 0.
    """
    from sklearn.metrics import f1_score

    truth, answers = class_numbers(labels, predictions)
    return float(f1_score(truth, answers, labels=np.unique(truth), average="macro", zero_division=0.0))


def log_loss(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """exp(-log loss): the geometric mean of the probabilities that were given to the truth, so 1 is certain and right.

    `probabilities` has shape (n, k), row by row what `class_probabilities` takes. scikit-learn keeps each away from 0
    by the machine's epsilon, so that one row that is certain and wrong costs much, and not everything. A label from k
    up was given 0. Raises ValueError for other arrays.
    """
    from sklearn.metrics import log_loss as mean_log_loss

    truth, given = class_probabilities(labels, probabilities)
    classes = max(given.shape[1], int(truth.max()) + 1)
    padded = np.pad(given, ((0, 0), (0, classes - given.shape[1])))
    return min(1.0, math.exp(-float(mean_log_loss(truth, padded, labels=np.arange(classes)))))


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric(name="accuracy", function=accuracy),
            Metric(name="balanced_accuracy", function=balanced_accuracy),
            Metric(name="macro_f1", function=macro_f1),
            Metric(name="log_loss", function=log_loss, takes="probabilities"),
        )
    }
)
"""What `metric` may say in assignment.toml."""


def find_metric(name: str) -> Metric:
    """The metric registered under `name`. Raises ConfigError listing those there are."""
    try:
        return METRICS[name]
    except KeyError:
        raise ConfigError(
            f'There is no metric "{name}". Set competition.metric in assignment.toml to one of: {", ".join(METRICS)}.'
        ) from None


def count_correct(labels: ArrayLike, predictions: ArrayLike) -> int:
    """How many predictions equal their label. Takes and raises what `accuracy` does."""
    truth, answers = class_numbers(labels, predictions)
    return int(np.count_nonzero(truth == answers))


def confusion_matrix(labels: ArrayLike, predictions: ArrayLike, classes: int) -> NDArray[np.int64]:
    """How often each class (rows, from 0) was taken for each (columns): shape (classes, classes).

    An answer that is no class is in no column, so a row may sum to less than its class has. Takes and raises what
    `accuracy` does.
    """
    truth, answers = class_numbers(labels, predictions)
    known = (answers >= 0) & (answers < classes)
    pairs = truth[known] * classes + answers[known]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def per_class_accuracy(labels: ArrayLike, predictions: ArrayLike, classes: int) -> NDArray[np.float64]:
    """The share of each class that is recognised, shape (classes,); NaN for a class without a label.

    Takes and raises what `accuracy` does.
    """
    truth, answers = class_numbers(labels, predictions)
    totals = np.bincount(truth, minlength=classes)[:classes]
    right = np.bincount(truth[truth == answers], minlength=classes)[:classes]
    shares = np.full(classes, np.nan)
    np.divide(right, totals, out=shares, where=totals > 0)
    return shares


def mcnemar(labels: ArrayLike, ours: ArrayLike, theirs: ArrayLike) -> McNemar:
    """Whether `ours` is better than `theirs` on the same rows: see McNemar. Takes and raises what `accuracy` does."""
    from scipy.stats import binom

    better, worse = _discordant(labels, ours, theirs)
    return McNemar(better=better, worse=worse, p=float(binom.sf(better - 1, better + worse, 0.5)))


def within_noise(labels: ArrayLike, new: ArrayLike, best: ArrayLike) -> bool:
    """Whether `new` cannot be told from `best`, be it a little above or a little below.

    With b rows newly right and c newly wrong of n: |b - c| <= √(b + c - (b - c)²/n). For accuracy this is the test of
    the parameter-free Ladder (A. Blum and M. Hardt, "The Ladder: a reliable leaderboard for machine learning
    competitions", ICML 2015, algorithm 2), which takes `new` for the leader when b > c and this is False. Takes and
    raises what `accuracy` does.
    """
    better, worse = _discordant(labels, new, best)
    gain = better - worse
    return abs(gain) <= math.sqrt(better + worse - gain**2 / np.size(labels))


QUANTILE_95 = 1.959963984540054
"""The normal quantile of 0.975, as SciPy has it; NormalDist's is another in the last bit."""


def wilson_interval(correct: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for the chance of being right, seen `correct` times in `n`.

    `correct` need not be whole: a share that was rounded has an interval too.

    With p = correct / n and z the normal quantile of (1 + confidence) / 2, its ends are
    [p + z²/2n ± z √(p(1 - p)/n + z²/4n²)] / (1 + z²/n): E. B. Wilson, "Probable inference, the law of succession,
    and statistical inference", JASA 22 (1927), 209-212. Raises ValueError unless 0 <= correct <= n, n > 0 and
    0 < confidence < 1.
    """
    if not (0 <= correct <= n and n > 0 and 0 < confidence < 1):
        raise ValueError(f"no interval for {correct} of {n} at confidence {confidence}")
    p, z = correct / n, QUANTILE_95 if confidence == 0.95 else NormalDist().inv_cdf((1 + confidence) / 2)
    # Both ends over 2n / 2n, as SciPy's `binomtest(...).proportion_ci(method="wilson")` has them, to the last bit: a
    # score that was recorded by it is the same score now. Importing SciPy takes seconds, and boards show a margin too.
    middle, below = 2 * n * p + z**2, 2 * (n + z**2)
    half = z / below * math.sqrt(4 * n * p * (1 - p) + z**2)
    return 0.0 if correct == 0 else middle / below - half, 1.0 if correct == n else middle / below + half


def class_numbers(labels: ArrayLike, predictions: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both as int64 of one shape (n,), n > 0. Raises ValueError for floats, booleans, objects and other shapes.

    Floats are refused even when whole: NaN is a float, and 2.0 is more often a probability gone wrong than class 2.
    """
    truth, answers = _integers("labels", labels), _integers("predictions", predictions)
    if truth.shape != answers.shape:
        raise ValueError(f"{truth.size} labels cannot be compared with {answers.size} predictions")
    return truth, answers


def class_probabilities(labels: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels as int64 (n,), n > 0, none negative, and probabilities as float64 (n, k), each row summing to 1.

    Rows are divided by their sum, for those of float32 miss 1 by a little. Raises ValueError when one is negative, not
    finite, or in a row that sums to something else than 1 by more than 0.01.
    """
    truth, given = _integers("labels", labels), np.asarray(probabilities)
    if given.ndim != 2 or given.dtype.kind not in "iuf" or len(given) != len(truth) or truth.min() < 0:
        raise ValueError(
            f"predictions must be probabilities, floats of shape ({len(truth)}, classes), for labels from 0; "
            f"they are {given.dtype} of shape {given.shape}"
        )
    given = given.astype(np.float64)
    sums = given.sum(axis=1, keepdims=True)
    if not (np.isfinite(given).all() and (given >= 0).all() and (np.abs(sums - 1) <= 0.01).all()):
        raise ValueError("predictions must be probabilities: from 0 up, and every row sums to 1")
    return truth, given / sums


def _integers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must have shape (n,) with n > 0, not {array.shape}")
    if array.dtype.kind not in "iu" or not np.can_cast(array.dtype, np.int64):
        raise ValueError(f"{name} must be class numbers of an integer type, not {array.dtype}")
    return array.astype(np.int64)


def _discordant(labels: ArrayLike, ours: ArrayLike, theirs: ArrayLike) -> tuple[int, int]:
    """(rows only ours has right, rows only theirs has right)."""
    truth, mine = class_numbers(labels, ours)
    _, other = class_numbers(labels, theirs)
    right, theirs_right = mine == truth, other == truth
    return int(np.count_nonzero(right & ~theirs_right)), int(np.count_nonzero(~right & theirs_right))
