"""Handwritten digits, 8 by 8 pixels with shades from 0 (paper) to 16 (ink): scikit-learn's own copy, in two parts."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

PUBLISHED, HELD_OUT = 1297, 500
PERMUTATION_SEED = 64
NOISE = 1.0
"""Standard deviation, in shades. Whoever looks the images up gets full marks, and so does every honest network."""
HELD_OUT_STREAM = 1


def split() -> tuple[np.ndarray, np.ndarray]:
    """Which images are published and which held out: indices into scikit-learn's digits, the same every time."""
    order = np.random.default_rng(PERMUTATION_SEED).permutation(PUBLISHED + HELD_OUT)
    return order[:PUBLISHED], order[PUBLISHED:]


def prepare(folder: Path) -> None:
    """Write what students get, `digits.npz`: images (1297, 64) uint8 and labels (1297,), always the same bytes."""
    digits, (published, _) = load_digits(), split()
    images, labels = digits.data[published].astype(np.uint8), digits.target[published].astype(np.int64)
    np.savez(folder / "digits.npz", images=images, labels=labels)


def heldout(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The images that submissions are scored on, as if photographed anew: inputs (500, 64) float64, labels int64.

    The seed draws their order and the noise on each pixel.
    """
    rng = np.random.default_rng((HELD_OUT_STREAM, seed))
    digits, (_, held_out) = load_digits(), split()
    chosen = rng.permutation(held_out)
    images = digits.data[chosen] + rng.normal(0, NOISE, size=(HELD_OUT, 64))
    return images.clip(0, 16), digits.target[chosen].astype(np.int64)
