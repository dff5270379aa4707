"""A held-out set as scoring sees it. Pure: `heldout_store` draws, keeps and reads it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class HeldOut:
    """The held-out set of an assignment. A row's number, from 0 in the order it is kept in, is its Id."""

    inputs: NDArray[Any]
    """(n, ...), as the student's entry point takes them."""
    labels: NDArray[np.int64]
    """(n,) class numbers, from 0 without a gap."""
    public: NDArray[np.bool_]
    """(n,) True where a row counts for the public score, False where for the private one."""
    version: str
    """SHA-256 over inputs and labels, first 16 hex digits."""
    split: str
    """SHA-256 over `public`, first 16 hex digits."""

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1
