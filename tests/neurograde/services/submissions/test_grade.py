import os
import re
from datetime import UTC, datetime
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from autograder.intake.uploads import Upload
from autograder.model.errors import ConfigError, PlatformError
from grading.analysis import rescoring
from grading.records.attempts import AttemptKind
from grading.records.database import Database
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from grading.scoring import heldout_store as heldout
from neurograde.cli.tables import rescored_table
from neurograde.services.competition.heldout import prepare
from neurograde.services.submissions.grade import Grading, Options
from neurograde.services.submissions.rescore import rescore
from tests.builders import DATA, RIGHT, WRONG, earned, make_course, notebook, predictions, small_house
from tests.fakes import FakeRooms


def upload(student, source=RIGHT, hour=12, content=None):
    when = datetime(2026, 10, 1, hour, tzinfo=UTC)
    content = notebook(source) if content is None else content
    return Upload(student=student, origin=f"{student}.ipynb", handed_in=when, content=content)


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


@pytest.fixture
def desk(tmp_path, bundle, course):
    """A small house with grading in a fake room; `graded` lists the students whose code was run."""
    return Desk(small_house(tmp_path, bundle, DATA), course)


class Desk:
    """Grades in a room that holds nothing back. Each call is a use case of its own, as a command makes it."""

    def __init__(self, house, course):
        self.house = house
        self.course = course
        self.graded = []

    def run(self, uploads, *, stop_at=None, lost=(), **options):
        rooms = FakeRooms(stop_at=stop_at, lost=lost)
        rooms.graded = self.graded
        grading = Grading(self.house, self.course, "doubles", grade_many=rooms.grade_many)
        return grading.run(grading.sort(uploads), Options(**options))

    def prepare(self):
        return prepare(self.house, self.course, "doubles")

    def rescore(self):
        return rescore(self.house, self.course, "doubles")


def totals(course):
    with Gradebook(course.gradebook) as gradebook:
        return {student: points for student, (points, _) in earned(gradebook, "doubles").items()}


def test_points_and_score_become_a_grade_in_the_gradebook(desk, course):
    (ada, bob) = desk.run([upload("ada"), upload("bob", WRONG)])
    assert (ada.grade.points, ada.grade.accuracy_points, ada.grade.score.value) == (4, 2, 1.0)
    assert bob.grade.points == 1
    assert totals(course) == {"ada": 6, "bob": pytest.approx(bob.grade.value)}


def test_report_notebook_and_upload_are_kept(desk, course):
    (ada,) = desk.run([upload("ada")])
    folder = course.report_folder("doubles", "ada", ada.submission.id)
    assert sorted(path.name for path in folder.iterdir()) == ["executed.ipynb", "report.json", "upload.ipynb"]


def test_an_interrupted_batch_keeps_what_was_graded_and_goes_on(desk, course):
    uploads = [upload(student) for student in ("ada", "bob", "eve")]
    with pytest.raises(KeyboardInterrupt):
        list(desk.run(uploads, stop_at="eve"))
    assert totals(course) == {"ada": 6, "bob": 6}
    outcomes = list(desk.run(uploads))
    assert [outcome.kept for outcome in outcomes] == [True, True, False]
    assert desk.graded == ["ada", "bob", "eve"]
    assert totals(course) == {"ada": 6, "bob": 6, "eve": 6}


def test_a_regrade_runs_the_code_again_and_changes_nothing_else(desk, course):
    (first,) = desk.run([upload("ada", WRONG)])
    (second,) = desk.run([upload("ada", WRONG)], jobs=1, regrade=True)
    assert desk.graded == ["ada", "ada"]
    assert (first.grade, first.report.questions) == (second.grade, second.report.questions)


def test_of_two_notebooks_of_a_student_the_last_handed_in_counts(desk, course):
    list(desk.run([upload("ada", RIGHT, hour=9), upload("ada", WRONG, hour=8)]))
    assert totals(course) == {"ada": 6}


