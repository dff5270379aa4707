"""Public data sets for the `data.py` of an assignment. This name is stable: courses import it."""

from autograder.authoring.datasets import FashionMNIST, fashion_mnist

__all__ = ["FashionMNIST", "fashion_mnist"]
