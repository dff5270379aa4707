"""The house: the folder of a course in which its source, its releases and its bundles lie."""

from pathlib import Path

from autograder.model.files import read_toml
from autograder.model.syllabus import Syllabus


def load_syllabus(source: Path) -> Syllabus:
    """Read `course.toml` of a source folder. Raises ConfigError naming the file, the key and the nearest valid key."""
    example = "`title`, and [[assignments]] with `name` and `weight` for each of them"
    return read_toml(source / "course.toml", Syllabus, example=example)
