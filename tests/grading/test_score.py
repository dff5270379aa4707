import numpy as np
import pytest

from autograder.errors import ConfigError
from grading.heldout import HeldOut
from grading.score import score

HELDOUT = HeldOut(inputs=np.arange(8.0).reshape(4, 2), labels=np.array([3, 1, 2, 0]), version="v1")


def test_a_score_carries_its_counts_its_interval_and_the_version_of_the_labels():
    result = score([3, 1, 2, 9], HELDOUT)
    assert (result.metric, result.value, result.correct, result.n) == ("accuracy", 0.75, 3, 4)
    assert result.low < 0.75 < result.high
    assert result.heldout_version == "v1"


@pytest.mark.parametrize("predictions", [[], [3, 1, 2], [3, 1, 2, 0, 0], [3.0, 1.0, 2.0, 0.0]], ids=repr)
def test_other_than_one_integer_per_label_is_refused(predictions):
    with pytest.raises(ValueError, match="predictions"):
        score(predictions, HELDOUT)


def test_an_unknown_metric_is_the_instructors_to_mend():
    with pytest.raises(ConfigError, match="accuracy"):
        score([3, 1, 2, 0], HELDOUT, metric="f1")
