"""Grades as other programs take them: Canvas, Moodle, CSV and Excel. Pure: standings in, bytes out."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from autograder.model.bundle import Assignment
from autograder.model.errors import ConfigError
from autograder.model.language import SOURCE_LANGUAGE, said_in
from autograder.model.syllabus import Syllabus
from grading.common.spreadsheet import CellValue, neutral, number, to_csv
from grading.people.roster import CanvasColumn, Match, Roster, Student, reconcile
from grading.rules.policy import CourseGrade, Result, course_grade

MoodleKey = Literal["email", "login", "sis_id"]
MOODLE_KEYS: Mapping[MoodleKey, str] = {"email": "Email address", "login": "Username", "sis_id": "ID number"}
"""What Moodle can find a user by, and how its own exports call the column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CourseStanding:
    """Where a student stands in the course."""

    student: Student
    grades: Mapping[str, Result | None]
    """By assignment; None, or left out, where nothing was handed in."""
    course: CourseGrade
    in_doubt: bool = False
    """Grades under a name that is not certain may be this student's: what is here may not be all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """An assignment as a column of grades."""

    name: str
    title: str
    max_value: float
    """The most that can be earned, in grade points."""
    canvas: CanvasColumn | None = None
    """Its column in Canvas; None when there is none yet."""


def column_of(assignment: Assignment, roster: Roster) -> Column:
    """The column of an assignment, in Canvas too where the roster knows it."""
    settings = assignment.settings
    return Column(
        name=assignment.name,
        title=said_in(settings.title, SOURCE_LANGUAGE),
        max_value=assignment.max_points + (settings.competition.anchors[-1][1] if settings.competition else 0.0),
        canvas=next((column for column in roster.canvas if column.assignment == assignment.name), None),
    )


def standings(
    results: Mapping[str, Mapping[str, Result]], roster: Roster, syllabus: Syllabus
) -> tuple[list[CourseStanding], tuple[Match, ...]]:
    """Everyone's standing, from results by assignment and by the names they were handed in under; and the doubtful.

    Everyone in the roster has one, also who handed in nothing. So has every name that is not certain, as a student
    that no learning platform knows, so that no grade is lost. Without a roster every name is a student, and none in
    doubt.
    """
    names = sorted({name for by_name in results.values() for name in by_name})
    certain, doubtful = reconcile(names, roster)
    unplaced = {match.name: Student(id=match.name) for match in doubtful}
    claimed = {student for match in doubtful if match.by for student in match.candidates}
    handed_in_as = dict.fromkeys(roster.students, "")  # not the id: work under it may be in doubt
    handed_in_as |= {student: name for name, student in (certain | unplaced).items()}
    everyone = []
    for student, name in handed_in_as.items():
        grades = {assignment.name: results.get(assignment.name, {}).get(name) for assignment in syllabus.assignments}
        course = course_grade(grades, syllabus)
        everyone.append(CourseStanding(student=student, grades=grades, course=course, in_doubt=student in claimed))
    return everyone, doubtful if roster.students else ()


def plain_csv(standings: Sequence[CourseStanding], columns: Sequence[Column], *, whole: bool = True) -> bytes:
    """A table for people and scripts: a student a line, every name and number of theirs, every grade and its most.

    The course grade is in it where the columns are the `whole` course.
    """
    return to_csv([_header(columns, whole), *(_line(standing, columns, whole) for standing in standings)])


def canvas_csv(standings: Sequence[CourseStanding], columns: Sequence[Column], *, scale: bool = False) -> bytes:
    """What Canvas's gradebook imports (Import in the Gradebook).

    Canvas knows a student by ID, SIS User ID or SIS Login ID, and an assignment by the number in "Title (number)"; it
    asks about an assignment without one, and makes it. Students it could not know, or whose grades are in doubt, are
    not in the file: they are `left_out_of_canvas`. What was not handed in is empty.

    Raises ConfigError when an assignment is worth something else in Canvas: `scale` converts the grades instead.
    """
    if not scale:
        _require_same_worth(columns)
    worth = {column.name: _worth_in_canvas(column) for column in columns}
    titles = [column.canvas.header if column.canvas else column.title for column in columns]
    rows: list[list[CellValue]] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles],
        ["Points Possible", None, None, None, None, *worth.values()],
    ]
    left_out = set(left_out_of_canvas(standings))
    for standing in standings:
        student = standing.student
        if student not in left_out:
            who = [student.name or student.id, student.lms_id, student.sis_id, student.login, student.section]
            grades = [_scaled(_grade(standing, column), worth[column.name], column) for column in columns]
            rows.append([*who, *grades])
    return to_csv(rows)


def left_out_of_canvas(standings: Sequence[CourseStanding]) -> tuple[Student, ...]:
    """The students whose grades are in doubt, and those without any of the three keys that Canvas knows people by."""
    keys = ("lms_id", "sis_id", "login")
    return tuple(
        standing.student
        for standing in standings
        if standing.in_doubt or not any(_arrives(getattr(standing.student, key)) for key in keys)
    )


def moodle_csv(
    standings: Sequence[CourseStanding], columns: Sequence[Column], *, by: MoodleKey = "email", whole: bool = True
) -> bytes:
    """What Moodle's gradebook imports (Grades, Import, CSV file): map the first column to the user, then the grades.

    One user whom Moodle does not know ends the whole import, and a line that names no user gives its grades to the
    user of the line before; so students without the key, or whose grades are in doubt, are not in the file: they are
    `left_out_of_moodle`. What was not handed in is a dash, which Moodle reads as no grade; an empty cell would become
    0 in a new grade item.
    """
    titles = [*(column.title for column in columns), *(["Course grade"] if whole else [])]
    rows: list[list[CellValue]] = [[MOODLE_KEYS[by], "Full name", *titles]]
    left_out = set(left_out_of_moodle(standings, by=by))
    for standing in standings:
        student = standing.student
        if student not in left_out:
            grades = [_grade(standing, column) for column in columns]
            shown: list[CellValue] = ["-" if grade is None else grade for grade in grades]
            shown += [standing.course.ten_point] if whole else []
            rows.append([getattr(student, by), student.name or student.id, *shown])
    return to_csv(rows)


def left_out_of_moodle(standings: Sequence[CourseStanding], *, by: MoodleKey = "email") -> tuple[Student, ...]:
    """The students whose grades are in doubt, and those without the key that Moodle is to find them by."""
    return tuple(
        standing.student for standing in standings if standing.in_doubt or not _arrives(getattr(standing.student, by))
    )


def excel(standings: Sequence[CourseStanding], columns: Sequence[Column], *, whole: bool = True) -> bytes:
    """A workbook: a sheet of grades that can be sorted and filtered, and a sheet of what the assignments are."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    grades = book.create_sheet("Grades")
    _fill(grades, [_header(columns, whole), *(_line(standing, columns, whole) for standing in standings)])
    grades.freeze_panes = "C2"
    sheet = book.create_sheet("Assignments")
    about: list[list[CellValue]] = [["assignment", "title", "most", "handed in", "mean"]]
    for column in columns:
        given = [grade for standing in standings if (grade := _grade(standing, column)) is not None]
        mean = sum(given) / len(given) if given else None
        about.append([column.name, column.title, column.max_value, len(given), mean])
    _fill(sheet, about)
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@dataclass(frozen=True, kw_only=True, slots=True)
class Exporter:
    """A file of everyone's grades in one form."""

    name: str
    """As people ask for it."""
    suffix: str
    """Of the file, without a dot."""
    write: Callable[[Sequence[CourseStanding], Sequence[Column]], bytes]
    left_out: Callable[[Sequence[CourseStanding]], tuple[Student, ...]]
    """The students who are not in the file, because the platform that takes it could not know them for sure."""

    @property
    def file_name(self) -> str:
        return f"grades-{self.name}.{self.suffix}"


