import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autograder.model.errors import PlatformError
from autograder.model.files import create_whole, replace_whole, write_whole


@pytest.fixture
def full_disk(monkeypatch):
    """A disk on which half of a file finds room."""
    whole = Path.write_bytes

    def half(path, content):
        whole(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def at_once(write, path, *, threads=12, times=1):
    """Several threads write, each a content of its own; what they wrote."""
    contents = [bytes([ord("A") + number]) * 100_000 for number in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda content: [write(path, content) for _ in range(times)], contents))
    return contents


def test_twelve_hundred_writes_from_twelve_threads_all_succeed_and_none_are_mixed(tmp_path):
    path = tmp_path / "ada" / "report.json"
    contents = at_once(write_whole, path, times=100)
    assert path.read_bytes() in contents
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("write", [replace_whole, create_whole])
def test_a_file_comes_with_its_folders_and_nothing_beside_it(tmp_path, write):
    path = tmp_path / "reports" / "hw1" / "report.json"
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_no_litter_and_says_so(tmp_path, full_disk):
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(PlatformError) as caught:
        write_whole(path, b"a new report")
    assert str(caught.value) == (
        f"{path} could not be written: No space left on device. It is as it was; make room and run the command again."
    )
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_can_be_replaced_by_no_file_is_left_alone(tmp_path):
    (tmp_path / "report.json").mkdir()
    with pytest.raises(PlatformError, match=r"report.json could not be written: .* It is as it was"):
        write_whole(tmp_path / "report.json", b"new")
    assert list(tmp_path.iterdir()) == [tmp_path / "report.json"]


@pytest.mark.parametrize("write", [replace_whole, create_whole])
def test_who_has_words_of_its_own_gets_the_bare_error(tmp_path, full_disk, write):
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "split.secret", b"secret")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [write_whole, replace_whole, create_whole])
def test_an_ordinary_file_is_shared_as_the_umask_says_and_a_private_one_is_its_owners(tmp_path, umask, write):
    write(tmp_path / "report.json", b"new")
    write(tmp_path / "labels.npy", b"new", private=True)
    assert mode(tmp_path / "report.json") == 0o640
    assert mode(tmp_path / "labels.npy") == 0o600


def test_a_file_that_was_open_to_all_is_private_once_it_is_written_so(tmp_path):
    path = tmp_path / "labels.npy"
    path.write_text("old")
    path.chmod(0o644)
    write_whole(path, b"new", private=True)
    assert mode(path) == 0o600


def test_of_several_that_create_a_file_at_once_the_first_wins(tmp_path):
    path = tmp_path / "split.secret"
    contents = at_once(create_whole, path)
    first = path.read_bytes()
    assert first in contents
    create_whole(path, b"later")
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]
