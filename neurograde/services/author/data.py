"""Data sets that assignments are built from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring import datasets


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """A data set that is on this machine, each of its files as published."""

    folder: Path
    files: int


def fashion_mnist() -> Dataset:
    """Where Fashion-MNIST is. Raises ConfigError when it is nowhere, or a file is not the published one."""
    return Dataset(folder=datasets.find_fashion_mnist(), files=len(datasets.SHA256))


def adopt_fashion_mnist(folder: Path) -> Dataset:
    """Copy it from a folder with the four files into the cache. Raises ConfigError for other files."""
    datasets.adopt(folder)
    return fashion_mnist()


def download_fashion_mnist(tell: Callable[[str], None]) -> Dataset:
    """Fetch it from its authors into the cache; `tell` is called with each address. Raises ConfigError on failure."""
    datasets.download(tell)
    return fashion_mnist()
