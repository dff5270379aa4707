"""The gradebook: nbgrader's own, a whole class in one transaction; its statements are in `nbgrader_tables`.

A question is two of nbgrader's cells of one name: a grade cell, for its points, and a solution cell, for a comment of
the staff. Sources of cells stay out of it: nbgrader would keep hidden tests there.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from autograder.model.bundle import Assignment
from autograder.model.errors import ConfigError
from autograder.model.files import replace_whole
from autograder.model.notebook import STUDENT_NAME
from autograder.model.times import naive_utc
from grading.common.directory import CourseDirectory
from grading.records.database import Database, has_table
from grading.records.marks import ACCURACY, COURSE_ID, AssignmentMark, Enrolled, GradebookRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Gradebook:
    """The gradebook of one course, opened at its first use. Close it, or use it in a `with`.

    `location` is an SQLite file, or the URL of a database such as `postgresql://staff@dbhost/course`; nbgrader's tables
    are made there before the first write, where they are missing.
    """

    def __init__(self, location: Path | str, *, wait_seconds: float = 60) -> None:
        self.database = Database(location, wait_seconds=wait_seconds)
        self.database.before_writing(self._prepare)

    def _prepare(self, session: "Session") -> None:
        from grading.records import nbgrader_tables as tables

        tables.prepare(session, COURSE_ID)

    def record(self, assignment: Assignment, rows: Sequence[GradebookRow]) -> None:
        """Record graded submissions of different students, all or none of them.

        Questions become grade cells; so does what the score earns, as `accuracy`. A student recorded before gets the
        new automatic scores and timestamp; marks given by hand, extra credit and comments stay as they are, and a mark
        by hand asks to be looked at again where it was another score or submission that was marked. A question that
        the assignment no longer has counts for nothing. Lateness takes its share of all that is earned now, marks by
        hand included.

        Raises ConfigError when questions, reports and marks by hand do not fit together, PlatformError when the
        database cannot be written; then nothing is recorded.
        """
        from grading.records import nbgrader_tables as tables

        asked = _max_points(assignment)
        marks = {row.student: _marks(assignment, row, asked) for row in rows}
        if len(marks) < len(rows):
            raise ValueError(f"{len(rows)} rows of {len(marks)} students: one row each")
        with self.database.transaction(write=True) as session:
            notebook, cells = tables.declare(session, assignment, asked, COURSE_ID)
            handed_in = {row.student: _handed_in(row, assignment) for row in rows}
            notebooks, others = tables.hand_in(session, notebook, handed_in)
            dropped = [cell for name, cell in cells.items() if name not in asked]
            tables.forget(session, dropped, list(notebooks.values()))
            tables.mark(session, cells, {notebooks[student]: marks[student] for student in marks}, others)
            tables.make_room_for_comments(session, notebook, list(notebooks.values()))
            tables.penalise(session, {notebooks[row.student]: row.grade.lateness for row in rows})
            if session.get_bind().dialect.name == "postgresql":
                # Until the planner knows the new rows, nbgrader's pages take a minute and not a second.
                session.connection().exec_driver_sql("ANALYZE")

    def update_students(self, students: Sequence[Enrolled]) -> None:
        """Add students, or bring their names, addresses and LMS ids up to date; nobody is taken out.

        Raises ConfigError for an id that cannot be a folder's name, PlatformError when the database cannot be written;
        then nothing is changed.
        """
        from grading.records import nbgrader_tables as tables

        rows = {student.id: _student_row(student) for student in students}
        if len(rows) < len(students):
            raise ValueError(f"{len(students)} rows of {len(rows)} students: one row each")
        with self.database.transaction(write=True) as session:
            tables.enrol(session, rows)

    def marks(self) -> dict[str, dict[str, AssignmentMark]]:
        """What every student has for every assignment handed in: by student, then by assignment."""
        from grading.records import nbgrader_tables as tables

        with self.database.transaction() as session:
            return tables.marks_in(session) if has_table(session, tables.STUDENTS) else {}

    def settle(self) -> None:
        """Bring the penalties that nbgrader's own pages show up to date with what staff marked by hand since."""
        from grading.records import nbgrader_tables as tables

        with self.database.transaction(write=True) as session:
            tables.settle(session)

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def timestamp_text(when: datetime) -> str:
    """What a timestamp.txt of nbgrader says."""
    return f"{naive_utc(when):%Y-%m-%d %H:%M:%S.%f} UTC\n"


def write_timestamp(course: CourseDirectory, student: str, assignment: str, when: datetime) -> None:
    """Tell formgrader that something was handed in: `submitted/<student>/<assignment>/timestamp.txt`, no notebook.

    It must say the timestamp of the gradebook's row, or formgrader takes the submission for ungraded; and there must
    be no notebook beside it, or formgrader's Autograde button would run it on this machine.
    """
    replace_whole(course.submitted / student / assignment / "timestamp.txt", timestamp_text(when).encode())


def _max_points(assignment: Assignment) -> dict[str, float]:
    cells = {question.name: question.points for question in (*assignment.questions, *assignment.by_hand)}
    if assignment.settings.competition is None:
        return cells
    if ACCURACY in cells:
        raise ConfigError(
            f"{assignment.name}: a question is named `{ACCURACY}`, which is where the gradebook keeps what the score "
            f"earns. Rename the question, then: neurograde release {assignment.name}"
        )
    return cells | {ACCURACY: assignment.settings.competition.anchors[-1][1]}


def _marks(assignment: Assignment, row: GradebookRow, asked: Mapping[str, float]) -> dict[str, float | None]:
    """What the row earns, by grade cell; nothing yet where staff mark by hand."""
    marks: dict[str, float | None] = {question.name: None for question in assignment.by_hand}
    marks |= {question.name: question.points for question in row.report.questions}
    if assignment.settings.competition is not None:
        marks[ACCURACY] = row.grade.accuracy_points
    if row.report.assignment != assignment.name or marks.keys() != asked.keys():
        raise ConfigError(
            f"The report of {row.student} is of {row.report.assignment} with {', '.join(marks)}, which is not what "
            f"{assignment.name} asks now. Grade it again: neurograde grade {assignment.name} --regrade"
        )
    return marks


def _handed_in(row: GradebookRow, assignment: Assignment) -> dict[str, Any]:
    """When, and how much later than the assignment's deadline this student's own was."""
    late, due = row.grade.lateness, assignment.settings.due
    extension = naive_utc(late.due) - naive_utc(due) if late.extended and late.due and due else None
    return {"timestamp": naive_utc(row.timestamp), "extension": extension}


def _student_row(student: Enrolled) -> dict[str, str | None]:
    if not STUDENT_NAME.fullmatch(student.id):
        raise ConfigError(
            f'The roster has a student "{student.id}". Submissions go by that name, so it may hold letters, digits and '
            "_.@+- only, at most 100, and begins with a letter, digit or _. Mend it and import the roster again."
        )
    texts = (student.first_name, student.last_name, student.email, student.lms_user_id)
    first, last, email, lms = (re.sub(r"[<>\x00-\x1f\x7f]", "", text) if text else None for text in texts)
    # Without the characters of a tag: students choose their names, and formgrader puts them on its pages as they are.
    return {"id": student.id, "first_name": first, "last_name": last, "email": email, "lms_user_id": lms}