def test_a_lost_room_gives_no_mark_and_the_others_get_theirs(desk, course):
    lost, _ = desk.run([upload("ada"), upload("bob")], lost=["ada"])
    assert (lost.report, lost.grade, lost.problem.exit_code) == (None, None, 4)
    assert totals(course) == {"bob": 6}
    list(desk.run([upload("ada"), upload("bob")]))
    assert totals(course) == {"ada": 6, "bob": 6}


def test_an_upload_that_is_no_notebook_is_the_students_to_mend(desk, course):
    bad, _ = desk.run([upload("ada", content=b"no"), upload("bob")])
    assert (bad.grade, bad.problem.exit_code) == (None, 3)
    assert "not a notebook" in str(bad.problem)
    assert totals(course) == {"bob": 6}


def test_a_damaged_report_is_graded_again(desk, course):
    (ada,) = desk.run([upload("ada")])
    (course.report_folder("doubles", "ada", ada.submission.id) / "report.json").write_text("{")
    (again,) = desk.run([upload("ada")])
    assert not again.kept


def test_labels_never_go_to_the_room(desk, course):
    list(desk.run([upload("ada", "seen = None\ndef predict(X):\n    return X.shape[0] * [1]")]))
    labels = np.load(course.heldout / "doubles/labels.npy")
    assert labels.tobytes() not in b"".join(path.read_bytes() for path in course.reports.rglob("*.*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_said_and_loses_nothing(desk, course, tmp_path):
    import subprocess

    course.reports.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(course.reports)], check=True)
    try:
        with pytest.raises(PlatformError, match="make room and run the command again"):
            list(desk.run([upload("ada", RIGHT + "\n#" + "x" * 100_000)]))
    finally:
        subprocess.run(["umount", str(course.reports)], check=True)
    assert totals(course) == {}


def rules(course, tmp_path, text):
    """Put other rules in force; [competition] of the bundle's assignment.toml goes on in `text`."""
    path = tmp_path / "house/source/doubles/assignment.toml"
    path.write_text(f"{path.read_text()}\n{text}")


def claim(student, answers, hour=12, day=1):
    when = datetime(2026, 10, day, hour, tzinfo=UTC)
    return Upload(student=student, origin=f"{student}.csv", handed_in=when, content=predictions(answers))


def labels(course):
    return np.load(course.heldout / "doubles/labels.npy").tolist()


def test_a_changed_rule_changes_grades_without_running_code_again(desk, course, tmp_path):
    list(desk.run([upload("ada")]))
    path = tmp_path / "house/source/doubles/assignment.toml"
    path.write_text(path.read_text().replace("[1, 2]", "[1, 8]"))
    (ada,) = desk.run([upload("ada")])
    assert (ada.kept, ada.grade.value, desk.graded) == (True, 12, ["ada"])
    assert totals(course) == {"ada": 12}
    with Database(course.gradebook) as database:
        assert [one.grade.value for one in Ledger(database).history()] == [6, 12]


def test_lateness_takes_its_share_and_stands_in_the_gradebook(desk, course, tmp_path):
    rules(course, tmp_path, "[late]\npercent_per_day = 50")
    path = tmp_path / "house/source/doubles/assignment.toml"
    path.write_text("due = 2026-10-01T10:00:00+00:00\n" + path.read_text())
    (ada, bob) = desk.run([upload("ada", hour=9), upload("bob", hour=11)])
    assert (ada.grade.value, bob.grade.late_penalty, bob.grade.value) == (6, 3, 3)
    with Gradebook(course.gradebook) as gradebook:
        assert gradebook.marks()["bob"]["doubles"].result.value == 3


def test_an_earlier_notebook_that_is_graded_later_does_not_take_the_place_of_a_later_one(desk, course):
    list(desk.run([upload("ada", WRONG, hour=9)]))
    list(desk.run([upload("ada", RIGHT, hour=8)]))
    assert totals(course) == {"ada": pytest.approx(3, abs=1.5)}
    assert len(list(course.reports.glob("doubles/ada/*/report.json"))) == 2


