import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from autograder.model.errors import ConfigError, PlatformError
from autograder.model.report import Status
from grading.records.attempts import Attempt, AttemptKind
from grading.records.database import Database
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from tests.builders import read_only

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk needs root")


def attempt(student, assignment="hw1"):
    when = datetime(2026, 10, 1, tzinfo=UTC)
    kind = AttemptKind.CLAIM
    return Attempt(
        assignment=assignment, student=student, submission="0" * 64, kind=kind, handed_in=when, status=Status.PASSED
    )


@pytest.fixture
def place(tmp_path):
    (tmp_path / "course").mkdir()
    return tmp_path / "course" / "gradebook.db"


def test_what_is_not_there_reads_as_empty_and_is_not_made(place):
    with Gradebook(place) as gradebook:
        assert gradebook.marks() == {}
        assert Ledger(gradebook.database).attempts() == []
        assert Ledger(gradebook.database).selections("hw1") == {}
    assert list(place.parent.iterdir()) == []


def test_what_is_begun_after_a_first_look_is_seen(place):
    with Database(place) as reading, Database(place) as writing:
        ledger = Ledger(reading)
        assert ledger.attempts() == []
        Ledger(writing).record([attempt("ada")])
        assert ledger.students() == ["ada"]


def test_reading_adds_no_table_to_a_file_that_others_made(place):
    with Database(place) as database, database.transaction(write=True) as session:
        session.execute(text("CREATE TABLE other (id INTEGER)"))
    with Gradebook(place) as gradebook:
        assert (gradebook.marks(), Ledger(gradebook.database).attempts()) == ({}, [])
    with Database(place) as database, database.transaction() as session:
        assert session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all() == ["other"]


@needs_root
def test_a_course_that_cannot_be_written_can_be_read(place):
    with Database(place) as database:
        Ledger(database).record([attempt("ada")])
    with read_only(place.parent), Database(place) as database:
        assert Ledger(database).students() == ["ada"]
        with pytest.raises(PlatformError, match="did not take it"):
            Ledger(database).record([attempt("bob")])


@needs_root
def test_the_latest_writes_are_read_even_where_they_are_not_merged_yet(place):
    with Database(place) as database:
        Ledger(database).record([attempt("ada")])
        assert place.with_name("gradebook.db-wal").stat().st_size > 0
        with read_only(place.parent), Database(place) as other:
            assert Ledger(other).students() == ["ada"]


def test_one_object_serves_many_threads_and_opens_again_after_it_was_closed(place):
    with Database(place) as database:
        ledger = Ledger(database)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda number: ledger.record([attempt(f"s{number:02}")]), range(40)))
            counts = list(threads.map(lambda _: len(ledger.students()), range(8)))
        assert counts == [40] * 8
        database.close()
        assert len(ledger.students()) == 40


def test_reading_leaves_nothing_beside_the_file(place):
    with Database(place) as database:
        Ledger(database).record([attempt("ada")])
    with Database(place) as database:
        assert Ledger(database).students() == ["ada"]
    assert [path.name for path in place.parent.iterdir()] == ["gradebook.db"]


def test_a_database_that_another_program_holds_is_said_to_be_locked_and_never_read_half_written(place):
    holder = sqlite3.connect(place, isolation_level=None)
    holder.execute("CREATE TABLE neurograde_attempt (student TEXT, kind TEXT)")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("INSERT INTO neurograde_attempt VALUES ('nobody', 'claim')")
    with Database(place, wait_seconds=0.1) as database, pytest.raises(PlatformError, match="locked"):
        Ledger(database).students()
    holder.close()


def test_an_address_that_is_none_is_told():
    with Database("nonsense") as database, pytest.raises(ConfigError, match="cannot be a gradebook"):
        Ledger(database).students()
