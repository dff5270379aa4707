import json
import re
import zipfile
from collections import Counter
from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter

from autograder.model.errors import EngineUnavailableError
from grading.records.database import Database
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from neurograde.cli.base import Doors
from neurograde.services.submissions.outcomes import ClaimObject, FileObject, SubmissionObject, SummaryObject
from tests.builders import RIGHT, WRONG, hand_in, notebook, predictions
from tests.command_line import neurograde
from tests.fakes import FakeRooms

LINE = TypeAdapter(Annotated[FileObject | SubmissionObject | ClaimObject | SummaryObject, Field(discriminator="kind")])
BOB, EVE = "bob.ipynb", "eve/doubles.ipynb"
ADA = "lovelaceada_11_301_doubles.ipynb"


@pytest.fixture
def rooms():
    """Rooms that hold nothing back; `graded` lists the students whose code was run."""
    return FakeRooms()


@pytest.fixture
def grade(new_class, rooms):
    """A function: `neurograde grade doubles FILES... OPTIONS...`; files by their names among the uploads."""

    def run(*arguments, rooms=rooms, **settings):
        named = [new_class.uploads / word if "." in word else word for word in map(str, arguments)]
        doors = Doors(grade_many=rooms.grade_many)
        return neurograde("grade", "doubles", *named, *new_class.places, doors=doors, **settings)

    return run


def objects(done):
    """What is on stdout, line by line: nothing but the documented objects."""
    return [LINE.validate_json(line) for line in done.stdout.splitlines()]


def kinds(done):
    return [made.kind for made in objects(done)]


def recorded(course):
    with Gradebook(course.database) as gradebook:
        return {student: round(marks["doubles"].result.value, 2) for student, marks in gradebook.marks().items()}


# --- good use


def test_notebooks_are_graded_shown_and_recorded(grade, new_class, rooms):
    done = grade(BOB, ADA)
    assert (done.exit_code, done.stderr) == (0, "")
    header, *rows = [line.split() for line in done.stdout.splitlines() if "  " in line.strip()]
    assert header == ["student", "status", "q1", "q2", "points", "score", "grade", "seconds"]
    assert [row[:5] for row in rows] == [["bob", "FAILED", "0", "1", "1/4"], ["lovelaceada", "PASSED", "3", "1", "4/4"]]
    assert rooms.graded == ["bob", "lovelaceada"]
    assert recorded(new_class.course).keys() == {"bob", "lovelaceada"}
    (report,) = new_class.course.reports.glob("doubles/bob/*/report.json")
    assert (report.parent / "executed.ipynb").is_file()


def test_claims_are_scored_beside_the_notebooks(grade, new_class):
    done = grade("first/lovelaceada.csv", "second/lovelaceada.csv", ADA)
    assert done.exit_code == 0
    assert done.stderr.count("lovelaceada.csv scored, ") == 2
    assert done.stderr.count(" on the public rows") == 2
    assert len(list(new_class.course.reports.glob("doubles/lovelaceada/*/submission.csv"))) == 2


def test_what_is_odd_in_a_claim_is_said_to_its_student(grade):
    done = grade("first/lovelaceada.csv", "--json")
    assert done.stderr.splitlines()[1] == "  Every prediction is class 1."
    assert objects(done)[1].notes == ["Every prediction is class 1."]


def test_a_second_time_nobodys_code_is_run(grade, rooms, new_class):
    grade(BOB, "first/lovelaceada.csv")
    done = grade(BOB, "first/lovelaceada.csv")
    assert done.exit_code == 0
    assert rooms.graded == ["bob"]
    assert "lovelaceada.csv scored before, " in done.stderr
    assert "2 were graded before with the same tests (--regrade grades them again)." in done.stderr


def test_regrade_runs_it_again(grade, rooms):
    grade(BOB)
    done = grade(BOB, "--regrade")
    assert (done.exit_code, done.stderr, rooms.graded) == (0, "", ["bob", "bob"])


def test_jobs_and_isolation_reach_the_rooms(grade, rooms):
    assert grade(BOB, "--jobs", 3, "--isolation", "container").exit_code == 0
    assert grade(EVE, "-j", 1).exit_code == 0
    assert rooms.asked == [(3, True), (1, False)]


def test_folders_and_zips_hold_uploads_too(grade, new_class, rooms):
    with zipfile.ZipFile(new_class.uploads / "lms.zip", "w") as archive:
        archive.writestr("Dora_77_assignsubmission_file/work.ipynb", notebook(RIGHT))
        archive.writestr("readme.txt", "not looked at")
    done = neurograde(
        "grade", "doubles", new_class.uploads / "lms.zip", new_class.uploads / "eve", *new_class.places,
        doors=Doors(grade_many=rooms.grade_many),
    )  # fmt: skip
    assert rooms.graded == ["Dora", "eve"]
    assert done.exit_code == 3  # eve's claim came too late


