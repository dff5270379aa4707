import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from autograder.model.errors import ConfigError, PlatformError
from grading.common.directory import CourseDirectory
from grading.scoring.heldout import HeldOut
from grading.scoring.heldout_store import correct, facts, load, read_baseline, read_corrections, ready
from grading.scoring.split import split_hash
from tests.builders import make_course

DATA = """
import numpy as np

def heldout(seed):
    inputs = np.random.default_rng(seed).normal(size=(20, 3)).astype(np.float32)
    return inputs, (inputs.sum(axis=1) > 0).astype(np.uint8)
"""


@pytest.fixture
def course(tmp_path) -> CourseDirectory:
    return make_course(tmp_path / "course")


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
    other = make_course(tmp_path / "other")
    assert ready(source, course, "hw1").version != ready(source, other, "hw1").version


def test_only_the_owner_can_read_it(source, course):
    ready(source, course, "hw1")
    folder = course.heldout / "hw1"
    assert (mode(course.heldout), mode(folder)) == (0o700, 0o700)
    assert {mode(path) for path in (*folder.iterdir(), course.heldout / "split.secret")} == {0o600}
    assert isinstance(json.loads((folder / "manifest.json").read_text())["seed"], int)


@pytest.mark.parametrize("name", ["labels.npy", "inputs.npy", "public.npy", "manifest.json"])
def test_a_changed_file_is_named_and_nobody_is_scored(source, course, name):
    ready(source, course, "hw1")
    path = course.heldout / "hw1" / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PlatformError, match=rf"{name} is missing or is not .* Restore it"):
        load(course, "hw1")


def test_an_interrupted_draw_leaves_nothing_behind(source, course, monkeypatch):
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(PlatformError, match="disk full"):
        ready(source, course, "hw1")
    assert [path.name for path in course.heldout.iterdir()] == ["split.secret"]  # the term's, not the draw's


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "KeyError"),
        ("def heldout(seed):\n    raise OSError('no such data set')", "OSError: no such data set"),
        ("def heldout(seed):\n    return [[1.0], [2.0]], [0.0, 1.0]", "integer type"),
        ("def heldout(seed):\n    return [[1.0], [2.0]], [0, 1, 1]", r"inputs of shape \(2, 1\) and 3 labels"),
        ("def heldout(seed):\n    return [None], [0]", "object"),
        ("def heldout(seed):\n    return 1.0, [0, 1]", r"inputs of shape \(\) and 2 labels\. Return one input a label"),
        ("def heldout(seed):\n    return [1, 2, 3], [1, 2, 4]", r"from 0 without a gap.*its classes are 1, 2, 4\."),
        ("def heldout(seed):\n    return [1, 2], [-1, 1]", r"its classes are -1, 1\."),
        ("def heldout(seed):\n    return [1, 2], [0, 0]", "at least two; its classes are 0"),
        ("def heldout(seed):\n    return [1, 2], [0, 1]", r"2 rows are too few to make 0.3 of each class public"),
    ],
)
def test_a_data_file_that_gives_no_pair_is_the_instructors_to_mend(tmp_path, course, text, message):
    with pytest.raises(ConfigError, match=rf"data\.py: .*{message}"):
        ready(write_data(tmp_path / "source", text), course, "hw1")
    assert not (course.heldout / "hw1").exists()


def test_a_missing_data_file_is_named(tmp_path, course):
    with pytest.raises(ConfigError, match=r"data\.py is missing"):
        ready(tmp_path, course, "hw1")


def test_each_class_is_split_by_the_share_that_was_asked_for(source, course):
    heldout = ready(source, course, "hw1", public_share=0.5)
    for label in (0, 1):
        there = heldout.labels == label
        assert abs(np.count_nonzero(heldout.public[there]) - there.sum() / 2) <= 0.5
    assert heldout.split == split_hash(heldout.public) == load(course, "hw1", public_share=0.5).split


def test_a_set_in_use_is_not_split_by_another_share(source, course):
    ready(source, course, "hw1")
    with pytest.raises(ConfigError, match=r"says public_share = 0\.5, but .*hw1 was split with 0\.3.* Set it back"):
        ready(source, course, "hw1", public_share=0.5)


