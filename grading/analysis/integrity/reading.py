"""What integrity looks at: notebooks as they were handed in, taken apart into words without parsing them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.model.bundle import Assignment
from autograder.model.errors import SubmissionError
from autograder.model.files import read_toml
from autograder.model.notebook import cells_of, read_tree
from grading.analysis.integrity.findings import ShownCell, Thresholds
from grading.analysis.integrity.similarity import Similarity, marked, side_by_side
from grading.common.directory import CourseDirectory
from grading.records.attempts import Attempt, counting


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadNotebook:
    """The code of the notebook that counts of a student."""

    student: str
    submission: str
    cells: tuple[str, ...]
    """Sources of its cells of code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """What notebooks have beyond the release, and how alike that is."""

    cells: dict[str, dict[int, str]]
    """By student and number of the cell."""
    fragments: dict[str, list[set[str]]]
    """By student, of each of these cells, without those of the release."""
    similarity: Similarity

    def of(self, student: str) -> set[str]:
        """All fragments of a student."""
        return set().union(*self.fragments[student])

    def side_by_side(self, first: str, second: str) -> tuple[tuple[ShownCell | None, ShownCell | None], ...]:
        """The cells of two, with what both have marked."""
        shared = self.of(first) & self.of(second)

        def cell(student: str, place: int | None) -> ShownCell | None:
            if place is None:
                return None
            number, source = list(self.cells[student].items())[place]
            return ShownCell(number=number, parts=marked(source, shared, self.similarity.owners))

        places = side_by_side(self.fragments[first], self.fragments[second])
        return tuple((cell(first, i), cell(second, j)) for i, j in places)


def load_thresholds(source: Path, assignment: str) -> Thresholds:
    """An assignment's own thresholds, else the defaults. Raises ConfigError as `read_toml` does."""
    path = source / assignment / "integrity.toml"
    return read_toml(path, Thresholds, example="nothing") if path.exists() else Thresholds()


def read_notebooks(course: CourseDirectory, assignment: str, attempts: Iterable[Attempt]) -> list[ReadNotebook]:
    """The notebooks that count, as they were handed in. One that is gone from the course directory is left out."""
    notebooks = []
    for student, attempt in sorted(counting(attempts).items()):
        path = course.report_folder(assignment, student, attempt.submission) / "upload.ipynb"
        try:
            cells = _read_code(path)
        except (OSError, SubmissionError):
            continue
        notebooks.append(ReadNotebook(student=student, submission=attempt.submission, cells=cells))
    return notebooks


def read_template(assignment: Assignment) -> tuple[str, ...]:
    """The released notebook's cells of code."""
    return _read_code(assignment.bundle / "template.ipynb")


def _read_code(path: Path) -> tuple[str, ...]:
    cells = cells_of(read_tree(path.read_bytes(), path.name), path.name)
    return tuple(cell.source for cell in cells if cell.kind == "code")
