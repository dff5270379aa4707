"""What 0.2 said of its course this version says too, command by command; where it says otherwise, a test says why."""

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from neurograde.cli import main
from tests.builders import read_only

KEPT = Path(__file__).parent / "courses" / "made_by_0.2"
COMMANDS = json.loads((KEPT / "expected.json").read_text())["commands"]
SAID_OTHERWISE = {"explain by login", "explain by id", "leaderboard after", "rescore"}
GRADES_AGAIN = {name for name in COMMANDS if name.startswith("grade ")}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The course, copied to be worked on; what was handed in has its times again."""
    top = tmp_path_factory.mktemp("made") / "by_0.2"
    shutil.copytree(KEPT, top)
    for name, when in json.loads((top / "handed_in.json").read_text()).items():
        os.utime(top / name, (datetime.fromisoformat(when).timestamp(),) * 2)
    return top


@pytest.fixture(scope="module")
def run(course):
    """A function: what a command says, typed in the house."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(course / "house")
        patch.setenv("NEUROGRADE_COURSE", "../course")
        yield lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in SAID_OTHERWISE | GRADES_AGAIN])
def test_a_command_says_what_it_said(run, course, name):
    expected = COMMANDS[name]
    done = run(*expected["arguments"])
    assert (done.stdout, done.stderr, done.exit_code) == (
        expected["stdout"],
        expected["stderr"],
        expected["exit_code"],
    )
    if "file" in expected:
        assert (course / "exported.csv").read_bytes().decode() == expected["file"]


def test_a_student_is_explained_by_login_and_by_id_as_by_the_name_on_the_file(run):
    by_file = COMMANDS["explain adamsevelyn"]["stdout"]
    assert run(*COMMANDS["explain by login"]["arguments"]).stdout == by_file
    assert run(*COMMANDS["explain by id"]["arguments"]).stdout == by_file


def test_the_board_calls_students_by_the_rosters_names_whatever_their_files_were_called(run):
    expected = COMMANDS["leaderboard after"]
    before, after = json.loads(expected["stdout"]), json.loads(run(*expected["arguments"]).stdout)
    names = [[row.pop("name") for row in board["rows"]] for board in (before, after)]
    assert [name for row in zip(*names, strict=True) for name in row if row[0] != row[1]] == [
        "adamsevelyn",
        "Evelyn Adams",
        "dan",
        "Daniel Novak",
    ]
    assert after == before


@pytest.mark.parametrize("name", sorted(GRADES_AGAIN))
def test_grading_again_keeps_what_was_graded_and_prints_the_same_objects(run, name):
    expected = COMMANDS[name]
    done = run(*expected["arguments"])
    assert (done.stderr, done.exit_code) == (expected["stderr"], expected["exit_code"])
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    submissions = [found for found in objects if found.pop("kind") == "submission"]
    before = [found for found in map(json.loads, expected["stdout"].splitlines()) if found["submission"]]
    moved = {found["student"]: found.pop("grade") for found in submissions} != {
        found["student"]: found.pop("grade") for found in before
    }
    assert submissions == before
    # The extension that 0.2 ignored, because it was given to a login, counts.
    assert moved == (name == "grade tiny 2")


def test_an_extension_given_to_a_login_counts_once_grades_are_made_anew(run):
    assert run("rescore", "tiny").exit_code == 0
    said = run("explain", "eve", "tiny").stdout
    assert "by an extension" in said
    assert "none: due" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk needs root")
def test_commands_that_only_read_say_the_same_of_a_course_that_cannot_be_written(tmp_path, monkeypatch):
    shutil.copytree(KEPT / "course", tmp_path / "course")
    monkeypatch.chdir(KEPT / "house")
    monkeypatch.setenv("NEUROGRADE_COURSE", str(tmp_path / "course"))
    reading = ("grades", "explain ada", "leaderboard before", "entries", "policy", "heldout")
    with read_only(tmp_path / "course"):
        for name in reading:
            expected = COMMANDS[name]
            done = CliRunner().invoke(main, expected["arguments"])
            assert (done.stdout, done.exit_code) == (expected["stdout"], expected["exit_code"]), done.stderr
