"""How alike predictions are, for every pair of a class at once: agreement, and on which side the others stand.

Two honest models of one kind agree on far more rows than chance would have it (H. Mania et al., "Model similarity
mitigates test set overuse", 2019), so agreement alone tells little. But where two of them differ, the rest of the class
sides now with one, now with the other. Where one is a copy with some answers changed, it sides with the original: what
was the original's alone is the copy's as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS = 2000
"""Rows looked at together: a block of (rows, classes, classes, classes) must fit into memory."""
SURE = 3
"""A plurality ahead by so many votes stays one when two votes are taken away."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Agreement:
    """Counts of rows for every pair (i, j), each an array of shape (students, students).

    "The others" are all but i and j, and what they say is what more of them say than anything else; where two answers
    are named equally often, they say nothing.
    """

    rows: int
    same: NDArray[np.int64]
    """i and j say the same."""
    sided: NDArray[np.int64]
    """i and j differ, and the others say what i says."""
    alone: NDArray[np.int64]
    """i says something else than the others."""
    alone_together: NDArray[np.int64]
    """i and j say the same, and something else than the others."""

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of rows on which i and j say the same."""
        return self.same / self.rows

    def set_right(self, least: int = 1) -> NDArray[np.float64]:
        """Of the rows where one of two is alone, the share where the other says what the others say.

        The smaller of both ways round, and 1 where each is alone on fewer than `least` rows. Near 0, the other never
        sees better where the one is odd: it has the one's answers. To divide by the rows where they differ instead
        would make a pair of every honest model with one that errs at random.
        """
        shares = np.where(self.alone >= least, self.sided.T / np.maximum(self.alone, 1), 1.0)
        return np.minimum(shares, shares.T)


def agreement(predictions: NDArray[np.integer], classes: int) -> Agreement:
    """Compare everybody's predictions, shape (students, rows): class numbers from 0 to classes - 1.

    Raises ValueError for anything else.
    """
    if predictions.ndim != 2 or not predictions.size or predictions.min() < 0 or predictions.max() >= classes:
        raise ValueError(f"predictions must be of shape (students, rows), with classes from 0 to {classes - 1}")
    students, rows = predictions.shape
    same, sided, alone, together = (np.zeros((students, students)) for _ in range(4))
    for block in _blocks(predictions, classes):
        votes = np.stack([(block == c).sum(axis=0) for c in range(classes)], axis=1)
        first, second = np.sort(votes, axis=1)[:, :-3:-1].T
        sure = first - second >= SURE
        same += _same(block, classes)
        for parts in (
            _where_sure(block[:, sure], votes[sure].argmax(axis=1), classes),
            _where_unsure(block[:, ~sure], votes[~sure], classes),
        ):
            sided, alone, together = (total + more for total, more in zip((sided, alone, together), parts, strict=True))
    whole = [np.rint(counts).astype(np.int64) for counts in (same, sided, alone, together)]
    return Agreement(rows=rows, same=whole[0], sided=whole[1], alone=whole[2], alone_together=whole[3])


def others_say(predictions: NDArray[np.integer], pair: tuple[int, int], classes: int) -> NDArray[np.int64]:
    """What all but a pair say, shape (rows,): a class number, or -1 where two are named equally often."""
    others = np.delete(predictions, pair, axis=0)
    votes = np.stack([(others == c).sum(axis=0) for c in range(classes)], axis=1)
    most = votes.max(axis=1, keepdims=True)
    return np.where((votes == most).sum(axis=1) == 1, votes.argmax(axis=1), -1)


def _blocks(predictions: NDArray[np.integer], classes: int) -> Iterator[NDArray[np.integer]]:
    rows = max(1, min(ROWS, 20_000_000 // classes**3))
    for start in range(0, predictions.shape[1], rows):
        yield predictions[:, start : start + rows]


def _one_hot(block: NDArray[np.integer], c: int) -> NDArray[np.float32]:
    """Float32, for which the processor's matrix product is quickest; exact up to 2^24 rows."""
    chosen: NDArray[np.float32] = (block == c).astype(np.float32)
    return chosen


def _same(block: NDArray[np.integer], classes: int) -> NDArray[np.float32]:
    total = np.zeros((len(block), len(block)), dtype=np.float32)
    for c in range(classes):
        chosen = _one_hot(block, c)
        total += chosen @ chosen.T
    return total


def _where_sure(
    block: NDArray[np.integer], plurality: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """(sided, alone, alone_together) on rows where the others say the same whichever pair is left out."""
    along = (block == plurality).astype(np.float32)
    apart = 1 - along
    both_along = along @ along.T
    alone = np.repeat(apart.sum(axis=1, keepdims=True), len(block), axis=1)
    return along @ apart.T, alone, _same(block, classes) - both_along


def _where_unsure(
    block: NDArray[np.integer], votes: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The same where it depends on the pair: what the others say is worked out for every two answers it can give."""
    own = np.eye(classes, dtype=votes.dtype)
    left = votes[:, None, None, :] - own[None, :, None, :] - own[None, None, :, :]  # (rows, a, b, classes)
    most = left.max(axis=3, keepdims=True)
    plurality = np.where((left == most).sum(axis=3) == 1, left.argmax(axis=3), -1)  # (rows, a, b)
    a, b = np.arange(classes)[None, :, None], np.arange(classes)[None, None, :]
    sided = (a != b) & (plurality == a)
    alone = (plurality >= 0) & (plurality != a)
    return _added(block, sided), _added(block, alone), _added(block, alone & (a == b))


def _added(block: NDArray[np.integer], table: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The sum over rows r of table[r, block[i, r], block[j, r]] for every pair (i, j), as matrix products."""
    rows = np.arange(block.shape[1])
    total = np.zeros((len(block), len(block)), dtype=np.float32)
    for b in range(table.shape[2]):
        total += table[rows, block, b].astype(np.float32) @ _one_hot(block, b).T
    return total
