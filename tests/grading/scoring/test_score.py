import numpy as np
import pytest

from autograder.model.errors import ConfigError
from grading.scoring.heldout import HeldOut
from grading.scoring.metrics import McNemar, wilson_interval
from grading.scoring.score import Score, classes_of, reproduction, score, versus_baseline

PUBLIC = np.array([True, False, False, False, True, False])
HELDOUT = HeldOut(
    inputs=np.arange(12.0).reshape(6, 2), labels=np.array([0, 1, 2, 0, 1, 2]), public=PUBLIC, version="v1", split="s1"
)
LARGE = HeldOut(
    inputs=np.zeros((300, 1)),
    labels=np.arange(300) % 3,
    public=np.arange(300) < 90,
    version="v2",
    split="s2",
)


def wrong_on(rows: slice) -> np.ndarray:
    predictions = LARGE.labels.copy()
    predictions[rows] = (predictions[rows] + 1) % 3
    return predictions


def test_a_score_carries_its_counts_its_interval_and_the_version_of_the_labels():
    low, high = wilson_interval(5, 6)
    assert score([0, 1, 2, 0, 1, 9], HELDOUT).overall == Score(
        metric="accuracy", value=5 / 6, correct=5, n=6, low=low, high=high, heldout_version="v1"
    )


def test_public_and_private_rows_have_scores_of_their_own():
    scores = score([0, 1, 2, 0, 0, 9], HELDOUT)
    assert (scores.public.correct, scores.public.n, scores.private.correct, scores.private.n) == (1, 2, 3, 4)
    assert (scores.public.value, scores.private.value, scores.split) == (0.5, 0.75, "s1")


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_the_sides_of_the_split_add_up_to_the_whole(metric):
    scores = score(wrong_on(slice(50, 120)), LARGE, metric)
    assert scores.public.correct + scores.private.correct == scores.overall.correct == 230
    assert scores.public.n + scores.private.n == scores.overall.n == 300
    assert min(scores.public.value, scores.private.value) < scores.overall.value < 1


def test_which_class_was_taken_for_which_is_told():
    scores = score([0, 1, 1, 0, 2, 9], HELDOUT)
    assert scores.per_class == (1.0, 0.5, 0.0)
    assert scores.confusion == ((2, 0, 0), (0, 1, 1), (0, 1, 0))


def test_of_probabilities_the_largest_is_counted_and_all_are_scored():
    given = np.full((6, 3), 0.2)
    given[np.arange(6), [0, 1, 2, 0, 1, 0]] = 0.6
    scores = score(given, HELDOUT, "log_loss")
    assert (scores.overall.correct, scores.overall.n) == (5, 6)
    assert scores.overall.value == pytest.approx((0.6**5 * 0.2) ** (1 / 6))
    assert scores.public.value == pytest.approx(0.6)
    assert scores.per_class == (1.0, 1.0, 0.5)


@pytest.mark.parametrize(
    "predictions",
    [[], [0, 1, 2], [0, 1, 2, 0, 1, 2, 0], [0.0, 1.0, 2.0, 0.0, 1.0, 2.0], np.eye(3)[[0, 1, 2, 0, 1, 2]]],
    ids=["none", "few", "many", "floats", "probabilities"],
)
def test_other_than_one_integer_per_label_is_refused(predictions):
    with pytest.raises(ValueError, match="predictions"):
        score(predictions, HELDOUT)


def test_an_unknown_metric_is_the_instructors_to_mend():
    with pytest.raises(ConfigError, match="accuracy"):
        score([0, 1, 2, 0, 1, 2], HELDOUT, metric="f1")


def test_class_numbers_cannot_be_scored_by_a_metric_of_probabilities():
    with pytest.raises(ConfigError, match=r'"log_loss" needs probabilities.*set competition\.claims = false'):
        score([0, 1, 2, 0, 1, 2], HELDOUT, metric="log_loss")


def test_a_claim_much_better_than_its_rerun_is_a_claim_gap():
    result = reproduction(LARGE.labels, wrong_on(slice(0, 30)), LARGE)
    assert (result.agreement, result.claim.correct, result.rerun.correct) == (0.9, 300, 270)
    assert (result.gap.better, result.gap.worse) == (30, 0)
    assert result.z == pytest.approx(30 / 30**0.5)
    assert result.is_claim_gap


def test_training_anew_is_no_claim_gap():
    result = reproduction(wrong_on(slice(0, 20)), wrong_on(slice(10, 33)), LARGE)
    assert (result.gap.better, result.gap.worse) == (13, 10)
    assert result.z == pytest.approx(3 / 23**0.5)
    assert not result.is_claim_gap
    assert not reproduction(wrong_on(slice(0, 30)), LARGE.labels, LARGE).is_claim_gap


def test_a_submission_is_compared_with_the_baseline_row_by_row():
    baseline = wrong_on(slice(0, 10))
    assert versus_baseline(LARGE.labels, baseline, LARGE) == McNemar(better=10, worse=0, p=pytest.approx(0.5**10))
    assert versus_baseline(np.eye(3)[baseline], baseline, LARGE) == McNemar(better=0, worse=0, p=1.0)


def test_class_numbers_stay_what_they_are():
    assert classes_of([3, 1]).tolist() == [3, 1]
    assert classes_of([[0.1, 0.9], [0.8, 0.2]]).tolist() == [1, 0]
