"""Everyone's grades, and the course grade they make."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.model.errors import ConfigError
from autograder.model.house import House
from grading.common.directory import CourseDirectory
from grading.exchange.exports import Column, CourseStanding, column_of, standings
from grading.people.roster import Match, load_roster
from grading.records.gradebook import Gradebook


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Answers that wait for a mark of the staff."""

    assignment: str
    answers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassGrades:
    """Where everyone stands."""

    standings: tuple[CourseStanding, ...]
    """Everyone in the roster, also who handed in nothing, and every name that is not certain."""
    columns: tuple[Column, ...]
    """The assignments that can be graded here."""
    doubtful: tuple[Match, ...]
    """Names that are not certainly one student of the roster."""
    waiting: tuple[Waiting, ...]


def class_grades(house: House, course: CourseDirectory, assignment: str | None = None) -> ClassGrades:
    """Everyone's grades, net of lateness and with marks by hand; of one assignment, or of all.

    Raises ConfigError for an assignment that cannot be graded here, and for a course directory that is not there.
    """
    course.require()
    syllabus, roster = house.syllabus(), load_roster(course)
    with Gradebook(course.database) as gradebook:
        marks = gradebook.marks()
    results = {
        entry.name: {student: found[entry.name].result for student, found in marks.items() if entry.name in found}
        for entry in syllabus.assignments
    }
    waiting = {
        entry.name: sum(found[entry.name].waiting for found in marks.values() if entry.name in found)
        for entry in syllabus.assignments
    }
    everyone, doubtful = standings(results, roster, syllabus)
    return ClassGrades(
        standings=tuple(everyone),
        columns=tuple(column_of(house.assignment(name), roster) for name in _columns(house, assignment)),
        doubtful=doubtful,
        waiting=tuple(
            Waiting(assignment=name, answers=count)
            for name, count in waiting.items()
            if count and assignment in (None, name)
        ),
    )


def _columns(house: House, assignment: str | None) -> Sequence[str]:
    graded = [entry.name for entry in house.gradable()]
    if assignment is None:
        return graded
    house.source_of(assignment)
    if assignment not in graded:
        raise ConfigError(
            f"{assignment} has no column of grades: it is not in source/course.toml, or was not released here. Add it "
            f"there, then: neurograde release {assignment}"
        )
    return [assignment]
