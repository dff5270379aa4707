"""Whose an upload is, by the name of the file: the customs of Jupyter, nbgrader, Canvas and Moodle."""

import re
from pathlib import PurePosixPath

from autograder.model.notebook import STUDENT_NAME

CLAIM_NAME = "submission"

# How learning platforms name what students hand in, beside `<student>.ipynb` and `<student>/<assignment>.ipynb`.
CANVAS = re.compile(r"(?P<student>[^_/]+)_(?:LATE_)?\d+_\d+_.+\.(?:ipynb|csv)")
MOODLE = re.compile(r"(?P<student>[^/]+)_\d+_assignsubmission_file_?")


def student_of(name: PurePosixPath, assignment: str, default: str | None = None) -> str:
    """Whose upload a file is, by its name."""
    canvas = CANVAS.fullmatch(name.name)
    moodle = MOODLE.fullmatch(name.parent.name)
    if moodle:
        return safe_name(moodle["student"])
    if name.stem in (assignment, CLAIM_NAME):
        folder = name.parent.name
        # nbgrader's own layout: submitted/<student>/<assignment>/<assignment>.ipynb
        folder = name.parent.parent.name if folder == assignment and name.parent.parent.name else folder
        return safe_name(folder or default or name.stem)
    return safe_name(canvas["student"] if canvas else name.stem)


def safe_name(name: str) -> str:
    """A name that is also a folder's: what is neither letter, digit nor one of .@+- becomes a dash."""
    cleaned = re.sub(r"[^\w.@+-]+", "-", name).strip(".-")[:100]
    return cleaned if STUDENT_NAME.fullmatch(cleaned) else "unknown"
