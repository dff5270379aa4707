"""The course directory, where everything that happens is kept."""

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.model.errors import ConfigError, PlatformError


@dataclass(frozen=True, kw_only=True, slots=True)
class CourseDirectory:
    """A course directory, laid out as nbgrader expects, so that nbgrader's own tools run in it."""

    root: Path

    @property
    def gradebook(self) -> Path:
        return self.root / "gradebook.db"

    @property
    def database(self) -> Path | str:
        """Where gradebook and ledger are kept: the URL in $NEUROGRADE_GRADEBOOK, else the SQLite file `gradebook`."""
        return os.environ.get("NEUROGRADE_GRADEBOOK") or self.gradebook

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


def open_course(path: Path | None = None) -> CourseDirectory:
    """The course directory at `path`, else at $NEUROGRADE_COURSE, else at ./course; made if it is not there.

    Raises ConfigError when it cannot be made.
    """
    root = Path(path or os.environ.get("NEUROGRADE_COURSE") or "course").expanduser().absolute()
    course = CourseDirectory(root=root)
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


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step, its folder too; a full disk leaves the old one. Raises PlatformError saying so."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise PlatformError(
            f"{path} could not be written: {error.strerror}. It is as it was; make room and run the command again."
        ) from None