def test_claims_are_scored_and_the_re_run_stands_beside_the_last(desk, course, tmp_path):
    rules(course, tmp_path, "claims = true\nmust_reproduce = true")
    desk.prepare()
    truth = labels(course)
    found = list(desk.run([claim("ada", truth), upload("ada", WRONG), claim("bob", truth, hour=13)]))
    assert [one.claim.scores.overall.value for one in found if one.claim] == [1, 1]
    (ada,) = [one for one in found if one.report]
    with Database(course.gradebook) as database:
        (attempt,) = Ledger(database).attempts("doubles", kind=AttemptKind.NOTEBOOK)
    assert attempt.evidence.reproduction.claim.value == 1
    assert attempt.evidence.reproduction.rerun == attempt.scores.overall
    assert [gate.passed for gate in ada.grade.gates] == [not attempt.evidence.reproduction.is_claim_gap]


def test_claims_that_are_wrong_late_or_too_many_are_refused_and_do_not_count(desk, course, tmp_path):
    rules(course, tmp_path, "claims = true\ndaily_limit = 2")
    path = tmp_path / "house/source/doubles/assignment.toml"
    path.write_text("due = 2026-10-02T10:00:00+00:00\n" + path.read_text())
    desk.prepare()
    wrong = [claim("ada", [0] * 39, hour=7), claim("ada", ["dress"] * 40, hour=8)]
    right = [claim("ada", [0] * 40, hour=9), claim("ada", [1] * 40, hour=10), claim("ada", [1, 0] * 20, hour=11)]
    late = [claim("ada", [0, 1] * 20, hour=11, day=2)]
    found = list(desk.run([*late, *right, *wrong]))
    assert [one.claim is not None for one in found] == [False, False, True, True, False, False]
    assert [one.problem.exit_code for one in found if one.problem] == [3, 3, 3, 3]
    again = list(desk.run(right[:2]))
    assert [one.kept for one in again] == [True, True]


def test_the_baseline_stands_in_the_ledger_once_and_is_the_gate(desk, course, tmp_path):
    (tmp_path / "house/source/doubles/baseline.csv").write_bytes(claim("staff", [0] * 40).content)
    rules(course, tmp_path, 'baseline = "baseline.csv"\nmust_beat_baseline = true')
    (ada, bob) = desk.run([upload("ada"), upload("bob", WRONG)])
    assert (ada.grade.accuracy_points, bob.grade.accuracy_points) == (2, 0)
    list(desk.run([]))
    with Database(course.gradebook) as database:
        assert len(Ledger(database).history(kind=AttemptKind.BASELINE)) == 1


def test_corrected_labels_move_scores_and_grades_without_running_code_and_the_ledger_keeps_what_was(
    desk, course, tmp_path
):
    rules(course, tmp_path, "claims = true")
    desk.prepare()
    truth = labels(course)
    private = int(np.flatnonzero(~np.load(course.heldout / "doubles/public.npy"))[0])
    list(desk.run([upload("ada"), upload("bob", WRONG), claim("ada", truth)]))
    heldout.correct(course, "doubles", {private: 1 - truth[private]})
    done = list(desk.rescore())
    moved = {(one.before.student, one.before.kind): one for one in done if one.is_changed}
    right = {("ada", AttemptKind.NOTEBOOK), ("ada", AttemptKind.CLAIM)}
    assert right <= moved.keys()
    assert {round(moved[key].score_moves, 9) for key in right} == {-1 / 40}
    assert moved["ada", AttemptKind.NOTEBOOK].grade_moves < 0
    assert totals(course)["ada"] == pytest.approx(moved["ada", AttemptKind.NOTEBOOK].after.grade.value)
    assert desk.graded == ["ada", "bob"]
    with Database(course.gradebook) as database:
        assert [one.scores.overall.correct for one in Ledger(database).history(kind=AttemptKind.CLAIM)] == [40, 39]
    assert "scores change" in rescoring.summary(done)


