"""What tests are built from."""

import json
import shutil
import subprocess
from contextlib import contextmanager

from autograder.model.house import House
from grading.common.directory import CourseDirectory


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
