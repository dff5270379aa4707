"""nbgrader's tables, read and written in bulk: the statements behind `gradebook`, which imports this at its first use.

nbgrader takes three seconds to import. Its own calls commit once for each row; here a whole class is one transaction
of a few statements.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import nbgrader.api as nb
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import (
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    cast,
    delete,
    func,
    insert,
    inspect,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from autograder.model.bundle import Assignment
from autograder.model.errors import ConfigError
from autograder.model.times import naive_utc
from grading.records.database import has_table
from grading.records.marks import ACCURACY, AssignmentMark, RowKey
from grading.rules.lateness import Lateness
from grading.rules.policy import late_penalty

# nbgrader indexes none of these; without them its CSV export of 2 000 submissions takes 16 s instead of 1.5 s.
INDEXES = (
    ("grade", "notebook_id"),
    ("comment", "notebook_id"),
    ("submitted_notebook", "assignment_id"),
    ("submitted_assignment", "student_id"),
    ("base_cell", "notebook_id"),
)

LATENESS = Table(
    "neurograde_lateness",
    MetaData(),
    Column("notebook_id", String(32), primary_key=True),
    Column("percent", Float, nullable=False),
)
"""Our table beside nbgrader's: of a late notebook, the percentage of what it earns that lateness takes."""

STUDENTS = nb.Student.__tablename__


def marks_in(session: Session) -> dict[str, dict[str, AssignmentMark]]:
    """`Gradebook.marks` by a session of SQLAlchemy, such as nbgrader's own."""
    handed_in, notebook, points = nb.SubmittedAssignment, nb.SubmittedNotebook, points_earned()
    percents = _percents(session)
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
    marks: dict[str, dict[str, AssignmentMark]] = {student: {} for student in session.scalars(select(nb.Student.id))}
    for student, assignment, earned, recorded, percent, waiting in session.execute(query):
        name, most = assignments[assignment]
        # What staff gave since the penalty was recorded is late as well.
        penalty = recorded if percent is None else late_penalty(earned, percent)
        marks[student][name] = AssignmentMark(points=earned, late_penalty=penalty, max_points=most, waiting=waiting)
    return marks


def _percents(session: Session) -> Any:
    """What lateness takes, also of a gradebook that only nbgrader has written to: there it takes nothing by itself."""
    if has_table(session, LATENESS.name):
        return LATENESS
    return select(literal(None, String).label("notebook_id"), literal(None, Float).label("percent")).subquery()


def points_earned() -> Any:
    """A subquery: what each submitted notebook has earned, and how many of its cells wait for staff.

    nbgrader's own column for this is a subquery for each row: a minute for a course on PostgreSQL.
    """
    grade = nb.Grade
    waiting = func.sum(cast(grade.needs_manual_grade, Integer))
    earned = select(grade.notebook_id, func.sum(grade.score).label("points"), waiting.label("waiting"))
    return earned.group_by(grade.notebook_id).subquery()


def prepare(session: Session, course_id: str) -> None:
    """nbgrader's tables, its schema version, our indexes and the course, whichever are missing.

    nbgrader itself starts the program `alembic` for the version, which fails outside an active virtual environment
    and leaves tables without one.
    """
    connection = session.connection()
    is_new = not inspect(connection).has_table(nb.Course.__tablename__)
    nb.Base.metadata.create_all(connection)
    LATENESS.create(connection, checkfirst=True)
    if is_new:
        MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "head")
    # On PostgreSQL they would slow nbgrader's own pages down.
    for table, column in INDEXES if connection.dialect.name == "sqlite" else ():
        connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS ix_{table}_{column} ON {table} ({column})")
    if session.get(nb.Course, course_id) is None:
        session.add(nb.Course(id=course_id))


def declare(
    session: Session, assignment: Assignment, asked: Mapping[str, float], course_id: str
) -> tuple[Any, dict[str, Any]]:
    """The notebook of the assignment and its grade cells by name, brought up to date."""
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


def hand_in(
    session: Session, notebook: Any, handed_in: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, str], set[str]]:
    """Students and their submissions; the id of each one's submitted notebook, and which are not those of before."""
    known = set(session.scalars(select(nb.Student.id)))
    if new := [{"id": student} for student in handed_in if student not in known]:
        session.execute(insert(nb.Student), new)

    submission = nb.SubmittedAssignment
    theirs = submission.assignment_id == notebook.assignment_id
    times = pairs(session, select(submission.student_id, submission.timestamp).where(theirs))
    query = select(submission.student_id, submission.id).where(theirs)
    wanted = {
        student: {"student_id": student, "assignment_id": notebook.assignment_id, **values}
        for student, values in handed_in.items()
    }
    submissions = put(session, submission, pairs(session, query), wanted)

    submitted = nb.SubmittedNotebook
    query = select(submitted.assignment_id, submitted.id).where(submitted.notebook_id == notebook.id)
    pages = {id_: {"assignment_id": id_, "notebook_id": notebook.id} for id_ in submissions.values()}
    ids = put(session, submitted, pairs(session, query), pages)
    notebooks = {student: ids[id_] for student, id_ in submissions.items()}
    others = {notebooks[student] for student, values in handed_in.items() if times.get(student) != values["timestamp"]}
    return notebooks, others


