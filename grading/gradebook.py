"""The gradebook: nbgrader's own, written through its SQLAlchemy models. The only importer of nbgrader's database.

nbgrader takes three seconds to import, so it is imported where it is used. nbgrader's own calls commit once for each
row; here a whole class is one transaction of a few bulk statements.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from autograder.assignment import Assignment
from autograder.errors import ConfigError, PlatformError
from autograder.report import Report
from grading.course import Course
from grading.policy import Grade

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine
    from sqlalchemy.orm import Session

ACCURACY = "accuracy"
"""The grade cell that holds what the score earns."""

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


class Gradebook:
    """The gradebook of one course, opened at its first use. Close it, or use it in a `with`.

    `where` is an SQLite file, made with nbgrader's tables if it is not there, or the SQLAlchemy URL of a database.
    """

    def __init__(self, where: Path | str, *, course_id: str = "course", wait_seconds: float = 60) -> None:
        self._where = where
        self._course_id = course_id
        self._wait_seconds = wait_seconds

    def record(self, assignment: Assignment, rows: Sequence[Row]) -> None:
        """Record graded submissions of different students, all or none of them.

        Questions become grade cells; so does what the score earns, as `accuracy`. A student recorded before gets the
        new automatic scores and timestamp; marks given by hand, extra credit and comments stay as they are, and such
        a cell asks to be looked at again. A question that the assignment no longer has counts for nothing.

        Raises ConfigError when questions, reports and marks by hand do not fit together, PlatformError when the
        database cannot be written; then nothing is recorded.
        """
        asked = _max_points(assignment)
        marks = {row.student: _marks(assignment, row, asked) for row in rows}
        if len(marks) < len(rows):
            raise ValueError(f"{len(rows)} rows of {len(marks)} students: one row each")
        with self._transaction(write=True) as session:
            notebook, cells = _declare(session, assignment, asked, self._course_id)
            notebooks = _hand_in(session, notebook, {row.student: _utc(row.timestamp) for row in rows})
            _forget(session, [cell for name, cell in cells.items() if name not in asked], list(notebooks.values()))
            _mark(session, cells, {notebooks[student]: marks[student] for student in marks})

    def totals(self, assignment: str) -> dict[str, tuple[float, float]]:
        """(points, most points) of every student recorded: marks by hand and extra credit in, late penalties not."""
        import nbgrader.api as nb
        from sqlalchemy import select

        handed_in = nb.SubmittedAssignment
        query = select(handed_in.student_id, handed_in.score, nb.Assignment.max_score).join(handed_in.assignment)
        with self._transaction() as session:
            found = session.execute(query.where(nb.Assignment.name == assignment)).all()
        return {student: (score, max_score) for student, score, max_score in found}

    def close(self) -> None:
        if "_engine" in vars(self):
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def _url(self) -> "URL":
        from sqlalchemy import URL, make_url

        if isinstance(self._where, str):
            return make_url(self._where)
        return URL.create("sqlite", database=str(self._where), query={"timeout": str(self._wait_seconds)})

    @cached_property
    def _engine(self) -> "Engine":
        from sqlalchemy import create_engine

        engine = create_engine(self._url)
        try:
            _prepare(engine, self._course_id)
        except BaseException:
            engine.dispose()
            raise
        return engine

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator["Session"]:
        from sqlalchemy.exc import DBAPIError

        try:
            with _begin(self._engine, write=write) as session:
                yield session
        except DBAPIError as error:
            place = self._url.render_as_string(hide_password=True)
            cause = "it is locked by another program" if "locked" in str(error.orig) else error.orig
            raise PlatformError(
                f"The gradebook {place} did not take it: {cause}. Nothing was recorded, and the reports are kept. "
                "Mend that and run the command again."
            ) from error


def write_timestamp(course: Course, student: str, assignment: str, when: datetime) -> None:
    """Tell formgrader that something was handed in: `submitted/<student>/<assignment>/timestamp.txt`, no notebook.

    It must say the timestamp of the gradebook's row, or formgrader takes the submission for ungraded; and there must
    be no notebook beside it, or formgrader's Autograde button would run it on this machine.
    """
    folder = course.submitted / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timestamp.txt").write_text(f"{_utc(when):%Y-%m-%d %H:%M:%S.%f} UTC\n")


def _utc(when: datetime) -> datetime:
    """Naive and in UTC, as nbgrader keeps every time."""
    if when.tzinfo is None:
        raise ValueError(f"{when} has no time zone")
    return when.astimezone(UTC).replace(tzinfo=None)


def _max_points(assignment: Assignment) -> dict[str, float]:
    cells = {question.name: question.points for question in assignment.questions}
    if assignment.settings.competition is None:
        return cells
    if ACCURACY in cells:
        raise ConfigError(
            f"{assignment.name}: a question is named `{ACCURACY}`, which is where the gradebook keeps what the score "
            f"earns. Rename the question, then: neurograde release {assignment.name}"
        )
    return cells | {ACCURACY: assignment.settings.competition.anchors[-1][1]}


def _marks(assignment: Assignment, row: Row, asked: Mapping[str, float]) -> dict[str, float]:
    """What the row earns, by grade cell."""
    marks = {question.name: question.points for question in row.report.questions}
    if assignment.settings.competition is not None:
        marks[ACCURACY] = row.grade.accuracy_points
    if row.report.assignment != assignment.name or marks.keys() != asked.keys():
        raise ConfigError(
            f"The report of {row.student} is of {row.report.assignment} with {', '.join(marks)}, which is not what "
            f"{assignment.name} asks now. Grade it again: neurograde grade {assignment.name} --regrade"
        )
    return marks


@contextmanager
def _begin(engine: "Engine", *, write: bool) -> Iterator["Session"]:
    from sqlalchemy.orm import Session

    with Session(engine) as session, session.begin():
        if write and engine.dialect.name == "sqlite":
            # The write lock first: two writers that both read "no such student" would both insert them.
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
        yield session


def _prepare(engine: "Engine", course_id: str) -> None:
    """nbgrader's tables, its schema version, our indexes and the course, whichever are missing.

    nbgrader itself starts the program `alembic` for the version, which fails outside an active virtual environment
    and leaves tables without one.
    """
    import nbgrader.api as nb
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR
    from sqlalchemy import inspect

    is_sqlite = engine.dialect.name == "sqlite"
    if is_sqlite:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")  # who reads does not wait for who writes
    with _begin(engine, write=True) as session:
        connection = session.connection()
        is_new = not inspect(connection).get_table_names()
        nb.Base.metadata.create_all(connection)
        if is_new:
            MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "head")
        for table, column in INDEXES if is_sqlite else ():
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
        declared.duedate = _utc(assignment.settings.due)
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
    session.flush()
    return notebook, cells


def _hand_in(session: "Session", notebook: Any, stamps: Mapping[str, datetime]) -> dict[str, str]:
    """Students and their submissions; the id of each one's submitted notebook."""
    import nbgrader.api as nb
    from sqlalchemy import insert, select

    known = set(session.scalars(select(nb.Student.id)))
    if new := [{"id": student} for student in stamps if student not in known]:
        session.execute(insert(nb.Student), new)

    handed_in = nb.SubmittedAssignment
    query = select(handed_in.student_id, handed_in.id).where(handed_in.assignment_id == notebook.assignment_id)
    wanted = {
        student: {"student_id": student, "assignment_id": notebook.assignment_id, "timestamp": stamp}
        for student, stamp in stamps.items()
    }
    submissions = _put(session, handed_in, _pairs(session, query), wanted)

    submitted = nb.SubmittedNotebook
    query = select(submitted.assignment_id, submitted.id).where(submitted.notebook_id == notebook.id)
    pages = {id_: {"assignment_id": id_, "notebook_id": notebook.id} for id_ in submissions.values()}
    notebooks = _put(session, submitted, _pairs(session, query), pages)
    return {student: notebooks[id_] for student, id_ in submissions.items()}


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


