"""The name that neurograde.datasets had before 0.3; courses' own `data.py` may still import it."""

import warnings

from autograder.authoring.datasets import FashionMNIST, fashion_mnist

__all__ = ["FashionMNIST", "fashion_mnist"]

warnings.warn("autograder.datasets is called neurograde.datasets now", FutureWarning, stacklevel=2)
