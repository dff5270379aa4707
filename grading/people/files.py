"""What Canvas, Moodle or a person exported: read, line by line, into the fields of a student."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from autograder.model.errors import ConfigError, did_you_mean
from autograder.model.notebook import STUDENT_NAME
from grading.common.spreadsheet import read_csv
from grading.people.roster import KEYS, CanvasColumn

RosterKind = Literal["canvas", "moodle", "plain"]

# How columns are called by learning platforms and by people, in small letters.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "name": ("name", "student", "full name", "fullname", "student name", "полное имя", "фио"),
    "given": ("first name", "firstname", "given name", "имя"),
    "family": ("last name", "lastname", "surname", "family name", "фамилия"),
    "email": ("email", "e-mail", "email address", "e-mail address", "mail", "адрес электронной почты", "почта"),
    "lms_id": ("lms_id", "lms id", "canvas id", "moodle id", "user id", "userid"),
    "sis_id": ("sis_id", "sis id", "sis user id", "student id", "id number", "idnumber", "индивидуальный номер"),
    "login": ("login", "sis login id", "username", "логин"),
    "section": ("section", "group", "groups", "группы", "группа"),
    "competition_name": ("competition_name", "competition name", "nickname", "nick", "team", "teamname", "kaggle"),
    "also": ("also",),
}
FIELDS = {header: name for name, headers in HEADERS.items() for header in headers}
NOT_A_STUDENT = re.compile(r"(muted|manual posting.*)?", re.IGNORECASE)
TEST_LOGIN = re.compile(r"[0-9a-f]{40}")
CANVAS_COLUMN = re.compile(r"(?P<title>.*\S)\s*\((?P<id>\d+)\)")


@dataclass(frozen=True, kw_only=True, slots=True)
class RosterLine:
    """One line of a file: fields of a student, none of them empty."""

    line: int
    values: Mapping[str, str]

    @property
    def shown(self) -> str:
        """What the line is called in messages."""
        return next(self.values[key] for key in ("name", "competition_name", *KEYS, *self.values) if key in self.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class RosterFile:
    """A file as it was read."""

    kind: RosterKind
    entries: tuple[RosterLine, ...]
    canvas: tuple[CanvasColumn, ...] = ()
    notes: tuple[str, ...] = ()


def read_file(content: bytes, name: str) -> RosterFile:
    """Read what Canvas, Moodle or a person exported. Raises ConfigError naming the file, the line and what to do.

    Canvas: the gradebook's export (Student, ID, SIS User ID, SIS Login ID, Section, assignments). Moodle: the list of
    participants, the grades or an assignment's grading worksheet, in English or Russian. Plain: any of the columns
    `id, name, email, lms_id, sis_id, login, section, competition_name, also`, in any order.
    """
    rows = list(read_csv(content, name))
    if len(rows) < 2:
        raise ConfigError(f"{name} names no students: it needs a header and a line for each. Export it again.")
    (_, header), body = rows[0], rows[1:]
    for line, row in body:
        if len(row) > len(header):
            raise ConfigError(
                f"{name}, line {line} has {len(row)} cells, but the header {len(header)}. Export the file again, or "
                "put text that holds a comma in quotes."
            )
    kind = _kind(header)
    places = _places(header, kind, name)
    people = body if kind != "canvas" else [(line, row) for line, row in body if not _is_about_assignments(row)]
    entries = [entry for line, row in people if (entry := _entry(line, row, places)).values]
    real = tuple(entry for entry in entries if not _is_canvas_test_student(entry))
    notes = _not_read(header) if kind == "plain" else ()
    if len(real) < len(entries):
        notes = (*notes, "Canvas's own test student was left out.")
    return RosterFile(
        kind=kind, entries=real, canvas=_canvas_columns(header, body) if kind == "canvas" else (), notes=notes
    )


def _kind(header: Sequence[str]) -> RosterKind:
    names = {title.casefold() for title in header}
    if {"id", "section"} <= names and ("student" in names or {"lastname", "firstname"} <= names):
        return "canvas"
    known = {FIELDS.get(title) for title in names}
    moodle = {"given", "family"} <= known or not names.isdisjoint(("full name", "полное имя"))
    return "moodle" if "email" in known and moodle else "plain"


def _places(header: Sequence[str], kind: RosterKind, name: str) -> dict[str, int]:
    """Where each field is. Raises ConfigError for one given twice, and when none says who a line is about."""
    places: dict[str, int] = {}
    for place, title in enumerate(header):
        known = FIELDS.get(title.casefold())
        if known is None:
            continue
        known = "lms_id" if known == "id" and kind == "canvas" else known
        if known in places:
            raise ConfigError(
                f'{name}: the columns "{header[places[known]]}" and "{title}" both give the {known}. Delete one.'
            )
        places[known] = place
        if known == "section" and kind == "canvas":
            break  # what follows are assignments, whatever they are called
    if places.keys().isdisjoint(("name", "family", "competition_name", *KEYS)):
        raise ConfigError(
            f"{name}: no column says who a line is about, only {', '.join(header)}. Call one of them name, email, "
            "login, sis_id or id, and run the command again."
        )
    return places


def _entry(line: int, row: Sequence[str], places: Mapping[str, int]) -> RosterLine:
    values = {key: row[place] for key, place in places.items() if place < len(row) and row[place] not in ("", "-")}
    given, family = values.pop("given", ""), values.pop("family", "")
    if given or family:
        values["name"] = f"{given} {family}".strip()
    if "id" in values:
        values["id"] = as_folder(values["id"])
    return RosterLine(line=line, values={key: value for key, value in values.items() if value})


def _is_about_assignments(row: Sequence[str]) -> bool:
    """One of the rows that Canvas puts under its header."""
    return "Points Possible" in row[0] or all(NOT_A_STUDENT.fullmatch(cell) for cell in row)


def _is_canvas_test_student(entry: RosterLine) -> bool:
    name, login = entry.values.get("name"), entry.values.get("login", "")
    return name == "Student, Test" and TEST_LOGIN.fullmatch(login) is not None


def _not_read(header: Sequence[str]) -> tuple[str, ...]:
    """The columns of a plain file that mean nothing here; platforms' own files hold many that are none of ours."""
    notes = []
    for title in header:
        if title and title.casefold() not in FIELDS:
            hint = did_you_mean(title.casefold(), FIELDS)
            notes.append(f'The column "{title}" was not read' + (f"; {hint}" if hint else "."))
    return tuple(notes)


def _canvas_columns(header: Sequence[str], body: Iterable[tuple[int, Sequence[str]]]) -> tuple[CanvasColumn, ...]:
    possible: Sequence[str] = next((row for _, row in body if "Points Possible" in row[0]), ())
    columns = []
    for place, title in enumerate(header):
        if parts := CANVAS_COLUMN.fullmatch(title):
            written = possible[place].replace(",", ".") if place < len(possible) else ""
            points = float(written) if re.fullmatch(r"\d+(\.\d+)?", written) else None
            columns.append(CanvasColumn(id=parts["id"], title=parts["title"], points=points))
    return tuple(columns)


def as_folder(text: str) -> str:
    name = re.sub(r"[^\w.@+-]+", "-", text).strip(".-")[:100]
    return name if STUDENT_NAME.fullmatch(name) else ""
