"""The gradebook: nbgrader's own, written through its SQLAlchemy models. The only importer of nbgrader's database.

A question is two of nbgrader's cells of one name: a grade cell, for its points, and a solution cell, for a comment of
the staff. Sources of cells stay out of it: nbgrader would keep hidden tests there.

nbgrader takes three seconds to import, so it is imported where it is used. nbgrader's own calls commit once for each
row; here a whole class is one transaction of a few bulk statements.
"""

import os
import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from autograder.model.bundle import Assignment
from autograder.model.errors import ConfigError
from autograder.model.notebook import STUDENT_NAME
from autograder.model.report import Report
from autograder.model.times import naive_utc
from grading.common.directory import Course
from grading.records.database import Database
from grading.rules.lateness import Lateness
from grading.rules.policy import POINT_DIGITS, Grade, Result, late_penalty

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.orm import Session

ACCURACY = "accuracy"
"""The grade cell that holds what the score earns."""
COURSE_ID = "course"
"""nbgrader's name of the one course in a gradebook."""

# nbgrader indexes none of these; without them its CSV export of 2 000 submissions takes 16 s instead of 1.5 s.
INDEXES = (
    ("grade", "notebook_id"),
    ("comment", "notebook_id"),
    ("submitted_notebook", "assignment_id"),
    ("submitted_assignment", "student_id"),
    ("base_cell", "notebook_id"),
)

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One graded submission on its way into the gradebook."""

    report: Report
    grade: Grade
    timestamp: datetime
    """When it was handed in, with a time zone."""

    @property
    def student(self) -> str:
        return self.report.student


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolled:
    """A student of the roster, as nbgrader's table has it."""

    id: str
    """The name that submissions go by: it is also a folder's."""
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    lms_user_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What one student has for one assignment: what staff gave counted in, what lateness takes not yet."""

    points: float
    late_penalty: float
    max_points: float
    waiting: int = 0
    """Cells that wait for a mark of the staff, or for another look at one."""

    @property
    def result(self) -> Result:
        """Net of the late penalty."""
        return Result(value=max(0.0, round(self.points - self.late_penalty, POINT_DIGITS)), max_value=self.max_points)


class Gradebook:
    """The gradebook of one course, opened at its first use. Close it, or use it in a `with`.

    `where` is an SQLite file, or the URL of a database such as `postgresql://staff@dbhost/course`; nbgrader's tables
    are made there if they are missing.
    """

    def __init__(self, where: Path | str, *, course_id: str = COURSE_ID, wait_seconds: float = 60) -> None:
        self.database = Database(where, wait_seconds=wait_seconds, prepare=lambda session: _prepare(session, course_id))
        self._course_id = course_id

    def record(self, assignment: Assignment, rows: Sequence[Row]) -> None:
        """Record graded submissions of different students, all or none of them.

        Questions become grade cells; so does what the score earns, as `accuracy`. A student recorded before gets the
        new automatic scores and timestamp; marks given by hand, extra credit and comments stay as they are, and a mark
        by hand asks to be looked at again where it was another score or submission that was marked. A question that
        the assignment no longer has counts for nothing. Lateness takes its share of all that is earned now, marks by
        hand included.

        Raises ConfigError when questions, reports and marks by hand do not fit together, PlatformError when the
        database cannot be written; then nothing is recorded.
        """
        asked = _max_points(assignment)
        marks = {row.student: _marks(assignment, row, asked) for row in rows}
        if len(marks) < len(rows):
            raise ValueError(f"{len(rows)} rows of {len(marks)} students: one row each")
        with self.database.transaction(write=True) as session:
            notebook, cells = _declare(session, assignment, asked, self._course_id)
            notebooks, others = _hand_in(session, notebook, {row.student: _handed_in(row, assignment) for row in rows})
            _forget(session, [cell for name, cell in cells.items() if name not in asked], list(notebooks.values()))
            _mark(session, cells, {notebooks[student]: marks[student] for student in marks}, others)
            _make_room_for_comments(session, notebook, list(notebooks.values()))
            _penalise(session, {notebooks[row.student]: row.grade.lateness for row in rows})
            if session.get_bind().dialect.name == "postgresql":
                # Until the planner knows the new rows, nbgrader's pages take a minute and not a second.
                session.connection().exec_driver_sql("ANALYZE")

    def update_students(self, students: Sequence[Enrolled]) -> None:
        """Add students, or bring their names, addresses and LMS ids up to date; nobody is taken out.

        Raises ConfigError for an id that cannot be a folder's name, PlatformError when the database cannot be written;
        then nothing is changed.
        """
        import nbgrader.api as nb
        from sqlalchemy import select

        rows = {student.id: _student_row(student) for student in students}
        if len(rows) < len(students):
            raise ValueError(f"{len(students)} rows of {len(rows)} students: one row each")
        with self.database.transaction(write=True) as session:
            known = {id_: id_ for id_ in session.scalars(select(nb.Student.id))}
            _put(session, nb.Student, known, rows)

    def marks(self) -> dict[str, dict[str, Mark]]:
        """What every student has for every assignment handed in: by student, then by assignment."""
        with self.database.transaction() as session:
            return marks_in(session)

    def settle(self) -> None:
        """Bring the penalties that nbgrader's own pages show up to date with what staff marked by hand since."""
        with self.database.transaction(write=True) as session:
            _settle(session)

    def totals(self, assignment: str) -> dict[str, tuple[float, float]]:
        """(points, most points) of every student recorded: marks by hand and extra credit in, late penalties not."""
        found = {student: marks.get(assignment) for student, marks in self.marks().items()}
        return {student: (mark.points, mark.max_points) for student, mark in found.items() if mark}

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def marks_in(session: "Session") -> dict[str, dict[str, Mark]]:
    """`Gradebook.marks` by a session of SQLAlchemy, such as nbgrader's own."""
    import nbgrader.api as nb
    from sqlalchemy import func, select

    handed_in, notebook, points, percents = nb.SubmittedAssignment, nb.SubmittedNotebook, _points(), _percents()
    query = (
        select(
            handed_in.student_id,
            handed_in.assignment_id,
            func.coalesce(func.sum(points.c.points), 0.0),
            func.coalesce(func.sum(notebook.late_submission_penalty), 0.0),
            func.max(percents.c.percent),
            func.coalesce(func.sum(points.c.waiting), 0),
        )
        .join(notebook, notebook.assignment_id == handed_in.id)
        .outerjoin(points, points.c.notebook_id == notebook.id)
        .outerjoin(percents, percents.c.notebook_id == notebook.id)
        .group_by(handed_in.student_id, handed_in.assignment_id)
    )
    columns = session.execute(select(nb.Assignment.id, nb.Assignment.name, nb.Assignment.max_score))
    assignments = {id_: (name, most) for id_, name, most in columns}
    marks: dict[str, dict[str, Mark]] = {student: {} for student in session.scalars(select(nb.Student.id))}
    for student, assignment, earned, recorded, percent, waiting in session.execute(query):
        name, most = assignments[assignment]
        # What staff gave since the penalty was recorded is late as well.
        penalty = recorded if percent is None else late_penalty(earned, percent)
        marks[student][name] = Mark(points=earned, late_penalty=penalty, max_points=most, waiting=waiting)
    return marks


