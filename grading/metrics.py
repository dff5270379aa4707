"""How predictions compare with labels. Pure: arrays in, numbers out.

scikit-learn and SciPy take seconds to import, so each function imports its own: `neurograde --help` stays quick.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograder.errors import ConfigError

Metric = Callable[[ArrayLike, ArrayLike], float]
"""metric(labels, predictions) -> a score from 0 to 1, more is better."""


def accuracy(labels: ArrayLike, predictions: ArrayLike) -> float:
    """The share of predictions that equal their label, from 0 to 1.

    Both have shape (n,), n > 0, and an integer dtype; anything else raises ValueError.
    """
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(*class_numbers(labels, predictions)))


METRICS: Mapping[str, Metric] = MappingProxyType({"accuracy": accuracy})
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


def wilson_interval(correct: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for the chance of being right, seen `correct` times in `n`.

    With p = correct / n and z the normal quantile of (1 + confidence) / 2, its ends are
    [p + z²/2n ± z √(p(1 - p)/n + z²/4n²)] / (1 + z²/n): E. B. Wilson, "Probable inference, the law of succession,
    and statistical inference", JASA 22 (1927), 209-212. Raises ValueError unless 0 <= correct <= n, n > 0 and
    0 < confidence < 1.
    """
    if not (0 <= correct <= n and n > 0 and 0 < confidence < 1):
        raise ValueError(f"no interval for {correct} of {n} at confidence {confidence}")
    from scipy.stats import binomtest

    low, high = binomtest(correct, n).proportion_ci(confidence_level=confidence, method="wilson")
    return float(low), float(high)


def class_numbers(labels: ArrayLike, predictions: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both as int64 of one shape (n,), n > 0. Raises ValueError for floats, booleans, objects and other shapes.

    Floats are refused even when whole: NaN is a float, and 2.0 is more often a probability gone wrong than class 2.
    """
    truth, answers = np.asarray(labels), np.asarray(predictions)
    for name, array in (("labels", truth), ("predictions", answers)):
        if array.ndim != 1 or array.size == 0:
            raise ValueError(f"{name} must have shape (n,) with n > 0, not {array.shape}")
        if array.dtype.kind not in "iu" or not np.can_cast(array.dtype, np.int64):
            raise ValueError(f"{name} must be class numbers of an integer type, not {array.dtype}")
    if truth.shape != answers.shape:
        raise ValueError(f"{truth.size} labels cannot be compared with {answers.size} predictions")
    return truth.astype(np.int64), answers.astype(np.int64)
