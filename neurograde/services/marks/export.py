"""Everyone's grades as other programs take them."""

import logging
from dataclasses import dataclass
from pathlib import Path

from autograder.model.errors import ConfigError
from autograder.model.files import write_whole
from autograder.model.house import House
from grading.common.directory import CourseDirectory
from grading.exchange import exports
from grading.exchange.exports import MoodleKey
from grading.exchange.gradescope import gradescope_json
from grading.people.roster import Match, Student
from grading.records.database import Database
from grading.records.ledger import Ledger
from neurograde.services.marks.grades import Waiting, class_grades
from neurograde.services.submissions.reports import report_of

log = logging.getLogger("neurograde.export")

TARGETS = (*exports.exporters(), "gradescope")
"""What grades can be written for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """What to write, and how."""

    target: str
    """One of `TARGETS`."""
    assignment: str | None = None
    """This one alone; None for all, and the course grade."""
    by: MoodleKey = "email"
    """What Moodle finds students by."""
    scale: bool = False
    """Convert grades where Canvas's points possible differ from ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """What was written."""

    path: Path
    """A file; for Gradescope the folder of a results.json a student."""
    students: int
    assignments: int
    left_out: tuple[Student, ...] = ()
    """Students that are not in the file, because the platform could not know them."""
    doubtful: tuple[Match, ...] = ()
    """Names that are not certainly one student."""
    waiting: tuple[Waiting, ...] = ()


def export(house: House, course: CourseDirectory, wanted: Export, output: Path | None = None) -> Exported:
    """Write grades, net of lateness and with marks by hand, to a file, else to the course's `exports/`.

    Raises ConfigError where grades are out of another maximum than the assignment has now, where Canvas gives other
    points and `scale` is not asked for, for Gradescope without an assignment, and for an output of the other kind.
    """
    _require_kind(output, folder=wanted.target == "gradescope")
    if wanted.target == "gradescope":
        return _for_gradescope(house, course, wanted.assignment, output)
    exporter = exports.exporters(by=wanted.by, scale=wanted.scale, whole=wanted.assignment is None)[wanted.target]
    grades = class_grades(house, course, wanted.assignment)
    # One assignment's files lie apart from the whole course's.
    path = output or course.exports / (wanted.assignment or "") / exporter.file_name
    write_whole(path, exporter.write(grades.standings, grades.columns))
    log.info("written for %s: %s", wanted.target, path, extra={"assignment": wanted.assignment or "all"})
    return Exported(
        path=path,
        students=len(grades.standings),
        assignments=len(grades.columns),
        left_out=exporter.left_out(grades.standings),
        doubtful=grades.doubtful,
        waiting=grades.waiting,
    )


def _require_kind(output: Path | None, *, folder: bool) -> None:
    """Raises ConfigError for a file where a folder is to be written, and for a folder where a file is."""
    if output is not None and output.exists() and output.is_dir() != folder:
        there, wanted = ("file", "folder") if folder else ("folder", "file")
        raise ConfigError(f"{output} is a {there}, and a {wanted} is to be written. Name another with --output.")


def _for_gradescope(house: House, course: CourseDirectory, assignment: str | None, output: Path | None) -> Exported:
    if assignment is None:
        raise ConfigError("Gradescope takes one assignment. Name it: neurograde export --to gradescope ASSIGNMENT")
    house.source_of(assignment)
    course.require()
    with Database(course.database) as database:
        standing = Ledger(database).counting(assignment)
    folder = output or course.exports / "gradescope" / assignment
    for student, attempt in standing.items():
        if attempt.grade is None:
            continue
        public = attempt.scores.public if attempt.scores else None
        results = gradescope_json(report_of(course, attempt), attempt.grade, public=public)
        write_whole(folder / student / "results.json", results)
    return Exported(path=folder, students=len(standing), assignments=1)
