"""What is worth a look before a class's results are trusted: pages of evidence for a person."""

from dataclasses import dataclass
from pathlib import Path

from autograder.model.errors import ConfigError
from autograder.model.house import House
from grading.analysis.integrity.examine import examine
from grading.analysis.integrity.findings import Findings
from grading.analysis.integrity.page import write_pages
from grading.analysis.integrity.reading import load_thresholds, read_notebooks, read_template
from grading.common.directory import CourseDirectory
from grading.records.attempts import AttemptKind
from grading.records.database import Database
from grading.records.ledger import Ledger
from grading.scoring import heldout_store


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What was found, and the page to begin with."""

    findings: Findings
    students: int
    index: Path


def look(house: House, course: CourseDirectory, assignment: str, folder: Path | None = None) -> Examined:
    """Look at all that a class has handed in, and write pages to a folder, else to the course directory.

    No grade is changed by it. Raises ConfigError where nobody handed in anything.
    """
    competition = house.settings(assignment).competition
    course.require()
    with Database(course.database) as database:
        attempts = Ledger(database).attempts(assignment, predictions=True)
    if not attempts:
        raise ConfigError(f"Nobody handed in {assignment} yet. Grade first: neurograde grade {assignment} PATH...")
    findings = examine(
        assignment,
        attempts,
        heldout_store.load(course, assignment) if competition else None,
        read_notebooks(course, assignment, attempts),
        template=read_template(house.assignment(assignment)),
        thresholds=load_thresholds(house.source, assignment),
        ceiling=competition.ceiling if competition else None,
    )
    index = write_pages(findings, folder or course.integrity / assignment)
    students = {attempt.student for attempt in attempts if attempt.kind is not AttemptKind.BASELINE}
    return Examined(findings=findings, students=len(students), index=index)
