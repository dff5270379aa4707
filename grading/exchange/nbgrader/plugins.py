"""What nbgrader's own programs take from us: course grades for `nbgrader export`, and what lateness costs.

nbgrader imports this, by the names in the course's nbgrader_config.py, and sets `source` from there; nothing of ours
imports it.

    nbgrader export --exporter=neurograde.nbgrader.CourseGrades --to=exports/course.csv
"""

from datetime import UTC
from pathlib import Path
from typing import Any

from nbgrader.plugins import ExportPlugin, LateSubmissionPlugin
from traitlets import Unicode

from autograder.model.bundle import load_settings
from autograder.model.errors import ConfigError
from autograder.model.house import load_syllabus
from autograder.model.syllabus import Syllabus
from grading.common.spreadsheet import CellValue, to_csv
from grading.records.marks import AssignmentMark
from grading.records.nbgrader_tables import marks_in
from grading.rules.lateness import lateness
from grading.rules.policy import course_grade, late_penalty


class CourseGrades(ExportPlugin):  # type: ignore[misc]
    """A CSV of every student's assignments, net of late penalties, and course grade."""

    source = Unicode("", help="The folder that holds course.toml.").tag(config=True)

    def export(self, gradebook: Any) -> None:
        """Write the file named by `--to`, else course.csv. Raises ConfigError without a usable course.toml."""
        syllabus = load_syllabus(source_of(self))
        names = [assignment.name for assignment in syllabus.assignments]
        if self.assignment:
            names = [name for name in names if name in self.assignment]
        wanted = {str(student) for student in self.student}
        marks = marks_in(gradebook.db)
        rows = [
            _row(student, marks.get(student.id, {}), syllabus, names)
            for student in gradebook.students
            if not wanted or student.id in wanted
        ]
        head = ["student_id", "last_name", "first_name", "email", *names, "share", "grade", "letter"]
        Path(self.to or "course.csv").write_bytes(to_csv([head, *rows]))


class LatePenalty(LateSubmissionPlugin):  # type: ignore[misc]
    """The late policy of assignment.toml, else of course.toml, wherever nbgrader asks what lateness costs."""

    source = Unicode("", help="The folder that holds course.toml.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        """Points taken of `score`, for the submission that the calling preprocessor is at.

        Days are those of the course's time zone, so the times in the gradebook count and not the seconds given.
        """
        preprocessor, source = self.parent, source_of(self)
        syllabus = load_syllabus(source)
        settings = load_settings(source / preprocessor.assignment_id / "assignment.toml")
        submission = preprocessor.gradebook.find_submission(preprocessor.assignment_id, student_id)
        came, due = submission.timestamp.replace(tzinfo=UTC), submission.duedate.replace(tzinfo=UTC)
        return late_penalty(score, lateness(came, due, settings.late or syllabus.late, syllabus.zone).percent)


def source_of(plugin: Any) -> Path:
    """The folder of course.toml that a plugin was given. Raises ConfigError when it was given none."""
    if not plugin.source:
        name = type(plugin).__name__
        raise ConfigError(
            f"{name} does not know where course.toml is. Run nbgrader in the course directory, whose "
            f"nbgrader_config.py says so, or add --{name}.source=FOLDER"
        )
    return Path(plugin.source)


def _row(student: Any, marks: dict[str, AssignmentMark], syllabus: Syllabus, names: list[str]) -> list[CellValue]:
    results = {name: mark.result for name, mark in marks.items()}
    course = course_grade(results, syllabus)
    grades = [results[name].value if name in results else None for name in names]
    return [
        student.id,
        student.last_name,
        student.first_name,
        student.email,
        *grades,
        course.share,
        course.ten_point,
        course.letter,
    ]
