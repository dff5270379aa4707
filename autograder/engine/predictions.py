"""What the entry point answered, taken apart: class numbers or probabilities, or why they are none."""

from typing import Any

import numpy as np
import torch

from autograder.model.report import Predictions, Status

MAX_CLASSES = 1000
SUM_SLACK = 0.01
"""How far from 1 a row of probabilities may sum: in float16 it misses by about a thousandth."""


def predictions_of(answer: Any, n: int, entry_point: str) -> Predictions:
    """Class numbers from what the entry point returned: n whole numbers in a list, array or tensor of shape (n,)."""
    array = _array(answer)
    rule = f"{entry_point} must return {n} class numbers, one per row"
    if array.dtype.kind not in "biuf":
        return Predictions(status=Status.FAILED, message=f"{rule}; it returned {type(answer).__name__}")
    if array.shape != (n,):
        return Predictions(status=Status.FAILED, message=f"{rule}, of shape ({n},); it returned {array.shape}")
    if not (np.isfinite(array).all() and (np.abs(array) < 2**31).all() and (array == np.floor(array)).all()):
        return Predictions(status=Status.FAILED, message=f"{rule}; some of them are not whole numbers")
    return Predictions(status=Status.PASSED, values=tuple(int(value) for value in array))


def probabilities_of(answer: Any, n: int, entry_point: str) -> Predictions:
    """Probabilities from what the entry point returned, shape (n, classes), and the likeliest class of each row."""
    array = _array(answer)
    rule = f"{entry_point} must return probabilities, {n} rows with one number per class"
    if array.dtype.kind not in "iuf":
        return Predictions(status=Status.FAILED, message=f"{rule}; it returned {type(answer).__name__}")
    if array.ndim != 2 or len(array) != n or not 2 <= array.shape[1] <= MAX_CLASSES:
        return Predictions(status=Status.FAILED, message=f"{rule}; it returned {array.shape}")
    array = array.astype(np.float64)
    if not (np.isfinite(array).all() and (array >= 0).all() and (np.abs(array.sum(axis=1) - 1) <= SUM_SLACK).all()):
        return Predictions(status=Status.FAILED, message=f"{rule}, from 0 up, and each row must sum to 1")
    return Predictions(
        status=Status.PASSED,
        values=tuple(array.argmax(axis=1).tolist()),
        probabilities=tuple(map(tuple, array.tolist())),
    )


def _array(answer: Any) -> np.ndarray:
    """What the entry point returned as an array; one of objects when it is none."""
    try:
        if isinstance(answer, torch.Tensor):  # NumPy has no bfloat16
            answer = (answer.detach().double() if answer.is_floating_point() else answer.detach()).numpy()
        return np.asarray(answer)
    except (TypeError, ValueError):
        return np.empty(0, dtype=object)
