"""Writes what was judged: to the ledger, to the gradebook, and where formgrader and feedback look for it."""

import logging
from dataclasses import dataclass
from pathlib import Path

from autograder.model.bundle import Assignment
from autograder.model.house import House
from autograder.model.report import Report
from grading.common.directory import CourseDirectory
from grading.exchange.nbgrader.formgrader import prepare_directory
from grading.exchange.nbgrader.publish import publish
from grading.records.attempts import Attempt
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from grading.records.marks import GradebookRow

log = logging.getLogger("neurograde.record")


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A report and the attempt that it is."""

    report: Report
    attempt: Attempt
    executed: Path
    """The notebook as it ran."""


class Recorder:
    """Collects what is judged until `write`, so that a class is one transaction; of one submission the last holds."""

    def __init__(self, house: House, course: CourseDirectory, assignment: Assignment, gradebook: Gradebook) -> None:
        self._house = house
        self._course = course
        self._assignment = assignment
        self._gradebook = gradebook
        self._ledger = Ledger(gradebook.database)
        self._judged: dict[tuple[str, ...], Judged] = {}

    def add(self, report: Report, attempt: Attempt) -> None:
        """Have it written with the others."""
        folder = self._course.report_folder(self._assignment.name, report.student, report.submission)
        judged = Judged(report=report, attempt=attempt, executed=folder / "executed.ipynb")
        self._judged[attempt.key] = judged

    def write(self) -> None:
        """Write every attempt to the ledger, and the one that counts of each student to the gradebook."""
        if not self._judged:
            return
        self._ledger.record([judged.attempt for judged in self._judged.values()])
        # Of several notebooks the one handed in last counts, be it of this batch or of an earlier one.
        standing = self._ledger.counting(self._assignment.name)
        counted = [self._judged[attempt.key] for attempt in standing.values() if attempt.key in self._judged]
        listed = [entry.name for entry in self._house.syllabus().assignments]
        prepare_directory(self._course, self._house.source, listed)
        rows = []
        for judged in counted:
            grade = judged.attempt.grade
            assert grade is not None
            row = GradebookRow(report=judged.report, grade=grade, timestamp=judged.attempt.handed_in)
            publish(self._course, self._assignment, row, judged.executed.read_bytes())
            rows.append(row)
        self._gradebook.record(self._assignment, rows)
        for judged in counted:
            report = judged.report
            about = {"assignment": report.assignment, "student": report.student, "submission": report.submission}
            log.info("recorded", extra=about)
        self._judged.clear()