def forget(session: Session, dropped: Sequence[Any], notebooks: Sequence[str]) -> None:
    """Delete these notebooks' automatic scores on cells that the assignment no longer has."""
    grade = nb.Grade
    theirs = grade.cell_id.in_([cell.id for cell in dropped]), grade.notebook_id.in_(notebooks)
    by_hand = or_(grade.manual_score.is_not(None), grade.extra_credit.is_not(None))
    marked = session.scalars(select(grade).where(*theirs, by_hand)).first()
    if marked is not None:
        raise ConfigError(
            f"{marked.student.id} has a mark by hand on {marked.name}, which {marked.assignment.name} no longer asks. "
            "Nothing was recorded. Give the question its name back, or take that mark out of the gradebook."
        )
    session.execute(delete(grade).where(*theirs), execution_options={"synchronize_session": False})


def mark(
    session: Session,
    cells: Mapping[str, Any],
    marks: Mapping[str, Mapping[str, float | None]],
    others: Collection[str],
) -> None:
    """Write automatic scores, given as points by cell by submitted notebook; None asks staff for a mark.

    A mark that staff gave stays, and asks to be looked at again where it was given to another automatic score, or to
    another submission: those are `others`.
    """
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
    put(session, grade, {key: row.id for key, row in old.items()}, wanted)


def make_room_for_comments(session: Session, notebook: Any, notebooks: Sequence[str]) -> None:
    """An empty comment on every solution cell of these submitted notebooks, where there is none."""
    comment = nb.Comment
    cells = session.scalars(select(nb.SolutionCell.id).filter_by(notebook=notebook)).all()
    old = select(comment.notebook_id, comment.cell_id).where(comment.notebook_id.in_(notebooks))
    known = {(row[0], row[1]) for row in session.execute(old)}
    wanted = ((notebook, cell) for notebook in notebooks for cell in cells)
    new = {key: {"notebook_id": key[0], "cell_id": key[1]} for key in wanted if key not in known}
    put(session, comment, {}, new)


def penalise(session: Session, lateness: Mapping[str, Lateness]) -> None:
    """Take from each submitted notebook what its lateness costs of all that it has earned."""
    session.execute(delete(LATENESS).where(LATENESS.c.notebook_id.in_(list(lateness))))
    percents = {id_: how.percent for id_, how in lateness.items()}
    if late := [{"notebook_id": id_, "percent": percent} for id_, percent in percents.items() if percent]:
        session.execute(insert(LATENESS), late)
    on_time = {id_: {"late_submission_penalty": None} for id_, percent in percents.items() if not percent}
    put(session, nb.SubmittedNotebook, {id_: id_ for id_ in on_time}, on_time)
    settle(session)


def settle(session: Session) -> None:
    """Bring every late notebook's penalty up to date with what it has earned."""
    notebook, points = nb.SubmittedNotebook, points_earned()
    query = (
        select(notebook.id, notebook.late_submission_penalty, func.coalesce(points.c.points, 0.0), LATENESS.c.percent)
        .join(LATENESS, LATENESS.c.notebook_id == notebook.id)
        .outerjoin(points, points.c.notebook_id == notebook.id)
    )
    wanted = {
        id_: {"late_submission_penalty": penalty}
        for id_, recorded, earned, percent in session.execute(query)
        if (penalty := late_penalty(earned, percent)) != recorded
    }
    put(session, notebook, {id_: id_ for id_ in wanted}, wanted)


def enrol(session: Session, rows: Mapping[str, dict[str, Any]]) -> None:
    """Add students by their ids, or bring what is known of them up to date."""
    known = {id_: id_ for id_ in session.scalars(select(nb.Student.id))}
    put(session, nb.Student, known, rows)


def put(
    session: Session, model: Any, known: Mapping[RowKey, str], wanted: Mapping[RowKey, dict[str, Any]]
) -> dict[RowKey, str]:
    """Insert what is wanted and not known yet, update the rest by its id; the id of each."""
    ids: dict[RowKey, str] = {}
    old: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    for key, values in wanted.items():
        ids[key] = known.get(key) or values.get("id") or os.urandom(16).hex()  # as nbgrader's are, and quicker
        row = {**values, "id": ids[key]}
        if key in known:
            old.append(row)
        else:
            new.append(row)
    if new:
        session.execute(insert(model.__table__), new)  # of the table: the mapper would look at each row
    if old:
        session.execute(update(model), old)
    return ids


def pairs(session: Session, query: Any) -> dict[str, Any]:
    return {key: value for key, value in session.execute(query)}
