from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.model.errors import ConfigError
from grading.common.directory import CourseDirectory
from grading.records.attempts import AttemptKind
from grading.records.database import Database
from grading.records.ledger import Ledger
from neurograde.services.competition import heldout
from neurograde.services.competition.standings import Standings
from neurograde.services.marks.grades import class_grades
from neurograde.services.submissions.grade import Grading
from tests.builders import small_house

DATA = """
import numpy as np
def heldout(seed):
    X = np.random.default_rng(seed).normal(size=(40, 1))
    return X, (X[:, 0] > 0).astype(int)
"""
BASELINE = "Category,Id\n" + "".join(f"0,{row}\n" for row in range(40))


@pytest.fixture
def house(tmp_path, bundle):
    house = small_house(tmp_path, bundle, DATA)
    settings = house.source / "doubles" / "assignment.toml"
    settings.write_text(f'{settings.read_text()}\nbaseline = "baseline.csv"\nclaims = true')
    (house.source / "doubles" / "baseline.csv").write_text(BASELINE)
    return house


@pytest.fixture
def course(tmp_path):
    return CourseDirectory(root=tmp_path / "course")


def test_opening_a_course_draws_writes_and_records_nothing(house, course):
    Grading(house, course, "doubles")
    for look in (
        lambda: class_grades(house, course),
        lambda: Standings.open(house, course, "doubles", None).__enter__(),
        lambda: heldout.read(house, course, "doubles"),
    ):
        with pytest.raises(ConfigError):
            look()
    assert not course.root.exists()


def test_a_set_is_drawn_once_and_the_baseline_entered_once_though_many_do_it_at_a_time(house, course):
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: heldout.prepare(house, course, "doubles"), range(8)))
    assert len({competing.heldout.version for competing in drawn}) == 1
    with Database(course.database) as database:
        assert len(Ledger(database).history(kind=AttemptKind.BASELINE)) == 1


def test_a_set_that_is_there_is_shown_and_nothing_is_written(house, course):
    heldout.prepare(house, course, "doubles")
    before = {path: path.stat().st_mtime_ns for path in course.root.rglob("*") if path.is_file()}
    facts = heldout.facts(house, course, "doubles").facts
    assert (facts["rows"], facts["classes"]) == (40, 2)
    assert {path: path.stat().st_mtime_ns for path in course.root.rglob("*") if path.is_file()} == before


def test_labels_that_are_put_right_make_a_new_version(house, course, tmp_path):
    competing = heldout.prepare(house, course, "doubles")
    row = 7
    right = 1 - int(competing.heldout.labels[row])
    (tmp_path / "wrong.csv").write_text(f"Category,Id\n{right},{row}\n")
    done = heldout.correct(house, course, "doubles", tmp_path / "wrong.csv")
    assert (done.changed, done.before == competing.heldout.version) == (1, True)
    assert heldout.read(house, course, "doubles").heldout.version == done.after
    assert heldout.correct(house, course, "doubles", tmp_path / "wrong.csv").changed == 0
