import gzip
import hashlib

import numpy as np
import pytest

from autograder.authoring import datasets
from autograder.model.errors import ConfigError


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4) for size in array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Ten pictures in place of the 70,000, with checksums to match, in a folder of the user's."""
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, (6, 28, 28)), np.arange(6), rng.integers(0, 256, (4, 28, 28)), np.arange(4)]
    files = dict(zip(datasets.SHA256, map(idx, arrays), strict=True))
    monkeypatch.setattr(datasets, "SHA256", {name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
    monkeypatch.setattr(datasets, "DEBIAN_FOLDER", tmp_path / "no-package")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NEUROGRADE_FASHION_MNIST", raising=False)
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder, arrays


def test_a_folder_is_adopted_and_found_from_then_on(small):
    folder, arrays = small
    assert datasets.adopt(folder) == datasets.find_fashion_mnist() == datasets.cache()
    found = datasets.fashion_mnist()
    assert found.train_images.shape == (6, 784)
    assert np.array_equal(found.test_images.reshape(4, 28, 28), arrays[2])
    assert (found.test_labels.dtype, found.test_labels.tolist()) == (np.int64, [0, 1, 2, 3])


def test_what_is_not_there_is_explained_with_every_way_to_get_it(small):
    with pytest.raises(ConfigError, match=r"(?s)not found.*apt-get install.*--from FOLDER.*--download"):
        datasets.fashion_mnist()


def test_a_file_that_was_changed_is_named_and_nothing_is_taken(small):
    folder, _ = small
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"something else")
    with pytest.raises(ConfigError, match=r"t10k-labels-idx1-ubyte\.gz is not the published file"):
        datasets.adopt(folder)
    assert not datasets.cache().exists()


def test_a_folder_that_is_named_and_wrong_is_not_passed_over(small, monkeypatch, tmp_path):
    datasets.adopt(small[0])
    monkeypatch.setenv("NEUROGRADE_FASHION_MNIST", str(tmp_path))
    with pytest.raises(ConfigError, match="NEUROGRADE_FASHION_MNIST is"):
        datasets.find_fashion_mnist()