def test_the_secret_is_the_terms_and_every_assignment_is_split_apart(source, course):
    text = "import numpy as np\ndef heldout(seed):\n    return np.zeros(400), np.arange(400) % 2"
    for name in ("hw1", "hw2"):
        (source / name).mkdir(exist_ok=True)
        (source / name / "data.py").write_text(text)
    first, secret = ready(source, course, "hw1"), (course.heldout / "split.secret").read_bytes()
    second = ready(source, course, "hw2")
    assert (course.heldout / "split.secret").read_bytes() == secret
    assert first.split != second.split


def test_another_term_splits_the_same_rows_otherwise(tmp_path, course):
    text = "import numpy as np\ndef heldout(seed):\n    return np.zeros(400), np.arange(400) % 2"
    source = write_data(tmp_path / "source", text)
    here, there = ready(source, course, "hw1"), ready(source, make_course(tmp_path / "other"), "hw1")
    assert here.version == there.version
    assert here.split != there.split


def test_a_damaged_secret_splits_nothing(source, course):
    (course.heldout / "split.secret").write_text("abcd")
    with pytest.raises(PlatformError, match=r"split\.secret is damaged: 2 bytes instead of 32\. Restore it"):
        ready(source, course, "hw1")
    assert not (course.heldout / "hw1").exists()


def made_old(course: CourseDirectory) -> Path:
    """The folder of hw1, made what it was before there were splits."""
    folder = course.heldout / "hw1"
    manifest = json.loads((folder / "manifest.json").read_text())
    old = {key: manifest[key] for key in ("seed", "inputs", "labels")}
    (folder / "manifest.json").write_text(json.dumps(old))
    (folder / "public.npy").unlink()
    return folder


def test_a_set_from_before_there_were_splits_is_split_once_and_keeps_its_version(source, course):
    drawn = ready(source, course, "hw1", public_share=0.4)
    folder = made_old(course)
    upgraded = ready(source, course, "hw1", public_share=0.4)
    assert (upgraded.version, upgraded.split) == (drawn.version, drawn.split)
    assert load(course, "hw1", public_share=0.4).split == drawn.split
    assert {mode(path) for path in folder.iterdir()} == {0o600}


def test_an_old_set_that_is_damaged_is_not_split(source, course):
    ready(source, course, "hw1")
    folder = made_old(course)
    (folder / "labels.npy").write_bytes(b"")
    with pytest.raises(PlatformError, match=r"labels\.npy is missing or is not"):
        load(course, "hw1")
    assert not (folder / "public.npy").exists()


def test_a_set_of_a_newer_neurograde_is_left_alone(source, course):
    ready(source, course, "hw1")
    path = course.heldout / "hw1" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 4}))
    with pytest.raises(PlatformError, match=r"manifest\.json is of format 4, .* knows up to 3"):
        load(course, "hw1")


def test_what_may_be_said_of_a_set_tells_no_label(source, course):
    heldout = ready(source, course, "hw1")
    told = facts(heldout)
    assert (told["rows"], told["classes"], told["public"] + told["private"]) == (20, 2, 20)
    assert told["inputs"] == "float32 (20, 3)"
    assert (told["version"], told["split"]) == (heldout.version, heldout.split)
    json.dumps(told)


@pytest.fixture
def small() -> HeldOut:
    labels = np.array([0, 1, 2, 0])
    return HeldOut(inputs=labels, labels=labels, public=labels == 0, version="v1", split="s1")


def test_the_baseline_is_read_as_a_claim_is(source, small):
    (source / "hw1" / "baseline.csv").write_text("Category,Id\n2,3\n1,1\n1,2\n0,0\n")
    assert read_baseline(source, "hw1", "baseline.csv", small).tolist() == [0, 1, 1, 2]


