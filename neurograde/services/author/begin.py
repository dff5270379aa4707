"""Begin an assignment."""

from pathlib import Path

from autograder.authoring.new import make
from autograder.model.house import House


def begin(house: House, name: str, title: str | None = None) -> list[Path]:
    """Make source/<name>/ with a question, its tests and data; the files made.

    Raises ConfigError when the folder is there or its name cannot be an assignment's.
    """
    plain = (title or name.replace("_", " ").capitalize()).replace('"', "'").replace("\\", "/")
    return make(house.source / name, plain)
