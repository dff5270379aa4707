import csv
import io
import json
import re

import pytest
from openpyxl import load_workbook

from grading.common.directory import CourseDirectory
from grading.people.roster import load_roster
from neurograde.cli.base import Doors
from tests.builders import hand_in, notebook
from tests.command_line import neurograde
from tests.fakes import FakeRooms

HAND = "essays: 1 waiting for a mark by hand. Open them: neurograde formgrader\n"


def run(made, *words):
    return neurograde(*words, *made.places)


@pytest.fixture(scope="module")
def with_a_guest(graded_once, tmp_path_factory):
    """The class and somebody of whom the roster knows nothing."""
    made = graded_once.copy_to(tmp_path_factory.mktemp("guest") / "class")
    guest = hand_in(made.uploads / "guest.ipynb", notebook("x = 1"), 0)
    doors = Doors(grade_many=FakeRooms().grade_many)
    assert neurograde("grade", "doubles", guest, *made.places, doors=doors).exit_code == 0
    return made


# --- grades


def test_everyone_of_the_roster_has_a_line_and_a_course_grade(small_class):
    done = run(small_class, "grades")
    assert (done.exit_code, done.stderr) == (0, HAND)
    assert "doubles /6" in done.stdout
    assert "essays /4" in done.stdout
    ada, *_, ivan = [line.split(")")[1].split() for line in done.stdout.splitlines() if ")" in line]
    assert ada == ["6.00", "1.00", "62.5%", "6.25", "D"]
    assert ivan == ["-", "-", "0.0%", "0.00", "F"]


def test_a_name_that_is_nobodys_is_shown_and_said(with_a_guest):
    done = run(with_a_guest, "grades", "-q")
    assert done.exit_code == 0
    assert done.stderr == "in doubt: guest: nobody in the roster is called so\n"
    assert re.search(r"^ guest +1\.\d\d +- ", done.stdout, re.MULTILINE)


# --- explain


def test_every_number_of_a_grade_comes_with_its_rule(small_class):
    done = run(small_class, "explain", "s1003")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("doubles\n  run ")
    assert re.search(r"lateness +.*2 d", done.stdout)
    assert re.search(r"grade +4\.8 of 6", done.stdout)
    assert "\nessays\n  nothing was handed in\n" in done.stdout
    assert "\nCourse grade\n" in done.stdout


def test_an_extension_is_one_of_the_rules(small_class):
    assert "due 2099-01-01 00:00 (UTC), by an extension" in run(small_class, "explain", "s1002").stdout


def test_one_assignment_is_explained_without_the_course_grade(small_class):
    done = run(small_class, "explain", "s1001", "essays")
    assert done.stdout.startswith("essays\n")
    assert "1 of 4, with what is marked by hand" in done.stdout
    assert "Course grade" not in done.stdout


