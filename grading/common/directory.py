"""The course directory, where everything that happens is kept.

Its folders are spelt here, but for those that only nbgrader wants; the files inside them are named where they are read
and written.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.model.errors import ConfigError

VARIABLE = "NEUROGRADE_COURSE"
DATABASE_VARIABLE = "NEUROGRADE_GRADEBOOK"


@dataclass(frozen=True, kw_only=True, slots=True)
class CourseDirectory:
    """A course directory, laid out as nbgrader expects, so that nbgrader's own tools run in it.

    Having one makes nothing: whoever writes calls `make` first, whoever reads `require`.
    """

    root: Path

    @property
    def gradebook(self) -> Path:
        return self.root / "gradebook.db"

    @property
    def database(self) -> Path | str:
        """Where gradebook and ledger are kept: the URL in $NEUROGRADE_GRADEBOOK, else the SQLite file `gradebook`."""
        return os.environ.get(DATABASE_VARIABLE) or self.gradebook

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

    @property
    def integrity(self) -> Path:
        """Pages of what is worth a look, a folder an assignment."""
        return self.root / "integrity"

    def report_folder(self, assignment: str, student: str, submission_id: str) -> Path:
        """Where report.json and the executed notebook of one submission go; made by whoever writes there."""
        return self.reports / assignment / student / submission_id[:12]

    @property
    def is_made(self) -> bool:
        """Whether this is a course directory: it has the folders that `make` makes."""
        return all(folder.is_dir() for folder in (self.reports, self.submitted, self.heldout))

    def make(self) -> None:
        """Make the folders that are not there yet. Raises ConfigError when that cannot be done."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # marks are personal; one that is shared stays so
            for folder in (self.reports, self.submitted, self.exports):
                folder.mkdir(exist_ok=True)
            self.heldout.mkdir(mode=0o700, exist_ok=True)
            self.heldout.chmod(0o700)
        except OSError as error:
            raise ConfigError(
                f"{self.root} cannot be the course directory: {error}. Choose another with --course DIR."
            ) from None

    def require(self) -> None:
        """Raises ConfigError where there is no such directory, so that a name with a typo is no empty course."""
        if not self.root.is_dir() and DATABASE_VARIABLE not in os.environ:
            raise ConfigError(
                f"{self.root} is not there: nothing was graded in this course yet. Grade first: neurograde grade "
                "ASSIGNMENT PATH...; or name another course directory with --course DIR."
            )


def find_course(given: Path | None, house: Path) -> CourseDirectory:
    """The course directory that was given, else that of $NEUROGRADE_COURSE, else `course` in the house.

    Who stands in a course directory, or in a folder of one, means that one: another course is never shown in its place.
    """
    chosen = given or os.environ.get(VARIABLE)
    if chosen:
        return CourseDirectory(root=Path(chosen).expanduser().absolute())
    here = Path.cwd()
    for folder in (here, *here.parents):
        if folder != house and CourseDirectory(root=folder).is_made:
            return CourseDirectory(root=folder)
        if folder == house:
            break
    return CourseDirectory(root=house / "course")
