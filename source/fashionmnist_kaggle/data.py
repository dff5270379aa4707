"""Fashion-MNIST as a competition: 60,000 labelled images to learn from, 10,000 to predict, in an order of our own."""

from pathlib import Path

import numpy as np

from neurograde.datasets import fashion_mnist

ORDER_SEED = 20_261_227
"""Id k of the competition is image `order()[k]` of the published test set, whose labels anybody can download."""
HELD_OUT_STREAM = 1
"""Keeps the noise apart from the order even if somebody chooses ORDER_SEED as the secret seed."""


def order(n: int = 10_000) -> np.ndarray:
    """Where each Id stands in the published test set: a permutation, the same in every checkout."""
    return np.random.default_rng(ORDER_SEED).permutation(n)


def prepare(folder: Path) -> None:
    """Write what students get: `train.npz`, `test.npz` without a label, and `sample_submission.csv`."""
    data = fashion_mnist()
    test_images = data.test_images[order()]
    np.savez_compressed(folder / "train.npz", images=data.train_images, labels=data.train_labels)
    np.savez_compressed(folder / "test.npz", images=test_images)
    rows = "".join(f"0,{number}\n" for number in range(len(test_images)))
    (folder / "sample_submission.csv").write_text(f"Category,Id\n{rows}", encoding="ascii", newline="\n")


def heldout(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The test images in the order of their Ids, (10000, 784) uint8, and their labels, (10000,) int64.

    Every pixel that is not 0 is one grey level off, so that no image can be looked up by its bytes.
    """
    data = fashion_mnist()
    images, labels = data.test_images[order()], data.test_labels[order()]
    up_or_down = 2 * np.random.default_rng((HELD_OUT_STREAM, seed)).integers(0, 2, images.shape) - 1
    noisy = np.clip(images.astype(np.int64) + up_or_down, 1, 255).astype(np.uint8)
    return np.where(images > 0, noisy, images), labels