def test_who_handed_in_nothing_has_a_course_grade_too(small_class):
    done = run(small_class, "explain", "s2001")
    assert (done.exit_code, done.stdout.count("nothing was handed in")) == (0, 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["evee"], "evee has no grades in this course. The nearest are s1003 (Noether, Eve)."),
        (["xyzzy"], "There are 5 students in it."),
        (["s1001", "dobles"], "source/dobles is not an assignment. Assignments here: doubles, essays."),
    ],
)
def test_what_cannot_be_explained_is_said(small_class, words, said):
    done = run(small_class, "explain", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_report_that_is_gone_is_ours(own_class):
    (path,) = own_class.course.reports.glob("doubles/eve/*/report.json")
    path.write_text("{}")
    for words in (["explain", "s1003"], ["export", "doubles", "--to", "gradescope"]):
        done = run(own_class, *words)
        assert (done.exit_code, done.stdout) == (4, "")
        assert f"{path} cannot be read: it is not a report of this version." in done.stderr


# --- export


@pytest.mark.parametrize(
    ("target", "first", "grade"),
    [
        ("csv", {"student": "s1001", "doubles most": "6", "letter": "D"}, "doubles"),
        ("canvas", {"ID": "11", "SIS Login ID": "alovelace"}, "Doubles"),
        ("moodle", {"Email address": "ada.l@uni.example", "Course grade": "6.25"}, "Doubles"),
    ],
)
def test_everyones_grades_are_written_for_people_and_platforms(own_class, target, first, grade):
    done = run(own_class, "export", "--to", target)
    path = own_class.course.exports / f"grades-{target}.csv"
    assert (done.exit_code, done.stderr) == (0, HAND)
    assert done.stdout == f"5 students, 2 assignments: {path}\n"
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    (ada,) = [row for row in rows if first.items() <= row.items()]
    assert float(ada[grade]) == 6


def test_one_assignment_is_exported_without_the_course_grade_and_beside_the_whole(own_class):
    done = run(own_class, "export", "doubles", "--to", "csv", "-q")
    assert (done.exit_code, done.stderr) == (0, "")
    text = (own_class.course.exports / "doubles/grades-csv.csv").read_text("utf-8-sig")
    assert "essays" not in text
    assert "letter" not in text


def test_moodle_finds_students_by_what_is_asked_for(small_class, tmp_path):
    done = run(small_class, "export", "--to", "moodle", "--by", "login", "-o", tmp_path / "new/grades.csv")
    assert done.exit_code == 0
    rows = list(csv.reader(io.StringIO((tmp_path / "new/grades.csv").read_text("utf-8-sig"))))
    assert (rows[0][0], rows[1][0]) == ("Username", "alovelace")


def test_a_workbook_opens(small_class, tmp_path):
    done = run(small_class, "export", "essays", "--to", "xlsx", "-o", tmp_path / "grades.xlsx")
    assert done.exit_code == 0
    book = load_workbook(tmp_path / "grades.xlsx")
    assert book.sheetnames == ["Grades", "Assignments"]
    book.close()


def test_gradescope_gets_a_file_a_submission(own_class):
    done = run(own_class, "export", "doubles", "--to", "gradescope")
    folder = own_class.course.exports / "gradescope/doubles"
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"3 results.json for Gradescope: {folder}\n"
    assert sorted(path.parent.name for path in folder.glob("*/results.json")) == ["bob", "eve", "lovelaceada"]
    assert json.loads((folder / "eve/results.json").read_text())["tests"]


def test_whom_a_platform_could_not_know_is_listed_and_not_in_the_file(with_a_guest):
    done = run(with_a_guest, "export", "--to", "canvas")
    assert (done.exit_code, done.stdout[:10]) == (2, "6 students")
    assert "in doubt: guest: nobody in the roster is called so\n" in done.stderr
    assert "not in the file: guest\n" in done.stderr
    assert "guest" not in (with_a_guest.course.exports / "grades-canvas.csv").read_text()
    assert run(with_a_guest, "export", "--to", "csv").exit_code == 0


def test_grades_of_another_maximum_are_not_mixed(own_class):
    own_class.rules("[1, 2]", "[1, 8]")
    bundle = own_class.house.bundle_of("doubles") / "assignment.toml"
    bundle.write_text(bundle.read_text().replace("[1, 2]", "[1, 8]"))
    done = run(own_class, "export", "--to", "csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is out of 6, and doubles is now worth 12" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing option '--to'"),
        (["--to", "blackboard"], "'blackboard' is not one of 'canvas', 'moodle', 'csv', 'xlsx', 'gradescope'"),
        (["--to", "moodle", "--by", "name"], "'name' is not one of 'email', 'login', 'sis_id'"),
        (["--to", "gradescope"], "Gradescope takes one assignment."),
        (["dobles", "--to", "csv"], "Assignments here: doubles, essays."),
        (["--to", "csv", "-o", "."], "is a folder, and a file is to be written"),
        (["doubles", "--to", "gradescope", "-o", "file"], "is a file, and a folder is to be written"),
    ],
)
def test_what_cannot_be_exported_is_said(small_class, nowhere, words, said):
    (nowhere / "file").touch()
    done = run(small_class, "export", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert [path.name for path in nowhere.iterdir()] == ["file"]


# --- roster

DORA = "name,email,login\nDora Curie,dora@uni.example,dcurie\n"


@pytest.fixture
def roster(own_class, tmp_path):
    """A function: `neurograde roster import` of a file with this text."""

    def take_over(text, *options):
        (tmp_path / "people.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return run(own_class, "roster", "import", tmp_path / "people.csv", *options)

    return take_over


def test_who_is_new_in_a_list_is_said_and_kept(roster, own_class):
    done = roster(DORA)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("6 students: 1 new, 0 changed, 0 as before, 0 in doubt.\nnew: ")
    assert load_roster(own_class.course).students[-1].login == "dcurie"
    assert roster(DORA).stdout == "6 students: 0 new, 0 changed, 1 as before, 0 in doubt.\n"


def test_a_dry_run_says_the_same_and_writes_nothing(roster, own_class, tmp_path):
    before = (own_class.course.root / "roster.csv").read_bytes()
    said = roster(DORA, "--dry-run").stdout
    assert (own_class.course.root / "roster.csv").read_bytes() == before
    assert roster(DORA).stdout == said
    missing = CourseDirectory(root=tmp_path / "no-course")
    words = ["--dry-run", "--house", own_class.house.root, "--course", missing.root]
    assert neurograde("roster", "import", tmp_path / "people.csv", *words).exit_code == 0
    assert not missing.root.exists()


def test_a_name_that_is_not_certain_is_left_out_until_somebody_says(roster, own_class):
    done = roster("name\nLovelace Adah\n")
    assert done.exit_code == 2
    assert "in doubt, left out: line 2, Lovelace Adah" in done.stdout
    assert "neurograde roster link NAME ID" in done.stdout
    linked = run(own_class, "roster", "link", "Lovelace Adah", "s1001")
    assert (linked.exit_code, linked.stdout) == (0, "Lovelace Adah is s1001 from now on.\n")
    assert roster("name\nLovelace Adah\n").exit_code == 0


def test_a_stranger_with_a_like_name_is_added_where_asked(roster):
    assert roster("name\nLovelace Adah\n", "--add").stdout.startswith("6 students: 1 new")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "people.csv names no students"),
        (b"hello\nworld\n", "no column says who a line is about, only hello"),
        (b"name\n\xff\n", "people.csv is not UTF-8"),
        (b"name\nAda,Lovelace\n", "line 2 has 2 cells, but the header 1"),
    ],
)
def test_a_list_that_is_none_changes_nothing(roster, own_class, content, said):
    before = (own_class.course.root / "roster.csv").read_bytes()
    done = roster(content)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert (own_class.course.root / "roster.csv").read_bytes() == before