def test_what_staff_mark_is_said(new_class, rooms):
    doors = Doors(grade_many=rooms.grade_many)
    done = neurograde("grade", "essays", new_class.root / "uploads/essays", *new_class.places, doors=doors)
    assert done.exit_code == 0
    assert "To be marked by hand: e1. Open them: neurograde formgrader" in done.stderr


def test_the_course_is_the_one_of_the_environment_else_that_of_the_house(new_class, rooms, tmp_path):
    words = ["grade", "doubles", new_class.uploads / BOB, *new_class.places[:2]]
    doors = Doors(grade_many=rooms.grade_many)
    assert neurograde(*words, doors=doors, env={"NEUROGRADE_COURSE": str(tmp_path / "mine")}).exit_code == 0
    assert list((tmp_path / "mine/reports/doubles").iterdir()) == [tmp_path / "mine/reports/doubles/bob"]
    assert neurograde(*words, doors=doors).exit_code == 0
    assert (new_class.house.root / "course/gradebook.db").is_file()
    assert not new_class.course.gradebook.exists()


# --- exit codes


def test_an_upload_that_is_no_notebook_is_the_students_and_the_others_are_graded(grade, new_class, rooms):
    hand_in(new_class.uploads / "mallory.ipynb", b"no", 0)
    done = grade("mallory.ipynb", BOB)
    assert (done.exit_code, rooms.graded) == (3, ["bob"])
    assert "mallory: " in done.stderr
    assert "mallory.ipynb is not a notebook" in done.stderr
    assert "no report" in done.stdout


@pytest.mark.parametrize("content", [b"no csv", predictions([0] * 39), predictions(["dress"] * 40)])
def test_a_claim_that_cannot_be_scored_is_the_students(grade, new_class, content):
    hand_in(new_class.uploads / "bob/submission.csv", content, 0)
    done = grade("bob/submission.csv")
    assert done.exit_code == 3
    assert done.stderr.startswith("bob: ")
    with Database(new_class.course.database) as database:
        assert Ledger(database).attempts("doubles") == []


def test_a_zip_that_is_none_is_the_students(grade, new_class):
    hand_in(new_class.uploads / "lms.zip", b"PK", 0)
    done = grade("lms.zip")
    assert done.exit_code == 3
    assert "is not a zip that can be opened" in done.stderr


def test_a_lost_room_is_ours_and_no_mark_is_given(grade, new_class):
    done = grade(BOB, EVE, rooms=FakeRooms(lost=["bob"]))
    assert done.exit_code == 4
    assert "bob: The room ended." in done.stderr
    assert recorded(new_class.course).keys() == {"eve"}
    assert grade(BOB, EVE).exit_code == 0
    assert recorded(new_class.course).keys() == {"bob", "eve"}


def test_no_room_at_all_is_ours(grade, new_class):
    class NoRooms:
        def grade_many(self, *_, **__):
            raise EngineUnavailableError("No container engine answers. Look at it: neurograde doctor")

    done = grade(BOB, rooms=NoRooms())
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr == "Error: No container engine answers. Look at it: neurograde doctor\n"
    assert recorded(new_class.course) == {}


def test_what_is_ours_is_never_taken_for_a_students(grade, new_class):
    hand_in(new_class.uploads / "mallory.ipynb", b"no", 0)
    done = grade("mallory.ipynb", "eve/submission.csv", BOB, rooms=FakeRooms(lost=["bob"]))
    assert done.exit_code == 4
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["eve", "mallory", "bob"]


def test_an_interrupt_keeps_what_was_graded_and_the_same_command_goes_on(grade, rooms, new_class):
    done = grade(BOB, EVE, "eve/submission.csv", rooms=FakeRooms(stop_at="eve"))
    assert (done.exit_code, done.stdout) == (130, "")
    assert "Stopped. What was graded is kept; run the same command to go on." in done.stderr
    assert recorded(new_class.course).keys() == {"bob"}
    assert grade(BOB, EVE).exit_code == 0
    assert rooms.graded == ["eve"]


def test_a_bug_of_ours_shows_its_traceback(grade):
    class Broken:
        def grade_many(self, *_, **__):
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        grade(BOB, rooms=Broken())