def exporters(*, by: MoodleKey = "email", scale: bool = False, whole: bool = True) -> Mapping[str, Exporter]:
    """Every form that grades can be written in, by name.

    `by` is what Moodle finds a user by; with `scale` grades are converted to what Canvas gives an assignment. The
    course grade is written where the columns are the `whole` course; Canvas makes its own.
    """
    forms = (
        Exporter(name="canvas", suffix="csv", write=partial(canvas_csv, scale=scale), left_out=left_out_of_canvas),
        Exporter(
            name="moodle",
            suffix="csv",
            write=partial(moodle_csv, by=by, whole=whole),
            left_out=partial(left_out_of_moodle, by=by),
        ),
        Exporter(name="csv", suffix="csv", write=partial(plain_csv, whole=whole), left_out=_nobody),
        Exporter(name="xlsx", suffix="xlsx", write=partial(excel, whole=whole), left_out=_nobody),
    )
    return {form.name: form for form in forms}


def _nobody(_: Sequence[CourseStanding]) -> tuple[Student, ...]:
    return ()


def _header(columns: Sequence[Column], whole: bool) -> list[CellValue]:
    who: list[CellValue] = ["student", "name", "email", "section", "sis_id", "lms_id", "login", "competition_name"]
    grades = (text for column in columns for text in (column.name, f"{column.name} most"))
    final = ["share", "grade", "letter"] if whole else ["note"]
    return [*who, *grades, *final]


