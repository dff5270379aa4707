import hmac

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.scoring.split import assignment_secret, public_mask, split_hash

SECRET = b"s" * 32
LABELS = np.arange(1000) % 10


@given(st.lists(st.integers(0, 4), min_size=30, max_size=200), st.sampled_from([0.1, 0.3, 0.5, 0.9]))
def test_every_class_has_its_share_on_the_public_side(labels, share):
    labels = np.array(labels)
    public = public_mask(labels, SECRET, share)
    for label in np.unique(labels):
        assert abs(np.count_nonzero(public[labels == label]) - share * np.count_nonzero(labels == label)) <= 0.5


def test_of_a_class_the_first_ids_by_their_hmac_are_public():
    public = public_mask(LABELS, SECRET, 0.3)
    ids = sorted(np.flatnonzero(LABELS == 4), key=lambda i: hmac.digest(SECRET, str(i).encode(), "sha256"))
    assert public[ids].tolist() == [True] * 30 + [False] * 70


def test_a_larger_share_keeps_what_was_public():
    assert (public_mask(LABELS, SECRET, 0.5) >= public_mask(LABELS, SECRET, 0.3)).all()


def test_another_assignments_split_tells_nothing_of_this_one():
    first, second = (public_mask(LABELS, assignment_secret(SECRET, name), 0.3) for name in ("one", "two"))
    assert 0.2 < second[first].mean() < 0.4


def test_a_split_has_one_name():
    public = public_mask(LABELS, SECRET, 0.3)
    assert split_hash(public) == split_hash(public_mask(LABELS, SECRET, 0.3)) == "7f2aba04b80b0ea1"
    assert split_hash(public) != split_hash(public_mask(LABELS, b"t" * 32, 0.3))
    assert split_hash(np.array([True, False])) != split_hash(np.array([True, False, False]))


@pytest.mark.parametrize(("labels", "share"), [([0, 1], 0.3), ([0, 0], 0.9), ([], 0.3), ([0], 0.5)])
def test_too_few_rows_for_two_sides_are_refused(labels, share):
    with pytest.raises(ValueError, match=f"{len(labels)} rows are too few to make {share} of each class public"):
        public_mask(labels, SECRET, share)
