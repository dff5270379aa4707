"""The whole line with nothing faked: the real release, command line, engine and nbgrader, on one assignment."""

import ast
import csv
import json
import os
import re
import shutil
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import numpy as np
import pytest

from autograder.authoring.corpus.samples import load_sample
from autograder.sandbox.image import find_engine
from grading.records.gradebook import Gradebook
from tests.builders import earned, submissions_in

ROOT = Path(__file__).parent.parent
NAME = "neuron_pytorch"
CORPUS = ROOT / "tests/submissions" / NAME
KEYS = [
    "kind",
    "student",
    "assignment",
    "submission",
    "status",
    "points",
    "max_points",
    "questions",
    "score",
    "grade",
    "seconds",
]

pytestmark = pytest.mark.docker


def test_every_submission_of_the_output_is_the_documented_object(graded):
    for found in graded(NAME).objects.values():
        assert list(found) == KEYS
        for question in found["questions"]:
            assert list(question) == ["name", "status", "points", "max_points", "hidden"]


def test_no_hidden_test_is_in_what_students_get_back(graded, house):
    course = graded(NAME).course
    public = "\n".join(path.read_text() for path in (ROOT / "release" / NAME / "tests").glob("*.py"))
    hidden = {line for path in (house.root / "bundles" / NAME / "tests").glob("*.py") for line in hidden_asserts(path)}
    secret = {line for line in hidden if line not in public}
    assert len(secret) > 40
    (for_staff,) = course.glob(f"reports/{NAME}/untouched/*/report.json")
    assert quoted(secret, for_staff) != []  # the search finds what is there: staff read which line failed
    notebooks = list(course.rglob("*.ipynb"))
    assert {path.parts[len(course.parts)] for path in notebooks} >= {"autograded", "reports"}
    assert {path: found for path in notebooks if (found := quoted(secret, path))} == {}
    gradebook = b"".join(path.read_bytes() for path in course.glob("gradebook.db*"))
    assert [line for line in secret if line.encode() in gradebook] == []


def hidden_asserts(path):
    source = path.read_text()
    for function in ast.parse(source).body:
        if isinstance(function, ast.FunctionDef) and "hidden=True" in ast.unparse(function.decorator_list):
            for line in ast.walk(function):
                if isinstance(line, ast.Assert):
                    yield ast.get_source_segment(source, line)


def quoted(lines, path):
    """Which of the lines a JSON file holds in any of its strings."""
    text = "\n".join(strings(json.loads(path.read_text())))
    return [line for line in lines if line in text]


def strings(value):
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(inner)


def test_the_whole_corpus_leaves_no_room_behind(graded):
    assert graded(NAME).objects
    assert rooms_of(os.getpgrp()) == []


def test_executed_notebooks_are_notebooks(graded):
    paths = sorted(graded(NAME).course.glob("reports/*/*/*/executed.ipynb"))
    assert len(paths) > 50
    for path in paths[::8]:
        nbformat.validate(nbformat.read(path, as_version=4))


def test_nbgrader_exports_the_totals(graded):
    course = graded(NAME).course
    subprocess.run(["nbgrader", "export", "--to=grades.csv"], cwd=course, check=True, capture_output=True)
    with (course / "grades.csv").open() as file:
        exported = {row["student_id"]: float(row["score"] or 0) for row in csv.DictReader(file)}
    graded_ones = {name: found["grade"] for name, found in graded(NAME).objects.items() if found["grade"] is not None}
    assert exported == pytest.approx(graded_ones)


def test_an_interrupted_batch_goes_on_where_it_stopped_also_with_a_container_for_each(graded, house, tmp_path):
    names = ("raw-cells", "no-cell-ids", "subtly-wrong", "sigmoid-overflows")
    command = (
        "grade",
        NAME,
        house.hand_in(tmp_path / "uploads", NAME, *names),
        "--course",
        tmp_path / "course",
        "--json",
    )
    with house.start(*command, "--jobs", "1") as process:
        first = next(found for found in map(json.loads, process.stdout) if found["kind"] == "submission")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "run the same command to go on" in said
    done = house.run(*command, "--jobs", "1", "--isolation", "container")
    assert done.returncode == 0, done.stderr
    assert "graded before" in done.stderr
    again = submissions_in(done.stdout)
    assert again[first["student"]] == first
    batch = graded(NAME).objects
    assert {name: found["questions"] for name, found in again.items()} == {
        name: batch[name]["questions"] for name in names
    }


def test_two_assistants_at_once_lose_no_mark_though_a_container_is_killed(house, tmp_path):
    mine = house.hand_in(tmp_path / "mine", NAME, "raw-cells", "no-cell-ids", "sigmoid-overflows")
    yours = house.hand_in(tmp_path / "yours", NAME, "no-check-cells", "subtly-wrong")
    rest = ("--course", tmp_path / "course", "--json", "--jobs", "1")
    with house.start("grade", NAME, mine, *rest) as me, house.start("grade", NAME, yours, *rest) as you:
        lines = list(until_the_first_submission(me.stdout))
        (room,) = rooms_of(me.pid)
        subprocess.run([find_engine(), "kill", room], capture_output=True, check=True)
        for process in (me, you):
            out, said = process.communicate(timeout=240)
            lines += out.splitlines(keepends=True)
            assert (process.returncode, rooms_of(process.pid)) == (0, []), said
    marks = {student: found["grade"] for student, found in submissions_in("".join(lines)).items()}
    assert sorted(marks) == uploaded(mine, yours)
    with Gradebook(tmp_path / "course/gradebook.db") as gradebook:
        assert {name: points for name, (points, _) in earned(gradebook, NAME).items()} == pytest.approx(marks)


