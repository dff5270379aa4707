"""Everybody's extensions, by whom they are for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from autograder.model.assignment import AssignmentSettings
from autograder.model.house import House
from autograder.model.syllabus import Syllabus
from grading.common.directory import CourseDirectory
from grading.rules.extensions import EVERY, Extension
from grading.rules.extensions_file import load_extensions
from grading.rules.lateness import Lateness, extended_due, judge
from neurograde.services.people.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlines:
    """The deadline of one assignment, for each student."""

    assignment: str
    settings: AssignmentSettings
    syllabus: Syllabus
    names: Names
    extensions: tuple[Extension, ...]
    """Their students as the roster calls them."""

    @classmethod
    def of(cls, house: House, course: CourseDirectory, assignment: str, names: Names) -> "Deadlines":
        """Read what holds now. Raises ConfigError for an extension of no assignment, or of a name borne by two."""
        syllabus = house.syllabus()
        listed = [entry.name for entry in syllabus.assignments]
        extensions = load_extensions(course, assignments=[*listed, assignment])
        for extension in extensions:
            names.require_one(extension.student)
        return cls(
            assignment=assignment,
            settings=house.settings(assignment),
            syllabus=syllabus,
            names=names,
            extensions=tuple(
                extension.model_copy(update={"student": names.owner_of(extension.student)}) for extension in extensions
            ),
        )

    def lateness(self, student: str, handed_in: datetime, settings: AssignmentSettings | None = None) -> Lateness:
        """How late something of a student is; `settings` in place of the assignment's own."""
        return judge(
            handed_in,
            student=self.names.owner_of(student),
            assignment=self.assignment,
            settings=settings or self.settings,
            syllabus=self.syllabus,
            extensions=self.extensions,
        )

    def due(self, student: str) -> datetime | None:
        """The student's own deadline, in the course's time zone; None where there is none."""
        due = self.settings.due
        return extended_due(due, self._theirs(student), self.syllabus.zone) if due is not None else None

    def extended(self, students: Sequence[str]) -> dict[str, datetime]:
        """The deadlines of those who have an extension."""
        due = {student: self.due(student) for student in set(students) if self._theirs(student)}
        return {student: when for student, when in due.items() if when is not None}

    def _theirs(self, student: str) -> list[Extension]:
        owner = self.names.owner_of(student)
        of_here = [extension for extension in self.extensions if extension.assignment in (self.assignment, EVERY)]
        return [extension for extension in of_here if extension.student == owner]
