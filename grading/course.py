"""The course directory, where everything that happens is kept, and `source/course.toml`, which says what is taught."""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, FiniteFloat, model_validator

from autograder.assignment import Settings, read_toml
from autograder.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """A course directory, laid out as nbgrader expects, so that nbgrader's own tools run in it."""

    root: Path

    @property
    def gradebook(self) -> Path:
        return self.root / "gradebook.db"

    @property
    def heldout(self) -> Path:
        """Held-out data and its labels: readable by the owner only."""
        return self.root / "heldout"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def submitted(self) -> Path:
        return self.root / "submitted"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    def report_folder(self, assignment: str, student: str, submission_id: str) -> Path:
        """Where report.json and the executed notebook of one submission go; made by whoever writes there."""
        return self.reports / assignment / student / submission_id[:12]


class Weighted(Settings):
    """An assignment's share of the course grade."""

    name: str = Field(min_length=1, description="The folder beside course.toml.")
    weight: FiniteFloat = Field(ge=0, description="Relative to the other weights.")


class CourseSettings(Settings):
    """`source/course.toml`."""

    title: str = Field(min_length=1, description="Shown to students.")
    assignments: list[Weighted] = Field(description="In the order they are taught.", min_length=1)

    @model_validator(mode="after")
    def every_assignment_counts_once(self) -> "CourseSettings":
        names = [assignment.name for assignment in self.assignments]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"assignments lists {', '.join(twice)} more than once")
        return self


def open_course(path: Path | None = None) -> Course:
    """The course directory at `path`, else at $NEUROGRADE_COURSE, else at ./course; made if it is not there.

    Raises ConfigError when it cannot be made.
    """
    root = Path(path or os.environ.get("NEUROGRADE_COURSE") or "course").expanduser().absolute()
    course = Course(root=root)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)  # marks are personal; a directory that is shared stays so
        for folder in (course.reports, course.submitted, course.exports, course.heldout):
            folder.mkdir(parents=True, exist_ok=True)
        course.heldout.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            f"{root} cannot be the course directory: {error}. Choose another with --course DIR."
        ) from None
    return course


def load_course_settings(source: Path) -> CourseSettings:
    """Read `course.toml` of a source folder. Raises ConfigError naming the file, the key and the nearest valid key."""
    example = "`title`, and [[assignments]] with `name` and `weight` for each of them"
    return read_toml(source / "course.toml", CourseSettings, example=example)
