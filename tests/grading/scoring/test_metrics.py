import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from autograder.model.errors import ConfigError
from autograder.model.report import PROBABILITY_METRICS
from grading.scoring.metrics import (
    METRICS,
    McNemar,
    accuracy,
    balanced_accuracy,
    class_probabilities,
    confusion_matrix,
    count_correct,
    find_metric,
    log_loss,
    macro_f1,
    mcnemar,
    per_class_accuracy,
    wilson_interval,
    within_noise,
)

CLASS_NUMBERS = st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 5)), min_size=1, max_size=40)


def differing(better: int, worse: int, n: int = 3000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and two predictions, the first of which alone is right on `better` rows, the second on `worse`."""
    labels, ours, theirs = np.zeros((3, n), dtype=np.int64)
    theirs[:better] = 1
    ours[better : better + worse] = 1
    return labels, ours, theirs


def test_accuracy_is_the_share_of_right_answers():
    assert accuracy([0, 1, 2, 3], [0, 1, 2, 9]) == 0.75
    assert count_correct([0, 1, 2, 3], [0, 1, 2, 9]) == 3


def test_balanced_accuracy_gives_every_class_the_same_weight():
    assert balanced_accuracy([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0] * 10) == 0.5
    assert balanced_accuracy([0, 0, 1, 1], [7, 0, 1, 1]) == 0.75


def test_macro_f1_is_the_mean_f1_of_the_classes_there_are():
    # class 0: precision 1, recall 1/2; class 1: precision 2/3, recall 1; class 7 is nobody's
    assert macro_f1([0, 0, 1, 1], [0, 1, 1, 1]) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert macro_f1([0, 0, 1, 1], [0, 7, 1, 1]) == pytest.approx((2 / 3 + 1) / 2)


def test_log_loss_is_the_geometric_mean_of_what_the_truth_was_given():
    assert log_loss([0, 1], [[0.9, 0.1], [0.6, 0.4]]) == pytest.approx(math.sqrt(0.9 * 0.4))
    assert log_loss([0, 1], [[1, 0], [0, 1]]) == pytest.approx(1)


def test_a_class_without_a_column_was_given_nothing():
    assert log_loss([0, 1, 2], [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]) == pytest.approx(
        log_loss([0, 1, 2], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    )


def test_one_row_that_is_certain_and_wrong_costs_much_and_not_everything():
    labels = np.zeros(100, dtype=np.int64)
    certain = np.tile([1.0, 0.0], (100, 1))
    certain[0] = [0.0, 1.0]
    assert 0.6 < log_loss(labels, certain) < 0.8


def test_rows_of_float32_need_not_sum_to_one_exactly():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(500, 10)).astype(np.float32)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 0 < log_loss(rng.integers(0, 10, 500), softmax) < 1


@pytest.mark.parametrize(
    "probabilities",
    [[0, 1], [[0.5, 0.5]], [[-0.5, 1.5], [0, 1]], [[0.5, 0.4], [0, 1]], [[math.nan, 1], [0, 1]], [["a", "b"]] * 2],
    ids=repr,
)
def test_what_is_not_one_row_of_probabilities_per_label_is_refused(probabilities):
    with pytest.raises(ValueError, match="predictions must be probabilities"):
        class_probabilities([0, 1], probabilities)


@given(CLASS_NUMBERS)
def test_every_metric_of_classes_is_from_0_to_1_and_1_when_all_is_right(pairs):
    labels, predictions = map(np.array, zip(*pairs, strict=True))
    for metric in METRICS.values():
        if metric.takes == "classes":
            assert 0 <= metric(labels, predictions) <= 1
            assert metric(labels, labels) == 1


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(1, 9), min_size=3, max_size=3)), min_size=1))
def test_log_loss_is_the_geometric_mean_whatever_the_probabilities(rows):
    labels = np.array([label for label, _ in rows])
    weights = np.array([weights for _, weights in rows], dtype=float)
    given_ = weights / weights.sum(axis=1, keepdims=True)
    expected = np.exp(np.mean(np.log(given_[np.arange(len(labels)), labels])))
    assert log_loss(labels, given_) == pytest.approx(expected)


def test_integer_types_may_differ():
    assert accuracy(np.array([1, 2], dtype=np.uint8), np.array([1, 2], dtype=np.int64)) == 1.0


@pytest.mark.parametrize(
    "predictions",
    [[0.0, 1.0], [math.nan, 1.0], [True, False], ["0", "1"], [None, 1], [0], [0, 1, 2], [], [[0, 1]], [0, 2**63]],
    ids=repr,
)
@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_what_is_not_one_class_number_per_label_is_refused(metric, predictions):
    with pytest.raises(ValueError, match=r"predictions|labels"):
        METRICS[metric]([0, 1], predictions)


def test_an_unknown_metric_is_answered_with_the_known_ones():
    assert find_metric("accuracy") is METRICS["accuracy"]
    with pytest.raises(ConfigError, match=r'no metric "acuracy".*: accuracy, balanced_accuracy, macro_f1, log_loss\.'):
        find_metric("acuracy")


def test_the_room_is_asked_for_probabilities_where_a_metric_takes_them():
    assert {name for name, metric in METRICS.items() if metric.takes == "probabilities"} == PROBABILITY_METRICS


@given(CLASS_NUMBERS)
def test_the_confusion_matrix_counts_every_pair_of_classes(pairs):
    labels, predictions = map(np.array, zip(*pairs, strict=True))
    matrix = confusion_matrix(labels, predictions, 4)
    for truth in range(4):
        assert matrix[truth].tolist() == [pairs.count((truth, answer)) for answer in range(4)]


def test_per_class_accuracy_is_the_recall_of_each_class():
    shares = per_class_accuracy([0, 0, 1, 3], [0, 9, 1, 0], 4)
    assert shares[[0, 1, 3]].tolist() == [0.5, 1.0, 0.0]
    assert np.isnan(shares[2])


@pytest.mark.parametrize(("better", "worse", "p"), [(0, 0, 1), (5, 0, 1 / 32), (0, 5, 1), (2, 1, 0.5), (1, 2, 7 / 8)])
def test_mcnemar_counts_the_tosses_of_a_fair_coin(better, worse, p):
    assert mcnemar(*differing(better, worse)) == McNemar(better=better, worse=worse, p=pytest.approx(p))


def test_rows_where_both_are_wrong_decide_nothing():
    assert mcnemar([0, 0, 0], [1, 2, 0], [2, 1, 0]) == McNemar(better=0, worse=0, p=1.0)
    assert McNemar(better=0, worse=0, p=1.0).z == 0
    assert McNemar(better=17, worse=8, p=0.05).z == pytest.approx(9 / 5)


@pytest.mark.parametrize(
    ("better", "worse", "answer"),
    [
        (0, 0, True),
        (14, 11, True),
        (12, 16, True),
        (12, 20, False),
        (1, 0, False),
        (25, 11, False),
        (11, 25, False),
        (60, 40, False),
    ],
)
def test_what_the_ladder_would_not_take_for_the_leader_is_within_noise(better, worse, answer):
    assert within_noise(*differing(better, worse)) is answer


@given(st.integers(0, 40), st.integers(0, 40), st.integers(81, 3000))
def test_the_ladder_takes_a_gain_above_its_standard_error(better, worse, n):
    labels, new, best = differing(better, worse, n)
    losses = (new != labels).astype(float), (best != labels).astype(float)
    gain, error = np.mean(losses[1] - losses[0]), np.std(losses[0] - losses[1]) / math.sqrt(n)
    if not math.isclose(abs(gain), error, rel_tol=1e-9):
        assert within_noise(labels, new, best) is bool(abs(gain) < error)


def test_wilson_interval_of_95_percent_is_scipys_to_the_last_bit_so_that_a_score_scored_again_is_the_same():
    for n in (3, 40, 333, 7000):
        for correct in range(0, n + 1, max(1, n // 50)):
            expected = binomtest(correct, n).proportion_ci(method="wilson")
            assert wilson_interval(correct, n) == (expected.low, expected.high)


@pytest.mark.parametrize(("correct", "n"), [(0, 10), (10, 10), (7, 10), (8800, 10_000)])
def test_wilson_interval_agrees_with_its_formula(correct, n):
    p, z = correct / n, 1.959963984540054
    middle, half = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = ((middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n))
    assert wilson_interval(correct, n) == pytest.approx(expected, abs=1e-12)


@given(st.data(), st.integers(1, 20_000), st.floats(0.01, 0.999))
def test_wilson_interval_is_scipys(data, n, confidence):
    correct = data.draw(st.integers(0, n))
    expected = binomtest(correct, n).proportion_ci(confidence_level=confidence, method="wilson")
    assert wilson_interval(correct, n, confidence) == pytest.approx((expected.low, expected.high), rel=0, abs=1e-12)
    low, high = wilson_interval(correct, n, confidence)
    assert 0 <= low <= correct / n <= high <= 1


@pytest.mark.parametrize(("correct", "n", "confidence"), [(1, 0, 0.95), (-1, 5, 0.95), (6, 5, 0.95), (1, 5, math.nan)])
def test_no_interval_without_a_count(correct, n, confidence):
    with pytest.raises(ValueError, match="no interval"):
        wilson_interval(correct, n, confidence)