def until_the_first_submission(lines):
    """The lines of `--json` that were printed when the first submission was graded."""
    for line in lines:
        yield line
        if json.loads(line)["kind"] == "submission":
            return


def uploaded(*folders):
    return sorted(path.stem for folder in folders for path in folder.iterdir())


def rooms_of(group):
    """The containers that commands of this process group have running: rooms carry it as a label."""
    query = [find_engine(), "ps", "--quiet", "--filter", f"label=neurograde.room={group}"]
    return subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()


def test_the_public_tests_run_in_jupyter_under_plain_otter_and_tell_right_from_empty(house, tmp_path):
    assignment = house.assignment(NAME)
    command = ["jupyter", "execute", "--inplace", "--allow-errors", "--kernel_name=python3", "my work (1).ipynb"]
    kinds, running = ("perfect", "untouched"), []
    for name in kinds:
        desk = Path(shutil.copytree(ROOT / "release" / NAME, tmp_path / name))
        (desk / f"{NAME}.ipynb").unlink()
        (desk / "my work (1).ipynb").write_bytes(load_sample(CORPUS / name, assignment).content)
        running.append(subprocess.Popen(command, cwd=desk, stderr=subprocess.DEVNULL))
    assert [process.wait(300) for process in running] == [0, 0]
    for name in kinds:
        cells = nbformat.read(tmp_path / name / "my work (1).ipynb", as_version=4).cells
        shown = [output for cell in cells if cell.source.startswith("grader.check(") for output in cell.outputs]
        assert ["passed!" in output.data["text/html"] for output in shown] == [name == "perfect"] * 9


def test_what_becomes_of_grades_can_be_explained_listed_exported_and_looked_into(graded, house, tmp_path):
    course = graded(NAME).course
    explained = house.run("explain", "perfect", "--course", course)
    assert "8 of 8" in explained.stdout
    assert "right on all held-out rows" in explained.stdout
    assert "Course grade" in explained.stdout
    assert "perfect" in house.run("grades", "--course", course).stdout
    exported = house.run("export", "--to", "csv", "-o", tmp_path / "grades.csv", "--course", course)
    assert exported.returncode == 0, exported.stderr
    assert len((tmp_path / "grades.csv").read_text().splitlines()) > 50
    looked = house.run("integrity", NAME, "-o", tmp_path / "pages", "--course", course)
    assert looked.returncode == 0, looked.stderr
    assert "worth a look" in (tmp_path / "pages/index.html").read_text()
    nobody = house.run("explain", "prefect", "--course", course)
    assert (nobody.returncode, "perfect" in nobody.stderr) == (2, True)


def test_a_changed_policy_is_previewed_and_moves_nobody_yet(graded, house, tmp_path):
    rules = (house.root / "source" / NAME / "assignment.toml").read_text()
    (tmp_path / "new.toml").write_text(rules.replace("[0.96, 2.0]", "[0.96, 1.5]"))
    shown = house.run("policy", NAME, "--preview", tmp_path / "new.toml", "--course", graded(NAME).course)
    assert shown.returncode == 0, shown.stderr
    assert "The most that can be earned changes from 2 to 1.5" in shown.stdout


def test_claims_are_checked_scored_and_stand_on_the_leaderboard(graded, house, tmp_path):
    name = "fashionmnist_kaggle"
    course = graded(name).course
    rows = "".join(f"0,{row}\n" for row in range(10_000))
    when = (min(datetime.now(UTC), house.assignment(name).settings.due) - timedelta(days=1)).timestamp()
    for student, content in (("ada", f"Category,Id\n{rows}"), ("bob", f"Category,Id\n{rows[:-7]}")):
        (tmp_path / f"{student}.csv").write_text(content)
        os.utime(tmp_path / f"{student}.csv", (when, when))
    done = house.run("grade", name, tmp_path, "--course", course)
    assert done.returncode == 3
    assert "ada: ada.csv scored, 0.1" in done.stderr
    assert "bob: " in done.stderr
    shown = house.run("leaderboard", name, "--format", "json", "--course", course)
    board = json.loads(shown.stdout)
    assert [row["name"] for row in board["rows"] if row["name"] in ("ada", "bob", "baseline")] == ["baseline", "ada"]
    again = house.run("grade", name, tmp_path / "ada.csv", "--course", course)
    assert "scored before" in again.stderr
    chosen = house.run("leaderboard", name, "--student", "ada", "--course", course)
    assert "your best" in chosen.stdout


def test_corrected_labels_move_everyone_and_nobodys_code_is_run(graded, house, tmp_path):
    name = "fashionmnist_kaggle"
    course = tmp_path / "course"
    shutil.copytree(graded(name).course, course)
    labels = np.load(course / "heldout" / name / "labels.npy")
    wrong = np.flatnonzero(labels != 0)[:40]
    (tmp_path / "wrong.csv").write_text("Category,Id\n" + "".join(f"0,{row}\n" for row in wrong))
    done = house.run("heldout", name, "--correct", tmp_path / "wrong.csv", "--course", course)
    assert done.stdout.startswith("40 labels corrected: "), done.stderr
    moved = house.run("rescore", name, "--course", course)
    assert moved.returncode == 0, moved.stderr
    assert re.search(r"a-class-nobody-predicts +notebook \w{8} +0\.\d{4} +0\.\d{4} +[+-]0\.00\d\d", moved.stdout)
    assert re.search(r"\d+ of \d+ scores change, .*\d+ of \d+ grades change", moved.stdout)
    again = house.run("rescore", name, "--course", course)
    assert again.stdout == "No score changes. No grade changes.\n"
