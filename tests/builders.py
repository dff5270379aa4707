"""What tests are built from."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.model.house import House
from grading.common.directory import CourseDirectory

Q1 = """
OK_FORMAT = False
from otter.test_files import test_case
name = "q1"
points = None
@test_case(points=1, hidden=False)
def test_public(double):
    assert double(2) == 4
@test_case(points=2, hidden=True, failure_message="Try another number.")
def test_hidden(double, rng):
    x = float(rng.normal())
    assert abs(double(x) - 2 * x) < 1e-9
"""
Q2 = """
OK_FORMAT = False
from otter.test_files import test_case
name = "q2"
points = None
@test_case(points=1, hidden=True, failure_message="What is x?")
def test_x(x):
    assert x == 1
"""
TESTS = {"q1": Q1, "q2": Q2}
CASES = {
    "q1": [("q1 - 1", False, 1, None), ("q1 - 2", True, 2, "Try another number.")],
    "q2": [("q2 - 1", True, 1, "What is x?")],
}
DOUBLES = """title = "Doubles"
[competition]
entry_point = "predict"
anchors = [[0, 0], [1, 2]]
"""
DATA = """
import numpy as np
def heldout(seed):
    X = np.random.default_rng(seed).normal(size=(40, 1))
    return X, (X[:, 0] > 0).astype(int)
"""
RIGHT = "def double(a): return 2 * a\nx = 1\ndef predict(X): return (X[:, 0] > 0).astype(int)"
WRONG = "def double(a): return a\nx = 1\ndef predict(X): return [0] * len(X)"


def doubles_bundle(folder, *, settings=DOUBLES, questions=("q1", "q2"), by_hand=()):
    """A bundle of small questions, as `neurograde release` leaves one; `by_hand` are (name, points)."""
    (folder / "tests").mkdir(parents=True)
    (folder / "files").mkdir()
    for name in questions:
        (folder / f"tests/{name}.py").write_text(TESTS[name])
    (folder / "assignment.toml").write_text(settings)
    listed = [
        {
            "name": name,
            "points": sum(case[2] for case in CASES[name]),
            "cases": [dict(zip(("name", "hidden", "points", "hint"), case, strict=True)) for case in CASES[name]],
        }
        for name in questions
    ]
    index = {"questions": listed, "by_hand": [{"name": name, "points": points} for name, points in by_hand]}
    (folder / "bundle.json").write_text(json.dumps(index))
    (folder / "template.ipynb").write_bytes(notebook("# your code"))
    return folder


def make_course(root):
    """A course directory with its folders made."""
    course = CourseDirectory(root=root.absolute())
    course.make()
    return course


def small_house(folder, bundle, data):
    """A house of one assignment, `doubles`, from the bundle of conftest.py; `data` is its data.py."""
    house = House(folder / "house")
    source = house.source / "doubles"
    source.mkdir(parents=True)
    (house.source / "course.toml").write_text('title = "Course"\n[[assignments]]\nname = "doubles"\nweight = 1\n')
    (source / "data.py").write_text(data)
    shutil.copy(bundle / "assignment.toml", source / "assignment.toml")
    shutil.copytree(bundle, house.bundle_of("doubles"))
    return house


def notebook(source):
    """The bytes of a notebook of one cell."""
    cells = [{"cell_type": "code", "source": source, "metadata": {}}]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def predictions(answers):
    """The bytes of a claim: a class number for every Id."""
    return ("Category,Id\n" + "".join(f"{answer},{row}\n" for row, answer in enumerate(answers))).encode()


def hand_in(path, content, when):
    """Write an upload that came at `when`, the last day of September 2025 being 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    seconds = datetime(2025, 9, 30, 10, tzinfo=UTC).timestamp() + when * 86_400
    os.utime(path, (seconds, seconds))
    return path


# A class: Ada in time and with claims, Bob late with an extension, Eve late without; two Ivans handed in nothing.

COURSE = """title = "Course"
[late]
percent_per_day = 10
[[assignments]]
name = "doubles"
weight = 1
[[assignments]]
name = "essays"
weight = 1
"""
COMPETITION = f"due = 2025-10-01T12:00:00+00:00\n{DOUBLES}claims = true\n"
ROSTER = """id,name,email,lms_id,sis_id,login,section,competition_name,also
s1001,"Lovelace, Ada",ada.l@uni.example,11,u11,alovelace,A,,
s1002,"Babbage, Bob",bob@uni.example,12,u12,bbabbage,A,,
s1003,"Noether, Eve",eve@uni.example,13,u13,enoether,B,,
s2001,"Ivanov, Ivan",i.one@uni.example,21,u21,iivanov,B,,
s2002,"Ivanov, Ivan",i.two@uni.example,22,u22,ivanivanov,B,,
"""
EXTENSION = '[[extensions]]\nstudent = "{}"\nassignment = "doubles"\nuntil = 2099-01-01T00:00:00+00:00\n'
ADA = ("s1001", "Lovelace, Ada", "Ada Lovelace", "ada.l@uni.example", "alovelace", "u11", "lovelaceada")
"""Every name of Ada's; the last is that of her files, as Canvas writes it."""
BOB = ("s1002", "Babbage, Bob", "Bob Babbage", "bob@uni.example", "bbabbage", "u12", "bob")


