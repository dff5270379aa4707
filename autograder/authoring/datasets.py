"""Public data sets that assignments are built from: found on this machine, checked, never kept in the repository."""

import gzip
import hashlib
import os
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.model.errors import ConfigError
from autograder.model.files import replace_whole

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
AUTHORS_URL = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion"
DOWNLOAD_SECONDS = 60
SHA256 = {
    "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}
"""Fashion-MNIST as its authors published it: H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747."""
IDX_MAGIC = {1: 0x801, 3: 0x803}
"""First four bytes of an IDX file of unsigned bytes, by its number of dimensions."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FashionMNIST:
    """70,000 pictures of clothes in ten classes. Images are uint8, one row of 28 x 28 pixels each; labels int64."""

    train_images: NDArray[np.uint8]
    """(60000, 784)."""
    train_labels: NDArray[np.int64]
    """(60000,)."""
    test_images: NDArray[np.uint8]
    """(10000, 784)."""
    test_labels: NDArray[np.int64]
    """(10000,). Staff's: whoever makes a release of them leaves these out."""


def fashion_mnist() -> FashionMNIST:
    """Read Fashion-MNIST. Raises ConfigError, with every way to get it, where it is not found."""
    folder = find_fashion_mnist()
    train_images, train_labels, test_images, test_labels = (_read_idx(folder / name) for name in SHA256)
    return FashionMNIST(
        train_images=train_images.reshape(len(train_images), -1),
        train_labels=train_labels.astype(np.int64),
        test_images=test_images.reshape(len(test_images), -1),
        test_labels=test_labels.astype(np.int64),
    )


def find_fashion_mnist() -> Path:
    """The folder with the four files, every one as published.

    Looked for in $NEUROGRADE_FASHION_MNIST, Debian's package, and the cache. Raises ConfigError.
    """
    given = os.environ.get("NEUROGRADE_FASHION_MNIST")
    if given:
        faults = faults_of(Path(given))
        if faults:
            raise ConfigError(f"$NEUROGRADE_FASHION_MNIST is {given}, but {'; '.join(faults)}. {WAYS}")
        return Path(given)
    seen = []
    for folder in (DEBIAN_FOLDER, cache()):
        faults = faults_of(folder)
        if not faults:
            return folder
        if folder.is_dir():
            seen.append(f"{folder}: {'; '.join(faults)}")
    raise ConfigError(f"Fashion-MNIST was not found{': ' if seen else ''}{' | '.join(seen)}. {WAYS}")


def faults_of(folder: Path) -> list[str]:
    """What of Fashion-MNIST is missing in a folder or is not as published. Empty when all is well."""
    return [fault for name in SHA256 if (fault := _fault(folder / name))]


def adopt(folder: Path) -> Path:
    """Copy Fashion-MNIST from a folder into the cache, where it is found from now on. Raises ConfigError."""
    faults = faults_of(folder)
    if faults:
        raise ConfigError(f"{folder} does not hold Fashion-MNIST: {'; '.join(faults)}. Nothing was copied.")
    for name in SHA256:
        _keep(name, (folder / name).read_bytes())
    return cache()


def download(tell: Callable[[str], None]) -> Path:
    """Fetch Fashion-MNIST from its authors into the cache. Raises ConfigError; what came is kept for the next try."""
    for name, checksum in SHA256.items():
        if _fault(cache() / name) is None:
            continue
        url = f"{AUTHORS_URL}/{name}"
        tell(url)
        try:
            with urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS) as answer:  # noqa: S310 - a fixed https address
                content = answer.read()
        except OSError as error:
            raise ConfigError(f"{url} could not be fetched: {error}. {WAYS}") from None
        if hashlib.sha256(content).hexdigest() != checksum:
            raise ConfigError(f"{url} gave {len(content)} bytes that are not the published file. {WAYS}")
        _keep(name, content)
    return cache()


def cache() -> Path:
    """Where a copy of our own lies."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurograde" / "fashion-mnist"


WAYS = """Ways to get it:
  Debian, Ubuntu     apt-get install dataset-fashion-mnist   (as root; `make setup` does it)
  a folder you have  neurograde data fashion-mnist --from FOLDER   (four .gz files, checked and copied)
  its authors        neurograde data fashion-mnist --download
Then run the command again."""


def _fault(path: Path) -> str | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{path.name} cannot be read ({error.strerror})"
    is_published = hashlib.sha256(content).hexdigest() == SHA256[path.name]
    return None if is_published else f"{path.name} is not the published file"


def _keep(name: str, content: bytes) -> None:
    folder = cache()
    try:
        replace_whole(folder / name, content)
    except OSError as error:
        raise ConfigError(f"{folder} cannot take {name}: {error.strerror}. Make room, then run it again.") from None


def _read_idx(path: Path) -> NDArray[Any]:
    """An IDX file of unsigned bytes: magic number, sizes, data, all big-endian."""
    data = gzip.decompress(path.read_bytes())
    dimensions = data[3]
    if int.from_bytes(data[:4]) != IDX_MAGIC.get(dimensions):
        raise ConfigError(f"{path} is not an IDX file of bytes. {WAYS}")
    sizes = np.frombuffer(data, dtype=">i4", count=dimensions, offset=4)
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * dimensions).reshape(sizes)
