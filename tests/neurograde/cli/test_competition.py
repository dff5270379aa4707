import csv
import io
import json
import re

import numpy as np
import pytest

from grading.records.database import Database
from grading.records.ledger import Ledger
from tests.builders import predictions
from tests.command_line import neurograde


def entries_of(made, student):
    """The claims of a student, as they are named in the ledger."""
    with Database(made.course.database) as database:
        return [attempt.submission for attempt in Ledger(database).attempts("doubles", student=student, kind="claim")]


def run(made, command, *words):
    return neurograde(command, *words, *made.places)


def damage(made):
    (made.course.heldout / "doubles/labels.npy").write_bytes(b"damaged")


# --- heldout


def test_a_held_out_set_is_drawn_once_and_shown_from_then_on(new_class):
    first = run(new_class, "heldout", "doubles")
    assert (first.exit_code, first.stderr) == (0, "")
    folder, *facts = first.stdout.splitlines()
    assert folder == str(new_class.course.heldout / "doubles")
    assert [fact.split()[:2] for fact in facts[:2]] == [["rows", "40"], ["classes", "2"]]
    assert sum(int(fact.split()[1]) for fact in facts[2:4]) == 40
    assert run(new_class, "heldout", "doubles").stdout == first.stdout


def test_what_is_held_out_is_one_json_object(small_class):
    done = run(small_class, "heldout", "doubles", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert (facts["rows"], facts["classes"], facts["inputs"]) == (40, 2, "float64 (40, 1)")


def wrong_label(made, folder):
    labels = np.load(made.course.heldout / "doubles/labels.npy")
    path = folder / "wrong.csv"
    path.write_text(f"Category,Id\n{1 - labels[7]},7\n")
    return path


def test_labels_are_corrected_once_and_the_next_step_said(own_class, tmp_path):
    wrong = wrong_label(own_class, tmp_path)
    before = json.loads(run(own_class, "heldout", "doubles", "--json").stdout)["version"]
    done = run(own_class, "heldout", "doubles", "--correct", wrong)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"1 label corrected: version {before} is ")
    assert "neurograde rescore doubles" in done.stdout
    again = run(own_class, "heldout", "doubles", "--correct", wrong, "--json")
    assert again.stderr == "Every label is so already; nothing was changed.\n"
    assert json.loads(again.stdout)["version"] != before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "must begin with the header Category,Id"),
        (b"label,row\n1,7\n", "must begin with the header Category,Id"),
        (b"Category,Id\nshoe,7\n", "line 2: a class number and an Id are needed"),
        (b"Category,Id\n1,40\n", "Id 40 cannot be class 1"),
        (b"Category,Id\n\xff,7\n", "is not UTF-8"),
    ],
)
def test_corrections_that_are_none_change_nothing(own_class, tmp_path, content, said):
    (tmp_path / "wrong.csv").write_bytes(content)
    before = run(own_class, "heldout", "doubles").stdout
    done = run(own_class, "heldout", "doubles", "--correct", tmp_path / "wrong.csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert run(own_class, "heldout", "doubles").stdout == before


def test_corrections_that_are_not_there_are_said(small_class, tmp_path):
    done = run(small_class, "heldout", "doubles", "--correct", tmp_path / "wrong.csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "does not exist" in done.stderr


def test_data_that_gives_no_held_out_set_is_the_authors(new_class):
    (new_class.house.source_of("doubles") / "data.py").write_text("def heldout(seed):\n    return [1], [0]\n")
    done = run(new_class, "heldout", "doubles")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "data.py: heldout(seed) must return labels" in done.stderr


@pytest.mark.parametrize("command", ["heldout", "integrity", "leaderboard"])
def test_held_out_data_that_is_damaged_is_ours(own_class, command):
    damage(own_class)
    done = run(own_class, command, "doubles")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "labels.npy is missing or is not the file that was drawn" in done.stderr


@pytest.mark.parametrize("words", [["heldout"], ["leaderboard"], ["select", "s1001", "abcd"]])
def test_an_assignment_without_a_competition_is_said(small_class, words):
    done = run(small_class, words[0], "essays", *words[1:])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "essays has no [competition] in its assignment.toml" in done.stderr


# --- leaderboard


def board(made, *options):
    return run(made, "leaderboard", "doubles", *options)


def test_after_the_deadline_the_private_scores_stand_under_real_names(small_class):
    done = board(small_class)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Doubles: private scores, final")
    (ada,) = [line for line in done.stdout.splitlines() if "Lovelace, Ada" in line]
    assert ada.split()[0] == "1"
    assert "1 not ranked yet: an extension has not ended." in done.stdout
    assert "Bob" not in done.stdout


def test_the_board_of_a_time_before_the_deadline_shows_public_scores(small_class):
    done = board(small_class, "--at", "2025-09-28T12:00")
    assert done.exit_code == 0
    assert done.stdout.startswith("Doubles: public scores, not final, 2025-09-28 12:00")


def test_a_board_as_json_and_as_csv_says_the_same(small_class):
    made = json.loads(board(small_class, "--format", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(board(small_class, "--format", "csv").stdout)))
    assert made["assignment"] == "doubles"
    assert [row["name"] for row in made["rows"]] == [row["name"] for row in rows] == ["Lovelace, Ada", "Noether, Eve"]


def test_a_board_as_a_page_is_written_where_asked(small_class, tmp_path):
    done = board(small_class, "--format", "html", "-o", tmp_path / "board.html")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"2 rows: {tmp_path / 'board.html'}\n"
    assert "Lovelace" in (tmp_path / "board.html").read_text()
    assert board(small_class, "--format", "html", "--lang", "ru").stdout.startswith('<!doctype html>\n<html lang="ru">')


def test_pseudonyms_tell_nobodys_name_and_stay_the_same(small_class):
    first, second = (board(small_class, "--pseudonyms", "--format", "csv").stdout for _ in range(2))
    assert first == second
    assert not re.search("(?i)ada|eve|bob|s100", first)


def test_ranks_come_without_scores(small_class):
    (ada,) = [line for line in board(small_class, "--ranks").stdout.splitlines() if "Lovelace, Ada" in line]
    assert "0." not in ada


def test_a_student_sees_their_own_entries(small_class):
    done = board(small_class, "--student", "bob")
    assert (done.exit_code, done.stderr) == (0, "")
    (entry,) = entries_of(small_class, "bob")
    (row,) = [line for line in done.stdout.splitlines() if entry[:12] in line]
    assert "your best" in row
    assert "5 more count today" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "pdf"], "'pdf' is not one of 'table', 'csv', 'json', 'html'"),
        (["--lang", "xx"], "'xx' is not one of"),
        (["--at", "soon"], '"soon" is no time. Write it like 2026-12-20T18:00.'),
        (["--at", "2999-01-01"], "is yet to come"),
        (["--student", "xyzzy"], "xyzzy has no grades in this course."),
        (["--student", "s2001"], "s2001 (Ivanov, Ivan) has handed in nothing for doubles."),
        (["--student", "bob", "--format", "csv"], "--student is a table on stdout."),
        (["--student", "bob", "-o", "board.csv"], "--student is a table on stdout."),
        (["--format", "csv", "-o", "nowhere/board.csv"], "nowhere/board.csv cannot be written"),
        (["-o", "."], "is a directory"),
    ],
)
def test_a_board_that_there_is_none_of_is_said(small_class, nowhere, options, said):
    done = board(small_class, *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert list(nowhere.iterdir()) == []


def test_a_students_entries_need_the_held_out_set_that_was_drawn(own_class):
    damage(own_class)
    assert board(own_class, "--student", "bob").exit_code == 4


# --- select


def select(made, student, *entries):
    return run(made, "select", "doubles", student, *entries)


def test_a_student_selects_what_to_stand_by(own_class):
    (entry,) = entries_of(own_class, "bob")
    done = select(own_class, "bob", entry[:6])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"s1002 (Babbage, Bob) stands by {entry[:12]}.\n"
    assert "selected" in board(own_class, "--student", "bob").stdout
    with Database(own_class.course.database) as database:
        assert Ledger(database).selections("doubles") == {"bob": (entry,)}


@pytest.mark.parametrize(
    ("student", "entries", "said"),
    [
        ("bob", ["abcd"], 'None of your entries begins with "abcd". Give 4 or more digits'),
        ("bob", ["c"], "None of your entries begins"),
        ("s1001", ["abcd"], "Entries could be selected until 2025-10-01 12:00 (UTC)"),
    ],
)
def test_what_cannot_be_selected_is_the_students(small_class, student, entries, said):
    done = select(small_class, student, *entries)
    assert (done.exit_code, done.stdout) == (3, "")
    assert said in done.stderr


def test_no_more_are_selected_than_may_be(own_class):
    own_class.rules("2025-10-01", "2099-10-01")
    own_class.rules("claims = true", "claims = true\nselected = 1")
    done = select(own_class, "s1001", *entries_of(own_class, "lovelaceada"))
    assert (done.exit_code, done.stdout) == (3, "")
    assert "2 entries were named. Select from 1 to 1" in done.stderr


def test_nobody_selects_for_nobody(small_class):
    done = select(small_class, "xyzzy", "abcd")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "xyzzy has no grades in this course." in done.stderr


# --- policy


NEW = '[competition]\nentry_point = "predict"\nanchors = [[0, 0], [1, 8]]\nclaims = true\n'


@pytest.fixture
def policy(small_class, tmp_path):
    """A function: `neurograde policy doubles --preview` of a file with this text."""

    def preview(text, *options, made=small_class, name="doubles"):
        (tmp_path / "new.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return run(made, "policy", name, "--preview", tmp_path / "new.toml", *options)

    return preview


def test_another_policy_shows_who_would_move(policy):
    done = policy(NEW)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "The most that can be earned changes from 2 to 8. 3 of 3 move, 3 up and 0 down" in done.stdout
    assert ".. now" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if line.endswith("+6.00  ")]
    assert {row[0] for row in rows} == {"eve", "lovelaceada"}


def test_where_nobody_would_move_nobody_is_listed(policy):
    done = policy(NEW.replace("8", "2"))
    assert done.exit_code == 0
    assert done.stdout.endswith("Nobody of 3 moves.\n")


@pytest.mark.parametrize(("name", "begins"), [("plot.svg", b"<?xml"), ("plot.png", b"\x89PNG")])
def test_a_policy_is_drawn_where_asked(policy, tmp_path, name, begins):
    done = policy(NEW, "--plot", tmp_path / name)
    assert done.exit_code == 0
    assert done.stdout.endswith(f"The plot: {tmp_path / name}\n")
    assert (tmp_path / name).read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\xff\xfe", "new.toml is not TOML"),
        ("", "new.toml has no [competition]"),
        (NEW.replace("anchors", "ancors"), "competition.ancors: no such key; did you mean `anchors`?"),
        (NEW + 'metric = "macro_f1"\n', "new.toml also changes competition.metric"),
    ],
)
def test_a_policy_that_is_none_is_said(policy, text, said):
    done = policy(text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_picture_is_an_svg_or_a_png(policy, tmp_path):
    done = policy(NEW, "--plot", tmp_path / "plot.gif")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "plot.gif ends in neither .svg nor .png" in done.stderr
    assert policy(NEW, "--plot", tmp_path / "nowhere/plot.svg").exit_code == 2


def test_a_policy_needs_scores_to_make_points_of(policy, new_class):
    done = policy(NEW, made=new_class)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Nobody has a score in doubles yet. Grade first: neurograde grade doubles PATH..." in done.stderr
    assert "no [competition]" in policy(NEW, name="essays").stderr


def test_a_policy_that_is_not_there_is_said(small_class, tmp_path):
    done = run(small_class, "policy", "doubles", "--preview", tmp_path / "new.toml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "does not exist" in done.stderr


# --- integrity


def test_what_is_worth_a_look_is_written_as_pages(own_class, tmp_path):
    done = run(own_class, "integrity", "doubles")
    index = own_class.course.integrity / "doubles/index.html"
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.match(rf"\d worth a look among 3 students: {index}\n", done.stdout)
    assert "<html" in index.read_text()
    assert run(own_class, "integrity", "essays", "-o", tmp_path / "pages").stdout.startswith("0 worth a look among 1 ")
    assert (tmp_path / "pages/index.html").is_file()


def test_before_anything_was_handed_in_nothing_is_worth_a_look(new_class):
    done = run(new_class, "integrity", "doubles")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Nobody handed in doubles yet. Grade first: neurograde grade doubles PATH..." in done.stderr


def test_pages_go_to_a_folder(small_class, tmp_path):
    (tmp_path / "file").write_bytes(predictions([]))
    done = run(small_class, "integrity", "doubles", "-o", tmp_path / "file")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Choose another with --output DIR." in done.stderr


def test_what_data_py_prints_is_no_part_of_the_json(new_class):
    data = new_class.house.source / "doubles" / "data.py"
    data.write_text("print('drawing')\n" + data.read_text())
    done = run(new_class, "heldout", "doubles", "--json")
    assert json.loads(done.stdout)["rows"] == 40
    assert "drawing" in done.stderr