def _points() -> Any:
    """A subquery: what each submitted notebook has earned, and how many of its cells wait for staff.

    nbgrader's own column for this is a subquery for each row: a minute for a course on PostgreSQL.
    """
    import nbgrader.api as nb
    from sqlalchemy import Integer, cast, func, select

    grade = nb.Grade
    waiting = func.sum(cast(grade.needs_manual_grade, Integer))
    earned = select(grade.notebook_id, func.sum(grade.score).label("points"), waiting.label("waiting"))
    return earned.group_by(grade.notebook_id).subquery()


def _percents() -> "Table":
    """Our table beside nbgrader's: of a late notebook, the percentage of what it earns that lateness takes."""
    from sqlalchemy import Column, Float, MetaData, String, Table

    return Table(
        "neurograde_lateness",
        MetaData(),
        Column("notebook_id", String(32), primary_key=True),
        Column("percent", Float, nullable=False),
    )


def timestamp_text(when: datetime) -> str:
    """What a timestamp.txt of nbgrader says."""
    return f"{naive_utc(when):%Y-%m-%d %H:%M:%S.%f} UTC\n"


def write_timestamp(course: Course, student: str, assignment: str, when: datetime) -> None:
    """Tell formgrader that something was handed in: `submitted/<student>/<assignment>/timestamp.txt`, no notebook.

    It must say the timestamp of the gradebook's row, or formgrader takes the submission for ungraded; and there must
    be no notebook beside it, or formgrader's Autograde button would run it on this machine.
    """
    folder = course.submitted / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timestamp.txt").write_text(timestamp_text(when))


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


def _marks(assignment: Assignment, row: Row, asked: Mapping[str, float]) -> dict[str, float | None]:
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


def _handed_in(row: Row, assignment: Assignment) -> dict[str, Any]:
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