def test_a_baseline_that_is_none_is_the_instructors_to_mend(source, small):
    with pytest.raises(ConfigError, match=r"baseline\.csv cannot be read: No such file.*competition\.baseline"):
        read_baseline(source, "hw1", "baseline.csv", small)
    (source / "hw1" / "baseline.csv").write_text("Category,Id\n3,3\n1,1\n1,2\n0,0\n")
    with pytest.raises(
        ConfigError, match=r"(?s)baseline\.csv is no baseline:\n  - Category must .* line 2 has '3'\.\nM"
    ):
        read_baseline(source, "hw1", "baseline.csv", small)


def test_corrected_labels_are_a_new_version_split_as_before_and_the_old_ones_are_kept(source, course):
    drawn = ready(source, course, "hw1")
    wrong = {0: 1 - int(drawn.labels[0]), 1: int(drawn.labels[1])}
    before, after = correct(course, "hw1", wrong)
    assert before.version == drawn.version != after.version == load(course, "hw1").version
    assert np.flatnonzero(before.labels != after.labels).tolist() == [0]
    assert (after.split, after.inputs.tobytes()) == (drawn.split, drawn.inputs.tobytes())
    folder = course.heldout / "hw1"
    assert np.load(folder / "labels.npy").tolist() == drawn.labels.tolist()
    assert {mode(path) for path in folder.iterdir()} == {0o600}


def test_labels_that_are_right_already_make_no_new_version(source, course):
    drawn = ready(source, course, "hw1")
    before, after = correct(course, "hw1", {0: int(drawn.labels[0])})
    assert before.version == after.version == drawn.version
    assert not (course.heldout / "hw1" / "labels-1.npy").exists()


def test_labels_can_be_corrected_twice(source, course):
    drawn = ready(source, course, "hw1")
    for row in (0, 1):
        correct(course, "hw1", {row: 1 - int(drawn.labels[row])})
    assert np.flatnonzero(load(course, "hw1").labels != drawn.labels).tolist() == [0, 1]
    correct(course, "hw1", {row: int(drawn.labels[row]) for row in (0, 1)})
    assert load(course, "hw1").version == drawn.version


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({20: 0}, "Id 20 cannot be class 0: hw1 has Ids from 0 to 19 and classes from 0 to 1"),
        ({0: 2}, "Id 0 cannot be class 2"),
        (dict.fromkeys(range(20), 1), "Nothing would be left of class 0"),
    ],
)
def test_labels_that_cannot_be_are_refused_and_nothing_changes(source, course, labels, message):
    drawn = ready(source, course, "hw1")
    with pytest.raises(ConfigError, match=f"{message}.*Nothing was changed"):
        correct(course, "hw1", labels)
    assert load(course, "hw1").version == drawn.version


def test_a_correction_that_is_cut_off_leaves_the_set_as_it_was(source, course, monkeypatch):
    drawn = ready(source, course, "hw1")

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("grading.scoring.heldout_store._write_manifest", full)
    with pytest.raises(PlatformError, match="Nothing was changed; make room"):
        correct(course, "hw1", {0: 1 - int(drawn.labels[0])})
    assert load(course, "hw1").version == drawn.version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must begin with the header Category,Id"),
        ("row,label\n1,2\n", "must begin with the header Category,Id"),
        ("Id,Category\n1,2\n3,dress\n", "line 3: a class number and an Id are needed"),
        ("Id,Category\n1,-2\n", "line 2"),
        ("Id,Category\n1,2\n1,3\n", "line 3: Id 1 has another class on an earlier line"),
    ],
)
def test_a_file_of_corrections_that_is_none_is_told_by_its_line(tmp_path, text, message):
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_corrections(path)


def test_corrections_are_read_by_the_names_of_their_columns(tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text("Category,Id\n3,17\n0,4\n")
    assert read_corrections(path) == {17: 3, 4: 0}


def test_of_several_who_put_labels_right_at_once_nobodys_correction_is_lost(source, course):
    drawn = ready(source, course, "hw1")
    rows = [int(row) for label in range(2) for row in np.flatnonzero(drawn.labels == label)[:3]]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda row: correct(course, "hw1", {row: 1 - int(drawn.labels[row])}), rows))
    assert np.flatnonzero(load(course, "hw1").labels != drawn.labels).tolist() == sorted(rows)