def _line(standing: CourseStanding, columns: Sequence[Column], whole: bool) -> list[CellValue]:
    student, course = standing.student, standing.course
    who: list[CellValue] = [
        student.id,
        student.name,
        student.email,
        student.section,
        student.sis_id,
        student.lms_id,
        student.login,
        student.competition_name,
    ]
    grades = (cell for column in columns for cell in (_grade(standing, column), column.max_value))
    final: list[CellValue] = [course.share, course.ten_point, course.letter] if whole else [None]
    if standing.in_doubt:
        final = [*(None for _ in final[1:]), "in doubt"]
    return [*who, *grades, *final]


def _grade(standing: CourseStanding, column: Column) -> float | None:
    """Raises ConfigError for a grade out of another maximum: it is not comparable with the others of its column."""
    result = standing.grades.get(column.name)
    if result is None:
        return None
    if abs(result.max_value - column.max_value) > 1e-9:
        raise ConfigError(
            f"{standing.student}: the grade of {column.name} is out of {number(result.max_value)}, and {column.name} "
            f"is now worth {number(column.max_value)}. Grade it again with today's tests: "
            f"neurograde grade {column.name} --regrade, then export."
        )
    return result.value


def _require_same_worth(columns: Sequence[Column]) -> None:
    other = [column for column in columns if _worth_in_canvas(column) != column.max_value]
    if other:
        lines = [
            f"{column.name}: {number(column.max_value)} here, {number(_worth_in_canvas(column))} in Canvas"
            for column in other
        ]
        raise ConfigError(
            f"Canvas gives other points to what is graded here ({'; '.join(lines)}). Set its Points Possible to ours "
            "and import its gradebook again (neurograde roster import FILE), or convert the grades with --scale."
        )


def _worth_in_canvas(column: Column) -> float:
    points = column.canvas.points if column.canvas else None
    return column.max_value if points is None else points


def _scaled(value: float | None, worth: float, column: Column) -> float | None:
    if value is None or worth == column.max_value:
        return value
    return value / column.max_value * worth if column.max_value else 0.0


def _arrives(key: str) -> bool:
    """Whether a platform reads the key as we know it: not when it had to be made harmless for spreadsheets."""
    return bool(key) and neutral(key) == key


def _fill(sheet: Any, rows: Sequence[Sequence[CellValue]]) -> None:
    """Write a table with a header; text is written as text, whatever it looks like."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for down, row in enumerate(rows, 1):
        for across, value in enumerate(row, 1):
            cell = sheet.cell(row=down, column=across)
            if isinstance(value, str) and value:
                cell.value, cell.data_type = neutral(value), "s"
            elif isinstance(value, int | float):
                number(value)  # raises for what is none
                cell.value, cell.number_format = value, "0.######" if value % 1 else "0"
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for across in range(1, len(rows[0]) + 1):
        widest = max(len(str(row[across - 1] or "")) for row in rows)
        sheet.column_dimensions[get_column_letter(across)].width = min(40, max(9, widest + 2))
    sheet.auto_filter.ref = sheet.dimensions
