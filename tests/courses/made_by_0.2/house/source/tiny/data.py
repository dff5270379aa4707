"""Four patterns of 4 x 4 pixels under noise: small enough to be kept, and imported as courses of 0.2 import it."""

from pathlib import Path

import numpy as np

from autograder.datasets import fashion_mnist

CLASSES, SIDE = 4, 4
TRAIN, TEST = 120, 120
NOISE = 95.0
DATA_SEED = 20_261_015
"""Id k is row k of `drawn(TEST, ...)`, in every course."""
HELD_OUT_STREAM = 1


def patterns() -> np.ndarray:
    """A row, a column, a diagonal and a square: (4, 4, 4), 0 or 200."""
    found = np.zeros((CLASSES, SIDE, SIDE))
    found[0, 1, :] = found[1, :, 1] = 200
    found[2][np.eye(SIDE, dtype=bool)] = 200
    found[3, 1:3, 1:3] = 200
    return found


def drawn(n: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 4, 4) uint8 and labels (n,), the same every time."""
    rng = np.random.default_rng((DATA_SEED, stream))
    labels = rng.permutation(np.arange(n) % CLASSES)
    images = patterns()[labels] + rng.normal(0, NOISE, (n, SIDE, SIDE))
    return np.clip(images, 1, 255).astype(np.uint8), labels


def photographs(n: int) -> np.ndarray:
    """The first `n` test images of Fashion-MNIST, shrunk to 4 x 4. Nothing here draws on them."""
    return fashion_mnist().test_images[:n].reshape(n, SIDE, 7, SIDE, 7).mean(axis=(2, 4))


def prepare(folder: Path) -> None:
    """Write what students get: `train.npz`, `test.npz` without a label, and `sample_submission.csv`."""
    images, labels = drawn(TRAIN, 0)
    np.savez_compressed(folder / "train.npz", images=images, labels=labels)
    np.savez_compressed(folder / "test.npz", images=drawn(TEST, 1)[0])
    rows = "".join(f"0,{number}\n" for number in range(TEST))
    (folder / "sample_submission.csv").write_text(f"Category,Id\n{rows}", encoding="ascii", newline="\n")


def heldout(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The test images, every pixel one grey level off, (120, 4, 4) uint8, and their labels, (120,)."""
    images, labels = drawn(TEST, 1)
    up_or_down = 2 * np.random.default_rng((HELD_OUT_STREAM, seed)).integers(0, 2, images.shape) - 1
    return np.clip(images.astype(np.int64) + up_or_down, 0, 255).astype(np.uint8), labels
