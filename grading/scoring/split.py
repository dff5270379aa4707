"""Which held-out rows are public (their score is shown at once) and which private (shown after the deadline)."""

import hashlib
import hmac

import numpy as np
from numpy.typing import ArrayLike, NDArray


def public_mask(labels: ArrayLike, secret: bytes, share: float) -> NDArray[np.bool_]:
    """True for public rows, shape (n,): of each class the `share` (0 to 1) whose Ids come first.

    An Id is a row's number. Ids are sorted by HMAC-SHA256(secret, Id), so nobody without the secret can tell a row's
    side, every class is on both in the same proportion, and the same secret splits the same rows the same way. A
    class's count of public rows is rounded. Raises ValueError when one side would be empty.
    """
    truth = np.asarray(labels)
    digests = [hmac.digest(secret, b"%d" % number, "sha256") for number in range(len(truth))]
    order = np.array(sorted(range(len(truth)), key=digests.__getitem__), dtype=np.int64)
    public = np.zeros(len(truth), dtype=np.bool_)
    for label in np.unique(truth):
        rows = order[truth[order] == label]
        public[rows[: int(share * len(rows) + 0.5)]] = True
    if public.all() or not public.any():
        raise ValueError(f"{len(truth)} rows are too few to make {share:g} of each class public and keep the rest")
    return public


def assignment_secret(term_secret: bytes, assignment: str) -> bytes:
    """An assignment's own secret. With the term's itself, one assignment's public Ids would tell those of the next."""
    return hmac.digest(term_secret, assignment.encode(), "sha256")


def split_hash(public: NDArray[np.bool_]) -> str:
    """What names a split: SHA-256 of the number of rows and the public ones among them, first 16 hex digits."""
    return hashlib.sha256(b"%d\0" % len(public) + np.packbits(public).tobytes()).hexdigest()[:16]