# --- bad inputs


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--isolation", "open"], "'open' is not one of 'warm', 'container'"),
        (["--jobs", "0"], "0 is not in the range 1<=x<=64"),
        (["--jobs", "two"], "'two' is not a valid integer"),
        (["nobody.ipynb"], "does not exist"),
    ],
)
def test_a_value_that_is_none_is_said_and_nothing_is_done(grade, new_class, words, said):
    done = grade(BOB, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert not new_class.course.gradebook.exists()


def test_an_assignment_that_was_not_released_is_said_with_the_way_to_it(grade, new_class):
    new_class.house.bundle_of("doubles").rename(new_class.root / "away")
    done = grade(BOB)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Make it: neurograde release doubles" in done.stderr


def test_an_extension_that_is_wrong_stops_before_anything_is_graded(grade, new_class, rooms):
    (new_class.course.root / "extensions.toml").write_text('[[extensions]]\nstudnet = "bob"\n')
    done = grade(BOB)
    assert (done.exit_code, done.stdout, rooms.graded) == (2, "", [])
    assert "extensions.toml" in done.stderr
    assert "student" in done.stderr


# --- --json


def test_json_has_an_object_a_file_claim_and_submission_and_a_summary(grade):
    done = grade(".", "--json")
    assert kinds(done) == [*["file"] * 7, *["claim"] * 4, *["submission"] * 3, "summary"]
    files = [made for made in objects(done) if made.kind == "file"]
    assert all(made.taken and made.reason is None for made in files)
    assert Counter(made.student for made in files) == {"lovelaceada": 3, "bob": 2, "eve": 2}
    (bob,) = [made for made in objects(done) if made.kind == "submission" and made.student == "bob"]
    assert (bob.status, bob.points, bob.max_points, len(bob.submission)) == ("FAILED", 1, 4, 64)
    assert [(question.name, question.points) for question in bob.questions] == [("q1", 0), ("q2", 1)]
    summary = objects(done)[-1]
    assert (summary.graded, summary.kept, summary.claims, summary.refused, summary.failed) == (3, 0, 3, 1, 0)
    assert summary.exit_code == done.exit_code == 3


def test_json_says_why_a_claim_was_refused(grade, new_class):
    done = grade("eve/submission.csv", "--json")
    _, refused, _ = objects(done)
    assert (refused.kind, refused.student, refused.status, refused.submission) == ("claim", "eve", "REFUSED", None)
    assert refused.file == str(new_class.uploads / "eve/submission.csv")
    assert "too late to count" in refused.problem


def test_json_says_what_stands_already(grade):
    grade(BOB, "first/lovelaceada.csv")
    done = grade(BOB, "first/lovelaceada.csv", "--json")
    claim, summary = objects(done)[2], objects(done)[-1]
    assert (claim.status, claim.kept, claim.problem) == ("SCORED", True, None)
    assert (summary.graded, summary.kept, summary.claims, summary.exit_code) == (0, 2, 0, 0)


def test_json_says_why_a_file_is_not_taken(grade, new_class):
    hand_in(new_class.uploads / "mallory.ipynb", b"no", 0)
    hand_in(new_class.uploads / "again/bob.ipynb", notebook(WRONG), 3)
    done = grade("mallory.ipynb", BOB, "again/bob.ipynb", "--json")
    bad, bob, copy = objects(done)[:3]
    assert [made.taken for made in (bad, bob, copy)] == [False, True, False]
    assert "is not a notebook" in bad.reason
    assert copy.reason == f"the same bytes as {new_class.uploads / BOB}, graded once"
    assert f"bob: {copy.file}: {copy.reason}" in done.stderr
    unreadable = next(made for made in objects(done) if made.kind == "submission" and made.student == "mallory")
    assert (unreadable.status, unreadable.submission, unreadable.points) == ("NOT_RUN", None, None)


def test_json_counts_what_got_no_mark_through_us(grade):
    done = grade(BOB, "eve/submission.csv", "--json", rooms=FakeRooms(lost=["bob"]))
    summary = objects(done)[-1]
    assert (summary.graded, summary.refused, summary.failed, summary.exit_code) == (0, 1, 1, 4)
    lost = next(made for made in objects(done) if made.kind == "submission")
    assert (lost.status, lost.points, lost.grade, lost.seconds) == ("NOT_RUN", None, None, None)


def test_json_of_an_interrupted_batch_is_whole_lines_without_a_summary(grade):
    done = grade(BOB, EVE, "--json", rooms=FakeRooms(stop_at="eve"))
    assert (done.exit_code, kinds(done)) == (130, ["file", "file", "submission"])


# --- what is said of it


def test_a_log_tells_of_every_submission(grade, tmp_path):
    done = grade(BOB, EVE, "--log-file", tmp_path / "log", rooms=FakeRooms(lost=["eve"]))
    written = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    lines = [line for line in written if line["logger"] == "neurograde.grade"]
    assert done.exit_code == 4
    assert [(line["level"], line["message"], line["student"]) for line in lines] == [
        ("info", "graded: FAILED", "bob"),
        ("warning", "not graded: The room ended.", "eve"),
    ]
    assert {(line["logger"], line["assignment"], len(line["submission"])) for line in lines} == {
        ("neurograde.grade", "doubles", 64)
    }


def test_verbose_says_it_on_stderr_and_leaves_json_alone(grade):
    done = grade(BOB, "-v", "--json")
    assert re.search(r"^info: doubles bob [0-9a-f]{12}: graded: FAILED$", done.stderr, re.MULTILINE)
    assert kinds(done) == ["file", "submission", "summary"]


def test_quiet_leaves_results_and_errors(grade):
    done = grade(BOB, "first/lovelaceada.csv", "eve/submission.csv", "-q")
    assert done.exit_code == 3
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["eve"]
    assert "bob" in done.stdout
