import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.analysis.integrity.agreement import agreement, others_say


def classes_of_a_class(students=st.integers(2, 9), classes=st.integers(2, 5)):
    return st.tuples(students, st.integers(1, 12), classes, st.integers(0, 2**32)).map(
        lambda drawn: (np.random.default_rng(drawn[3]).integers(0, drawn[2], drawn[:2]), drawn[2])
    )


def counted_one_by_one(predictions, i, j, classes):
    """(same, sided, alone, alone together), row by row."""
    same = sided = alone = together = 0
    for row in predictions.T:
        votes = np.bincount(np.delete(row, [i, j]), minlength=classes)
        said = int(votes.argmax()) if (votes == votes.max()).sum() == 1 else None
        same += row[i] == row[j]
        sided += row[i] != row[j] and row[i] == said
        is_alone = said is not None and row[i] != said
        alone += is_alone
        together += is_alone and row[i] == row[j]
    return same, sided, alone, together


@given(classes_of_a_class())
def test_counts_of_all_pairs_at_once_are_those_of_each_pair_by_itself(drawn):
    predictions, classes = drawn
    counts = agreement(predictions, classes)
    for i in range(len(predictions)):
        for j in range(len(predictions)):
            if i != j:
                found = tuple(m[i, j] for m in (counts.same, counts.sided, counts.alone, counts.alone_together))
                assert found == counted_one_by_one(predictions, i, j, classes)


def test_a_large_class_is_counted_like_a_small_one():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 10, 3000)
    predictions = np.where(rng.random((40, 3000)) < 0.2, rng.integers(0, 10, (40, 3000)), truth).astype(np.uint8)
    counts = agreement(predictions, 10)
    for i, j in ((0, 1), (7, 39), (20, 3)):
        found = tuple(m[i, j] for m in (counts.same, counts.sided, counts.alone, counts.alone_together))
        assert found == counted_one_by_one(predictions, i, j, 10)


def test_the_class_sides_with_the_one_that_was_copied():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 10, 2000)
    models = np.where(rng.random((8, 2000)) < 0.1, rng.integers(0, 10, (8, 2000)), truth)
    copy = np.where(rng.random(2000) < 0.05, rng.integers(0, 10, 2000), models[0])
    counts = agreement(np.vstack([models, copy]), 10)
    shares = counts.set_right()
    assert shares[0, 8] == shares[8, 0] < 0.05 < 0.5 < shares[0, 1]
    assert counts.sided[0, 8] > 50 * counts.sided[8, 0]
    assert counts.alone_together[0, 8] > 0.9 * counts.alone[0, 8]


def test_a_model_that_errs_at_random_is_nobodys_copy():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 10, 2000)
    models = np.where(rng.random((8, 2000)) < 0.03, rng.integers(0, 10, (8, 2000)), truth)
    poor = np.where(rng.random(2000) < 0.15, rng.integers(0, 10, 2000), truth)
    assert agreement(np.vstack([models, poor]), 10).set_right()[8, :8].min() > 0.5


def test_who_is_hardly_ever_alone_is_not_judged():
    counts = agreement(np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]), 2)
    assert counts.set_right()[0, 1] == 0
    assert counts.set_right(least=2)[0, 1] == 1


def test_others_who_are_divided_say_nothing():
    assert others_say(np.array([[0, 0], [1, 1], [2, 2], [2, 1], [0, 2]]), (0, 1), 3).tolist() == [2, 2]
    assert others_say(np.array([[0], [1], [2], [0]]), (0, 1), 3).tolist() == [-1]


@pytest.mark.parametrize("wrong", [[0, 1], [[0, 3]], [[-1, 0]], [[]]])
def test_what_is_no_table_of_classes_is_refused(wrong):
    with pytest.raises(ValueError, match=r"shape \(students, rows\), with classes from 0 to 2"):
        agreement(np.array(wrong, dtype=np.int64), 3)
