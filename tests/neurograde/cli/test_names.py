"""A student is known by every name alike, whatever is typed."""

import pytest

from grading.records.database import Database
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from neurograde.cli.base import Doors
from tests.builders import ADA, BOB, RIGHT, hand_in, notebook
from tests.command_line import neurograde
from tests.fakes import FakeRooms

IVAN = "Ivan Ivanov"
BOTH = ("s2001 (Ivanov, Ivan)", "s2002 (Ivanov, Ivan)")


def run(made, *words):
    return neurograde(*words, *made.places)


@pytest.mark.parametrize(
    "words", [["explain", "?"], ["feedback", "doubles", "?"], ["leaderboard", "doubles", "--student", "?"]]
)
def test_what_is_told_of_a_student_is_the_same_by_every_name(small_class, words):
    told = [run(small_class, *(name if word == "?" else word for word in words)) for name in ADA]
    assert {(done.exit_code, done.stderr) for done in told} == {(0, "")}
    assert len({done.stdout for done in told}) == 1
    assert told[0].stdout


def test_a_student_selects_by_every_name(own_class):
    with Database(own_class.course.database) as database:
        (entry,) = [one.submission for one in Ledger(database).attempts("doubles", student="bob", kind="claim")]
    told = [run(own_class, "select", "doubles", name, entry[:6]) for name in BOB]
    assert {(done.exit_code, done.stdout) for done in told} == {(0, f"s1002 (Babbage, Bob) stands by {entry[:12]}.\n")}
    with Database(own_class.course.database) as database:
        assert Ledger(database).selections("doubles") == {"bob": (entry,)}


def test_an_extension_counts_by_every_name(own_class):
    for name in BOB:
        own_class.extend(name)
        assert run(own_class, "rescore", "doubles").stdout == "No score changes. No grade changes.\n"
        assert "by an extension" in run(own_class, "explain", "bob", "doubles").stdout
        assert "1 not ranked yet: an extension has not ended." in run(own_class, "leaderboard", "doubles").stdout
    own_class.extend("eve")
    assert "2 of 3 grades change" in run(own_class, "rescore", "doubles").stdout


def test_an_extension_counts_when_a_notebook_is_graded(new_class):
    new_class.extend("Babbage, Bob")
    doors = Doors(grade_many=FakeRooms().grade_many)
    files = [new_class.uploads / "bob.ipynb", new_class.uploads / "bob/submission.csv"]
    done = neurograde("grade", "doubles", *files, *new_class.places, doors=doors)
    assert done.exit_code == 0
    assert "by an extension" in run(new_class, "explain", "bob", "doubles").stdout


def test_a_link_is_a_name_too(own_class):
    assert run(own_class, "explain", "the countess").exit_code == 2
    run(own_class, "roster", "link", "the countess", "s1001")
    assert run(own_class, "explain", "the countess").stdout == run(own_class, "explain", "s1001").stdout


@pytest.mark.parametrize(
    "words",
    [
        ["explain", IVAN],
        ["feedback", "doubles", IVAN],
        ["leaderboard", "doubles", "--student", IVAN],
        ["select", "doubles", IVAN, "abcd"],
    ],
)
def test_a_name_borne_by_two_is_nobodys_and_both_are_named(small_class, words):
    done = run(small_class, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert all(student in done.stderr for student in BOTH)
    assert "Give the id, the login or the e-mail of the one that is meant." in done.stderr


@pytest.mark.parametrize("command", ["rescore", "leaderboard", "grade"])
def test_an_extension_of_two_is_nobodys_and_both_are_named(own_class, command):
    own_class.extend(IVAN)
    done = run(own_class, command, "doubles", *([own_class.uploads] if command == "grade" else []))
    assert (done.exit_code, done.stdout) == (2, "")
    assert all(student in done.stderr for student in BOTH)


def test_work_of_one_student_under_two_names_is_in_doubt_and_both_are_named(own_class):
    doors = Doors(grade_many=FakeRooms().grade_many)
    twice = hand_in(own_class.uploads / "bbabbage.ipynb", notebook(RIGHT), 0)
    assert neurograde("grade", "doubles", twice, *own_class.places, doors=doors).exit_code == 0
    done = run(own_class, "explain", "s1002")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Work of s1002 (Babbage, Bob) lies under bbabbage and bob" in done.stderr
    assert run(own_class, "explain", "bbabbage").exit_code == 0
    assert run(own_class, "grades").stderr.count("in doubt: ") == 2


def test_without_a_roster_everybody_is_the_name_of_their_files(own_class):
    (own_class.course.root / "roster.csv").unlink()
    (own_class.course.root / "extensions.toml").unlink()
    assert run(own_class, "explain", "eve").exit_code == 0
    assert run(own_class, "explain", "s1003").exit_code == 2
    with Gradebook(own_class.course.database) as gradebook:
        assert gradebook.marks().keys() == {"bob", "eve", "lovelaceada"}
