"""Apples and pears: two measurements of a fruit, and whether it is a pear."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

PUBLISHED, HELD_OUT = 700, 300
PUBLIC_SEED = 9
HELD_OUT_STREAM = 1
"""Keeps held-out fruit apart from published fruit even if somebody chooses PUBLIC_SEED as the secret seed."""

# Apples first, then pears. Both measurements are relative to the average apple of last year's harvest, so that
# zero is a fruit like any other and a neuron without a bias pays for it: 92 % at best, 98 % with one.
MEAN = np.array([[0.24, 0.10], [-0.24, 0.80]])
SPREAD = np.array([[0.22, 0.30], [0.20, 0.26]])
CORRELATION = np.array([0.30, 0.40])


def apples_and_pears(n: int, seed: int | Sequence[int]) -> pd.DataFrame:
    """Draw `n` fruits: columns symmetry and yellowness (float, 4 decimals) and pear (0 or 1)."""
    rng = np.random.default_rng(seed)
    pear = rng.integers(0, 2, n)
    first, second = rng.standard_normal((2, n))
    rho = CORRELATION[pear]
    symmetry = MEAN[pear, 0] + SPREAD[pear, 0] * first
    yellowness = MEAN[pear, 1] + SPREAD[pear, 1] * (rho * first + np.sqrt(1 - rho**2) * second)
    return pd.DataFrame({"symmetry": symmetry.round(4), "yellowness": yellowness.round(4), "pear": pear})


def prepare(folder: Path) -> None:
    """Write what students get, `apples_and_pears.csv`: the same bytes every time."""
    fruit = apples_and_pears(PUBLISHED, PUBLIC_SEED)
    fruit.to_csv(folder / "apples_and_pears.csv", index=False, float_format="%.4f", lineterminator="\n")


def heldout(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the fruit that submissions are scored on: inputs (300, 2) float64, labels (300,) int64."""
    fruit = apples_and_pears(HELD_OUT, (HELD_OUT_STREAM, seed))
    return fruit[["symmetry", "yellowness"]].to_numpy(np.float64), fruit["pear"].to_numpy(np.int64)
