import json

import pytest

from tests.command_line import neurograde


def feedback(made, student, *options):
    return neurograde("feedback", "doubles", student, *made.places, *options)


def test_a_student_sees_public_tests_in_full_and_of_hidden_ones_the_hint(small_class):
    done = feedback(small_class, "bob")
    assert (done.exit_code, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first == "s1002 (Babbage, Bob), doubles, handed in 2025-10-03 10:00 UTC"
    assert lines[:2] == ["q1: 0 of 3 points", "  q1 - 1: FAILED"]
    assert "assert double(2) == 4" in done.stdout
    assert lines[lines.index("  q1 - 2 (hidden): FAILED") + 1] == "      Try another number."
    assert "rng" not in done.stdout
    assert lines[-1].endswith(" of 6")


def test_what_passed_needs_no_words_and_lateness_is_taken_off(small_class):
    done = feedback(small_class, "eve")
    assert done.stdout.splitlines()[1:] == [
        "q1: 3 of 3 points",
        "  q1 - 1: PASSED",
        "  q1 - 2 (hidden): PASSED",
        "q2: 1 of 1 points",
        "  q2 - 1 (hidden): PASSED",
        "grade 4.8 of 6",
    ]


def test_the_notebook_as_it_ran_is_written_where_asked(small_class, tmp_path):
    done = feedback(small_class, "bob", "-o", tmp_path / "ran.ipynb")
    assert (done.exit_code, done.stderr) == (0, f"The notebook as it ran: {tmp_path / 'ran.ipynb'}\n")
    assert "def double(a): return a" in json.loads((tmp_path / "ran.ipynb").read_text())["cells"][0]["source"]
    assert feedback(small_class, "bob", "-q", "-o", tmp_path / "ran.ipynb").stderr == ""


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("s2001", "s2001 (Ivanov, Ivan) has handed in no notebook for doubles."),
        ("evee", "The nearest are s1003 (Noether, Eve)."),
        ("xyzzy", "xyzzy has no grades in this course. There are 5 students in it."),
    ],
)
def test_who_handed_in_nothing_or_is_nobody_is_said(small_class, student, said):
    done = feedback(small_class, student)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_place_that_cannot_be_written_is_said(small_class, tmp_path):
    done = feedback(small_class, "bob", "-o", tmp_path / "nowhere/ran.ipynb")
    assert done.exit_code == 2
    assert "cannot be written: No such file or directory. Name another file." in done.stderr


@pytest.mark.parametrize("name", ["report.json", "executed.ipynb"])
def test_a_file_of_ours_that_is_gone_is_ours_and_how_to_have_it_again_is_said(own_class, name):
    (path,) = own_class.course.reports.glob(f"doubles/bob/*/{name}")
    path.unlink()
    done = feedback(own_class, "bob")
    assert (done.exit_code, done.stdout) == (4, "")
    assert f"{path} cannot be read: No such file or directory." in done.stderr
    assert "Grade again what bob handed in: neurograde grade doubles PATH" in done.stderr