def _prepare(session: "Session", course_id: str) -> None:
    """nbgrader's tables, its schema version, our indexes and the course, whichever are missing.

    nbgrader itself starts the program `alembic` for the version, which fails outside an active virtual environment
    and leaves tables without one.
    """
    import nbgrader.api as nb
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR
    from sqlalchemy import inspect

    connection = session.connection()
    is_new = not inspect(connection).has_table(nb.Course.__tablename__)
    nb.Base.metadata.create_all(connection)
    _percents().create(connection, checkfirst=True)
    if is_new:
        MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "head")
    # On PostgreSQL they would slow nbgrader's own pages down.
    for table, column in INDEXES if connection.dialect.name == "sqlite" else ():
        connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS ix_{table}_{column} ON {table} ({column})")
    if session.get(nb.Course, course_id) is None:
        session.add(nb.Course(id=course_id))


def _declare(
    session: "Session", assignment: Assignment, asked: Mapping[str, float], course_id: str
) -> tuple[Any, dict[str, Any]]:
    """The notebook of the assignment and its grade cells by name, brought up to date."""
    import nbgrader.api as nb
    from sqlalchemy import select

    declared = session.scalar(select(nb.Assignment).filter_by(name=assignment.name))
    if declared is None:
        declared = nb.Assignment(name=assignment.name, course_id=course_id)
        session.add(declared)
    if assignment.settings.due is not None:
        declared.duedate = naive_utc(assignment.settings.due)
    notebook = session.scalar(select(nb.Notebook).filter_by(name=assignment.name, assignment=declared))
    if notebook is None:
        notebook = nb.Notebook(name=assignment.name, assignment=declared)
        session.add(notebook)
    cells = {cell.name: cell for cell in session.scalars(select(nb.GradeCell).filter_by(notebook=notebook))}
    for name in asked.keys() - cells.keys():
        cells[name] = nb.GradeCell(name=name, notebook=notebook, cell_type="code", max_score=0.0)
        session.add(cells[name])
    for name, cell in cells.items():
        cell.max_score = asked.get(name, 0.0)
    commented = set(session.scalars(select(nb.SolutionCell.name).filter_by(notebook=notebook)))
    session.add_all(nb.SolutionCell(name=name, notebook=notebook) for name in asked.keys() - commented - {ACCURACY})
    session.flush()
    return notebook, cells


def _hand_in(
    session: "Session", notebook: Any, handed_in: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, str], set[str]]:
    """Students and their submissions; the id of each one's submitted notebook, and which are not those of before."""
    import nbgrader.api as nb
    from sqlalchemy import insert, select

    known = set(session.scalars(select(nb.Student.id)))
    if new := [{"id": student} for student in handed_in if student not in known]:
        session.execute(insert(nb.Student), new)

    submission = nb.SubmittedAssignment
    theirs = submission.assignment_id == notebook.assignment_id
    times = _pairs(session, select(submission.student_id, submission.timestamp).where(theirs))
    query = select(submission.student_id, submission.id).where(theirs)
    wanted = {
        student: {"student_id": student, "assignment_id": notebook.assignment_id, **values}
        for student, values in handed_in.items()
    }
    submissions = _put(session, submission, _pairs(session, query), wanted)

    submitted = nb.SubmittedNotebook
    query = select(submitted.assignment_id, submitted.id).where(submitted.notebook_id == notebook.id)
    pages = {id_: {"assignment_id": id_, "notebook_id": notebook.id} for id_ in submissions.values()}
    ids = _put(session, submitted, _pairs(session, query), pages)
    notebooks = {student: ids[id_] for student, id_ in submissions.items()}
    return notebooks, {notebooks[one] for one, values in handed_in.items() if times.get(one) != values["timestamp"]}


def _forget(session: "Session", dropped: Sequence[Any], notebooks: Sequence[str]) -> None:
    """Delete these notebooks' automatic scores on cells that the assignment no longer has."""
    import nbgrader.api as nb
    from sqlalchemy import delete, or_, select

    grade = nb.Grade
    theirs = grade.cell_id.in_([cell.id for cell in dropped]), grade.notebook_id.in_(notebooks)
    by_hand = or_(grade.manual_score.is_not(None), grade.extra_credit.is_not(None))
    kept = session.scalars(select(grade).where(*theirs, by_hand)).first()
    if kept is not None:
        raise ConfigError(
            f"{kept.student.id} has a mark by hand on {kept.name}, which {kept.assignment.name} no longer asks. "
            "Nothing was recorded. Give the question its name back, or take that mark out of the gradebook."
        )
    session.execute(delete(grade).where(*theirs), execution_options={"synchronize_session": False})


