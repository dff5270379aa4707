import math

import numpy as np
import pytest

from autograder.errors import ConfigError
from grading.metrics import METRICS, accuracy, count_correct, find_metric, wilson_interval


def test_accuracy_is_the_share_of_right_answers():
    assert accuracy([0, 1, 2, 3], [0, 1, 2, 9]) == 0.75
    assert count_correct([0, 1, 2, 3], [0, 1, 2, 9]) == 3


def test_integer_types_may_differ():
    assert accuracy(np.array([1, 2], dtype=np.uint8), np.array([1, 2], dtype=np.int64)) == 1.0


@pytest.mark.parametrize(
    "predictions",
    [[0.0, 1.0], [math.nan, 1.0], [True, False], ["0", "1"], [None, 1], [0], [0, 1, 2], [], [[0, 1]], [0, 2**63]],
    ids=repr,
)
def test_what_is_not_one_class_number_per_label_is_refused(predictions):
    with pytest.raises(ValueError, match=r"predictions|labels"):
        accuracy([0, 1], predictions)


def test_an_unknown_metric_is_answered_with_the_known_ones():
    assert find_metric("accuracy") is METRICS["accuracy"]
    with pytest.raises(ConfigError, match=r'no metric "acuracy".*one of: accuracy'):
        find_metric("acuracy")


@pytest.mark.parametrize(("correct", "n"), [(0, 10), (10, 10), (7, 10), (8800, 10_000)])
def test_wilson_interval_agrees_with_its_formula(correct, n):
    p, z = correct / n, 1.959963984540054
    middle, half = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = ((middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n))
    assert wilson_interval(correct, n) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("correct", "n", "confidence"), [(1, 0, 0.95), (-1, 5, 0.95), (6, 5, 0.95), (1, 5, math.nan)])
def test_no_interval_without_a_count(correct, n, confidence):
    with pytest.raises(ValueError, match="no interval"):
        wilson_interval(correct, n, confidence)