def _mark(session: "Session", cells: Mapping[str, Any], marks: Mapping[str, Mapping[str, float]]) -> None:
    """Write automatic scores, given as points by cell by submitted notebook."""
    import nbgrader.api as nb
    from sqlalchemy import select

    grade = nb.Grade
    query = select(grade.id, grade.notebook_id, grade.cell_id, grade.manual_score)
    old = {(row[1], row[2]): row for row in session.execute(query.where(grade.notebook_id.in_(list(marks))))}
    by_hand = {key for key, row in old.items() if row.manual_score is not None}
    wanted = {
        (notebook, cells[name].id): {
            "notebook_id": notebook,
            "cell_id": cells[name].id,
            "auto_score": earned,
            "needs_manual_grade": (notebook, cells[name].id) in by_hand,
        }
        for notebook, points in marks.items()
        for name, earned in points.items()
    }
    _put(session, grade, {key: row.id for key, row in old.items()}, wanted)


def _put(
    session: "Session", model: Any, known: Mapping[Key, str], wanted: Mapping[Key, dict[str, Any]]
) -> dict[Key, str]:
    """Insert what is wanted and not known yet, update the rest by its id; the id of each."""
    from nbgrader.api import new_uuid
    from sqlalchemy import insert, update

    ids = {key: known.get(key) or new_uuid() for key in wanted}
    rows = {key: {"id": ids[key], **values} for key, values in wanted.items()}
    if new := [row for key, row in rows.items() if key not in known]:
        session.execute(insert(model), new)
    if old := [row for key, row in rows.items() if key in known]:
        session.execute(update(model), old)
    return ids


def _pairs(session: "Session", query: Any) -> dict[str, str]:
    return {key: value for key, value in session.execute(query)}
