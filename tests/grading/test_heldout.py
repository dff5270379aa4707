import json
import stat
from pathlib import Path

import numpy as np
import pytest

from autograder.errors import ConfigError, PlatformError
from grading.course import Course, open_course
from grading.heldout import load, prepare, ready

DATA = """
import numpy as np

def heldout(seed):
    inputs = np.random.default_rng(seed).normal(size=(20, 3)).astype(np.float32)
    return inputs, (inputs.sum(axis=1) > 0).astype(np.uint8)
"""


@pytest.fixture
def course(tmp_path) -> Course:
    return open_course(tmp_path / "course")


@pytest.fixture
def source(tmp_path) -> Path:
    return write_data(tmp_path / "source", DATA)


def write_data(source: Path, text: str) -> Path:
    (source / "hw1").mkdir(parents=True)
    (source / "hw1" / "data.py").write_text(text)
    return source


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_set_is_drawn_once_and_then_loaded(source, course):
    drawn, again = ready(source, course, "hw1"), ready(source, course, "hw1")
    assert drawn.labels.dtype == np.int64
    assert drawn.inputs.shape == (20, 3)
    assert drawn.version == again.version
    assert np.array_equal(drawn.inputs, again.inputs)


def test_another_course_draws_another_set(source, course, tmp_path):
    other = open_course(tmp_path / "other")
    assert ready(source, course, "hw1").version != ready(source, other, "hw1").version


def test_only_the_owner_can_read_it(source, course):
    prepare(source, course, "hw1")
    folder = course.heldout / "hw1"
    assert (mode(course.heldout), mode(folder)) == (0o700, 0o700)
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert isinstance(json.loads((folder / "manifest.json").read_text())["seed"], int)


def test_a_set_in_use_is_not_drawn_over(source, course):
    prepare(source, course, "hw1")
    with pytest.raises(ConfigError, match="drawn already"):
        prepare(source, course, "hw1")


@pytest.mark.parametrize("name", ["labels.npy", "inputs.npy", "manifest.json"])
def test_a_changed_file_is_named_and_nobody_is_scored(source, course, name):
    prepare(source, course, "hw1")
    path = course.heldout / "hw1" / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PlatformError, match=rf"{name} is missing or is not .* Restore it"):
        load(course, "hw1")


def test_an_interrupted_draw_leaves_nothing_behind(source, course, monkeypatch):
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(PlatformError, match="disk full"):
        prepare(source, course, "hw1")
    assert list(course.heldout.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "KeyError"),
        ("def heldout(seed):\n    raise OSError('no such data set')", "OSError: no such data set"),
        ("def heldout(seed):\n    return [[1.0], [2.0]], [0.0, 1.0]", "integer type"),
        ("def heldout(seed):\n    return [[1.0], [2.0]], [0, 1, 1]", "2 inputs and 3 labels"),
        ("def heldout(seed):\n    return [None], [0]", "object"),
    ],
)
def test_a_data_file_that_gives_no_pair_is_the_instructors_to_mend(tmp_path, course, text, message):
    with pytest.raises(ConfigError, match=rf"data\.py: .*{message}"):
        prepare(write_data(tmp_path / "source", text), course, "hw1")
    assert list(course.heldout.iterdir()) == []


def test_a_missing_data_file_is_named(tmp_path, course):
    with pytest.raises(ConfigError, match=r"data\.py is missing"):
        prepare(tmp_path, course, "hw1")
