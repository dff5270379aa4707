"""How a student's grades came about, for staff: every number with the rule that made it."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.model.house import House
from grading.analysis.explanation import explain_course, explain_grade
from grading.common.directory import CourseDirectory
from grading.records.attempts import AttemptKind
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from grading.rules.policy import course_grade
from neurograde.services.people.names import Names, Person
from neurograde.services.submissions.reports import report_of


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignmentExplanation:
    """One grade of a student, derived."""

    assignment: str
    lines: tuple[str, ...]
    """From the run of the code to the grade; empty where nothing was handed in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffExplanation:
    """All grades of a student, derived. For staff: it names hidden tests."""

    person: Person
    assignments: tuple[AssignmentExplanation, ...]
    course: tuple[str, ...]
    """From the grades to the course grade; empty where assignments were named."""


def explain(house: House, course: CourseDirectory, student: str, assignments: Sequence[str] = ()) -> StaffExplanation:
    """Derive the grades of a student, known by any of their names; of these assignments, or of all.

    Raises ConfigError for nobody's name, with the nearest, and for one that two bear.
    """
    course.require()
    syllabus = house.syllabus()
    for name in assignments:
        house.source_of(name)
    with Gradebook(course.database) as gradebook:
        marks, ledger = gradebook.marks(), Ledger(gradebook.database)
        with_marks = [name for name, given in marks.items() if given]  # the roster enrols also who handed in nothing
        person = Names.of(course, ledger, with_marks).find(student)
        attempts = ledger.attempts(student=person.recorded, kind=AttemptKind.NOTEBOOK)
    counted = {attempt.assignment: attempt for attempt in attempts}
    results = {name: mark.result for name, mark in marks.get(person.recorded, {}).items()}
    explained = []
    for name in assignments or [entry.name for entry in syllabus.assignments]:
        attempt = counted.get(name)
        lines: list[str] = []
        if attempt is not None and attempt.grade is not None:
            report = report_of(course, attempt)
            lines = explain_grade(report, attempt.grade, house.settings(name), recorded=results.get(name))
        explained.append(AssignmentExplanation(assignment=name, lines=tuple(lines)))
    whole = () if assignments else tuple(explain_course(course_grade(results, syllabus), syllabus))
    return StaffExplanation(person=person, assignments=tuple(explained), course=whole)