def _mark(
    session: "Session",
    cells: Mapping[str, Any],
    marks: Mapping[str, Mapping[str, float | None]],
    others: Collection[str],
) -> None:
    """Write automatic scores, given as points by cell by submitted notebook; None asks staff for a mark.

    A mark that staff gave stays, and asks to be looked at again where it was given to another automatic score, or to
    another submission: those are `others`.
    """
    import nbgrader.api as nb
    from sqlalchemy import select

    grade = nb.Grade
    query = select(
        grade.id, grade.notebook_id, grade.cell_id, grade.auto_score, grade.manual_score, grade.needs_manual_grade
    )
    rows = session.execute(query.where(grade.notebook_id.in_(list(marks))))
    old = {(row.notebook_id, row.cell_id): row for row in rows}

    def asks(key: tuple[str, str], earned: float | None) -> bool:
        row = old.get(key)
        if row is None or row.manual_score is None:
            return earned is None
        return bool(row.needs_manual_grade or row.auto_score != earned or key[0] in others)

    wanted = {
        (notebook, cells[name].id): {
            "notebook_id": notebook,
            "cell_id": cells[name].id,
            "auto_score": earned,
            "needs_manual_grade": asks((notebook, cells[name].id), earned),
        }
        for notebook, points in marks.items()
        for name, earned in points.items()
    }
    _put(session, grade, {key: row.id for key, row in old.items()}, wanted)


def _make_room_for_comments(session: "Session", notebook: Any, notebooks: Sequence[str]) -> None:
    """An empty comment on every solution cell of these submitted notebooks, where there is none."""
    import nbgrader.api as nb
    from sqlalchemy import select

    comment = nb.Comment
    cells = session.scalars(select(nb.SolutionCell.id).filter_by(notebook=notebook)).all()
    old = select(comment.notebook_id, comment.cell_id).where(comment.notebook_id.in_(notebooks))
    known = {(row[0], row[1]) for row in session.execute(old)}
    wanted = ((notebook, cell) for notebook in notebooks for cell in cells)
    new = {key: {"notebook_id": key[0], "cell_id": key[1]} for key in wanted if key not in known}
    _put(session, comment, {}, new)


def _penalise(session: "Session", lateness: Mapping[str, Lateness]) -> None:
    """Take from each submitted notebook what its lateness costs of all that it has earned."""
    import nbgrader.api as nb
    from sqlalchemy import delete, insert

    percents = _percents()
    session.execute(delete(percents).where(percents.c.notebook_id.in_(list(lateness))))
    if late := [{"notebook_id": id_, "percent": how.percent} for id_, how in lateness.items() if how.percent]:
        session.execute(insert(percents), late)
    on_time = {id_: {"late_submission_penalty": None} for id_, how in lateness.items() if not how.percent}
    _put(session, nb.SubmittedNotebook, {id_: id_ for id_ in on_time}, on_time)
    _settle(session)


def _settle(session: "Session") -> None:
    """Bring every late notebook's penalty up to date with what it has earned."""
    import nbgrader.api as nb
    from sqlalchemy import func, select

    notebook, points, percents = nb.SubmittedNotebook, _points(), _percents()
    query = (
        select(notebook.id, notebook.late_submission_penalty, func.coalesce(points.c.points, 0.0), percents.c.percent)
        .join(percents, percents.c.notebook_id == notebook.id)
        .outerjoin(points, points.c.notebook_id == notebook.id)
    )
    wanted = {
        id_: {"late_submission_penalty": penalty}
        for id_, recorded, earned, percent in session.execute(query)
        if (penalty := late_penalty(earned, percent)) != recorded
    }
    _put(session, notebook, {id_: id_ for id_ in wanted}, wanted)


def _put(
    session: "Session", model: Any, known: Mapping[Key, str], wanted: Mapping[Key, dict[str, Any]]
) -> dict[Key, str]:
    """Insert what is wanted and not known yet, update the rest by its id; the id of each."""
    from sqlalchemy import insert, update

    ids: dict[Key, str] = {}
    old: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    for key, values in wanted.items():
        ids[key] = known.get(key) or values.get("id") or os.urandom(16).hex()  # as nbgrader's are, and quicker
        (old if key in known else new).append({**values, "id": ids[key]})
    if new:
        session.execute(insert(model.__table__), new)  # of the table: the mapper would look at each row
    if old:
        session.execute(update(model), old)
    return ids


def _pairs(session: "Session", query: Any) -> dict[str, Any]:
    return {key: value for key, value in session.execute(query)}