def test_rescoring_a_second_time_changes_nothing(desk, course, tmp_path):
    list(desk.run([upload("ada"), upload("bob", WRONG)]))
    rules(course, tmp_path, "must_beat_baseline = false")
    path = tmp_path / "house/source/doubles/assignment.toml"
    path.write_text(path.read_text().replace("[1, 2]", "[1, 8]"))
    assert {one.before.student: one.grade_moves for one in desk.rescore()}["ada"] == 6
    again = list(desk.rescore())
    assert not any(one.is_changed for one in again)
    assert rescoring.summary(again) == "No score changes. No grade changes."
    with Database(course.gradebook) as database:
        assert len(Ledger(database).history(student="ada")) == 2
    assert totals(course)["ada"] == 12


def test_predictions_for_another_held_out_set_are_not_scored_on_this_one(desk, course, tmp_path):
    list(desk.run([upload("ada")]))
    (course.heldout / "doubles").rename(tmp_path / "away")
    with pytest.raises(ConfigError, match="neurograde heldout doubles"):
        list(desk.rescore())
    desk.prepare()
    (left,) = desk.rescore()
    assert left.after is None
    assert "1 notebook was graded by other tests or on other inputs" in rescoring.summary([left])
    assert totals(course) == {"ada": 6}
    (again,) = desk.run([upload("ada")])
    assert not again.kept


def test_rescoring_says_who_moved_and_by_how_much(desk, course, tmp_path):
    list(desk.run([upload("ada"), upload("bob", WRONG)]))
    path = tmp_path / "house/source/doubles/assignment.toml"
    path.write_text(path.read_text().replace("[1, 2]", "[1, 8]"))
    done = list(desk.rescore())
    out = StringIO()
    Console(file=out, width=100, color_system=None).print(rescored_table(done))
    assert re.search(r"ada +notebook \w{8} +1.0000 +1.0000 +6.000 +12.000 +\+6.000", out.getvalue())
    said = r"No score changes. 2 of 2 grades change, 2 up and 0 down, by \+\d.\d{3} to \+6.000 points."
    assert re.fullmatch(said, rescoring.summary(done))


NOETHER = "id,name,login\ns1,Emmy Noether,emmy\n"


def test_a_student_has_one_daily_limit_whichever_names_the_files_are_under(desk, course, tmp_path):
    rules(course, tmp_path, "claims = true\ndaily_limit = 1")
    (course.root / "roster.csv").write_text(NOETHER)
    first, second = desk.run([claim("emmy", [0] * 40, hour=9), claim("noetheremmy", [1] * 40, hour=10)])
    assert (first.claim is None, second.claim is None, second.problem.exit_code) == (False, True, 3)


def test_the_re_run_stands_beside_the_claim_whichever_name_that_was_under(desk, course, tmp_path):
    rules(course, tmp_path, "claims = true\nmust_reproduce = true")
    (course.root / "roster.csv").write_text(NOETHER)
    desk.prepare()
    outcomes = list(desk.run([claim("emmy", labels(course)), upload("noetheremmy", WRONG)]))
    (noether,) = [outcome for outcome in outcomes if outcome.report]
    assert [gate.passed for gate in noether.grade.gates] == [False]


def test_the_log_tells_of_claims_refusals_and_what_was_recorded(desk, course, tmp_path, caplog):
    rules(course, tmp_path, "claims = true")
    with caplog.at_level("DEBUG", logger="neurograde"):
        list(desk.run([claim("ada", [0] * 40), claim("bob", [0] * 3), upload("eve"), upload("max", content=b"no")]))
    said = [
        (record.levelname, record.getMessage().split(":")[0], getattr(record, "student", ""))
        for record in caplog.records
    ]
    assert said == [
        ("WARNING", "not taken", "max"),
        ("INFO", "drawing what is held out", ""),
        ("INFO", "claim scored", "ada"),
        ("WARNING", "claim refused", "bob"),
        ("INFO", "graded", "eve"),
        ("INFO", "recorded", "eve"),
    ]
