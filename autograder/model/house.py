"""The house: the folder of a course in which its source, its releases and its bundles lie.

    source/<assignment>/     the instructor's truth, with course.toml beside the folders
    release/<assignment>/    what students get; release/<language>/<assignment>/ for a translation
    bundles/<assignment>/    what graders need, hidden tests included

These folders are spelt here; the files inside them are named where they are read and written.
"""

from dataclasses import dataclass
from pathlib import Path

from autograder.model.assignment import AssignmentSettings
from autograder.model.bundle import Assignment, load_assignment, load_settings
from autograder.model.errors import ConfigError
from autograder.model.files import read_toml
from autograder.model.language import SOURCE_LANGUAGE
from autograder.model.syllabus import Syllabus, Weighted

COURSE_TOML = "course.toml"


@dataclass(frozen=True, slots=True)
class House:
    """A house, by its folder. Nothing is read before it is asked for."""

    root: Path

    @property
    def source(self) -> Path:
        """The instructor's truth, of all assignments."""
        return self.root / "source"

    @property
    def bundles(self) -> Path:
        """What graders need, of all assignments that were released."""
        return self.root / "bundles"

    def releases(self, language: str = SOURCE_LANGUAGE) -> Path:
        """What students get in one language."""
        return self.root / f"release{below(language)}"

    def lesson_page(self, language: str = SOURCE_LANGUAGE) -> Path:
        """The page beside the releases of a language that tells of them all."""
        return self.releases(language) / "README.md"

    def source_of(self, name: str) -> Path:
        """The source folder of an assignment. Raises ConfigError naming the assignments there are."""
        folder = self.source / name
        # "a/" and "../source/a" would be the folder of a, and not the name that its marks are kept under.
        if folder.name != name or not (folder / "assignment.toml").is_file():
            names = sorted(path.parent.name for path in self.source.glob("*/assignment.toml"))
            there = ", ".join(names) or "none yet"
            raise ConfigError(f"{self.source}/{name} is not an assignment. Assignments here: {there}.")
        return folder

    def release_of(self, name: str, language: str = SOURCE_LANGUAGE) -> Path:
        """Where the release of an assignment goes."""
        return self.releases(language) / name

    def bundle_of(self, name: str) -> Path:
        """Where the bundle of an assignment goes."""
        return self.bundles / name

    def syllabus(self) -> Syllabus:
        """What `course.toml` says. Raises ConfigError naming the key and the nearest valid one."""
        return load_syllabus(self.source)

    def settings(self, name: str) -> AssignmentSettings:
        """What an assignment's `assignment.toml` says now. Raises ConfigError for a name that is none."""
        return load_settings(self.source_of(name) / "assignment.toml")

    def assignment(self, name: str) -> Assignment:
        """An assignment as it was released. Raises ConfigError for one that is none, or was not released here."""
        self.source_of(name)
        return load_assignment(self.bundle_of(name))

    def gradable(self) -> list[Weighted]:
        """The assignments of the course that there is a bundle of: those that can be graded here."""
        return [
            entry for entry in self.syllabus().assignments if (self.bundle_of(entry.name) / "bundle.json").is_file()
        ]


def below(language: str) -> str:
    """What stands between release and an assignment, in paths and in addresses: nothing for the source's language."""
    return "" if language == SOURCE_LANGUAGE else f"/{language}"


def find_house(given: Path | None = None) -> House:
    """The house in the folder that was given, else the one that the working directory lies in.

    Raises ConfigError where there is none: another house is never taken in its place.
    """
    if given is not None:
        root = given.expanduser().absolute()
        if not (root / "source" / COURSE_TOML).is_file():
            raise ConfigError(f"{root} is no course: {root / 'source' / COURSE_TOML} is missing. {_BEGIN}")
        return House(root)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "source" / COURSE_TOML).is_file():
            return House(folder)
    raise ConfigError(
        f"There is no course here: neither {here} nor a folder above it holds source/{COURSE_TOML}. Change into the "
        f"course's folder, or name it with --house DIR. {_BEGIN}"
    )


_BEGIN = f"A course begins with a source/{COURSE_TOML} that says `title` and [[assignments]] with `name` and `weight`."


def load_syllabus(source: Path) -> Syllabus:
    """Read `course.toml` of a source folder. Raises ConfigError naming the file, the key and the nearest valid key."""
    example = "`title`, and [[assignments]] with `name` and `weight` for each of them"
    return read_toml(source / COURSE_TOML, Syllabus, example=example)