def test_a_list_that_is_not_there_is_said(small_class, tmp_path):
    done = run(small_class, "roster", "import", tmp_path / "people.csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "does not exist" in done.stderr


def test_a_gradebook_that_does_not_take_the_list_is_ours(roster, own_class):
    own_class.course.gradebook.write_bytes(b"no database at all" * 100)
    done = roster(DORA)
    assert (done.exit_code, done.stdout) == (4, "")
    assert "did not take it" in done.stderr


@pytest.mark.parametrize(
    ("name", "student", "said"),
    [
        ("dora", "s1009", 'There is no student with the id "s1009" in the roster.'),
        ("eve", "s1001", '"eve" is s1003 (Noether, Eve)'),
        ("a;b", "s1001", "give a name, without semicolons"),
    ],
)
def test_a_link_that_cannot_be_is_said(small_class, name, student, said):
    done = run(small_class, "roster", "link", name, student)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


# --- the platform


@pytest.mark.parametrize(("port", "said"), [("0", "is not in the range"), ("http", "is not a valid integer")])
def test_formgrader_needs_a_port(small_class, port, said):
    done = run(small_class, "formgrader", "--port", port)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_doctor_looks_at_every_part_and_says_what_to_do(tmp_path):
    done = neurograde("doctor", "--course", tmp_path, env={"NEUROGRADE_ENGINE": "/nowhere"})
    assert (done.exit_code, done.stderr) == (4, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "✗ container engine: NEUROGRADE_ENGINE is '/nowhere': set it to docker or podman, or unset it"
    assert [line.split(": ")[1] for line in lines[1:5]] == ["not looked at"] * 4
    assert str(tmp_path) in next(line for line in lines if " disk: " in line)
    assert list(tmp_path.iterdir()) == []