@dataclass(frozen=True)
class SmallClass:
    """A house of two assignments, what a class handed in, and the course directory in which it is graded."""

    root: Path

    @property
    def house(self):
        return House(self.root / "house")

    @property
    def course(self):
        return CourseDirectory(root=self.root / "course")

    @property
    def uploads(self):
        """The files of `doubles`."""
        return self.root / "uploads/doubles"

    @property
    def places(self):
        """The options of the command line that name the two."""
        return ("--house", self.house.root, "--course", self.course.root)

    def copy_to(self, folder):
        """The same elsewhere, to be changed."""
        shutil.copytree(self.root, folder)
        return SmallClass(folder)

    def extend(self, student):
        """Give more time to whoever is called so, and to nobody else."""
        (self.course.root / "extensions.toml").write_text(EXTENSION.format(student))

    def rules(self, old, new):
        """Change the rules of `doubles`."""
        path = self.house.source_of("doubles") / "assignment.toml"
        path.write_text(path.read_text().replace(old, new))


def ungraded_class(folder):
    """The class before anything was graded."""
    made = SmallClass(folder)
    for name, settings in (("doubles", COMPETITION), ("essays", 'title = "Essays"\n')):
        source = made.house.source / name
        source.mkdir(parents=True)
        (source / "assignment.toml").write_text(settings)
        (source / "data.py").write_text(DATA)
    (made.house.source / "course.toml").write_text(COURSE)
    doubles_bundle(made.house.bundle_of("doubles"), settings=COMPETITION)
    essays = made.house.bundle_of("essays")
    doubles_bundle(essays, settings='title = "Essays"\n', questions=("q2",), by_hand=(("e1", 3),))
    make_course(made.course.root)
    (made.course.root / "roster.csv").write_text(ROSTER)
    made.extend("bbabbage")
    _hand_in_everything(made.root / "uploads")
    return made


def _hand_in_everything(folder):
    doubles = folder / "doubles"
    hand_in(doubles / "lovelaceada_11_301_doubles.ipynb", notebook(RIGHT), 0)
    hand_in(doubles / "bob.ipynb", notebook(WRONG), 3)
    hand_in(doubles / "eve/doubles.ipynb", notebook(RIGHT + "\n# mine"), 3)
    hand_in(doubles / "first/lovelaceada.csv", predictions([1] * 40), -2)
    hand_in(doubles / "second/lovelaceada.csv", predictions([0, 1] * 20), -1)
    hand_in(doubles / "bob/submission.csv", predictions([0] * 40), 3)
    hand_in(doubles / "eve/submission.csv", predictions([1, 0] * 20), 3)
    hand_in(folder / "essays/lovelaceada.ipynb", notebook(RIGHT), 0)


def graded_class(folder):
    """The class after both assignments were graded, in rooms that hold nothing back. Eve's claim came too late."""
    from neurograde.services.submissions.grade import Grading
    from tests.fakes import FakeRooms

    made = ungraded_class(folder)
    for name in ("doubles", "essays"):
        grading = Grading(made.house, made.course, name, grade_many=FakeRooms().grade_many)
        problems = [outcome.problem for outcome in grading.run(grading.take_in([made.uploads.with_name(name)]))]
        assert sum(problem is not None for problem in problems) == (name == "doubles")
    return made


def earned(gradebook, assignment):
    """By student (points, most points): marks by hand and extra credit in, late penalties not."""
    found = {student: marks.get(assignment) for student, marks in gradebook.marks().items()}
    return {student: (mark.points, mark.max_points) for student, mark in found.items() if mark}


@contextmanager
def read_only(folder):
    """The folder on a disk of its own that nobody can write to, root included."""
    kept = folder.with_name(f"{folder.name}-kept")
    folder.rename(kept)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(folder)], check=True)
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def submissions_in(output):
    """By student, the objects of submissions in what `grade --json` prints."""
    objects = [json.loads(line) for line in output.splitlines()]
    return {found["student"]: found for found in objects if found["kind"] == "submission"}
