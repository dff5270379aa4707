"""Begin an assignment."""

from pathlib import Path

from autograder.authoring.new import make, require_name
from autograder.model.house import House


def begin(house: House, name: str, title: str | None = None) -> list[Path]:
    """Make source/<name>/ with a question, its tests and data; the files made.

    Raises ConfigError when the folder is there or its name cannot be an assignment's.
    """
    require_name(name)
    plain = (title or name.replace("_", " ").capitalize()).replace('"', "'").replace("\\", "/")
    return make(house.source / name, plain)
