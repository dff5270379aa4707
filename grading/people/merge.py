"""From what Canvas, Moodle or a person exported to the roster: who is new, what changed, and what is not certain."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from autograder.model.errors import ConfigError
from autograder.model.notebook import STUDENT_NAME
from grading.common import spreadsheet as cells
from grading.common.directory import Course
from grading.people.roster import (
    KEYS,
    Book,
    CanvasColumn,
    Match,
    Roster,
    Student,
    any_order,
    folded,
    load_roster,
    save_roster,
)

ALIKE = 88.0
"""Similarity of two names, of 100, from which they may be one person's, spelt in two ways."""

Kind = Literal["canvas", "moodle", "plain"]

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
class Entry:
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

    kind: Kind
    entries: tuple[Entry, ...]
    canvas: tuple[CanvasColumn, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One field of a student that an import set or changed."""

    student: str
    field: str
    old: str
    new: str
    by: str
    """What the line was known to be this student's by."""

    def __str__(self) -> str:
        how = " (known by name)" if self.by == "name" else ""
        return f"{self.student}: {self.field} {self.old or 'not known'} -> {self.new}{how}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """A line that was left out, because whose it is is not certain."""

    line: int
    match: Match

    def __str__(self) -> str:
        return f"line {self.line}, {self.match}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """What a file makes of the roster."""

    roster: Roster
    kind: Kind
    added: tuple[Student, ...]
    changes: tuple[Change, ...]
    unchanged: int
    doubts: tuple[Doubt, ...]
    absent: tuple[Student, ...]
    """In the roster, but not in this file of a platform: they stay."""
    notes: tuple[str, ...]


def import_roster(
    course: Course, path: Path, titles: Mapping[str, Sequence[str]], *, add: bool = False, dry_run: bool = False
) -> Import:
    """Take a file over into the roster of a course; with `dry_run` only say what it would change.

    `titles` are those of the assignments, by name, for Canvas's columns. Raises ConfigError for a file that cannot be
    read as a roster, PlatformError when the roster cannot be written; then the roster is as it was.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Check the path and who may read it.") from None
    done = merge(load_roster(course), read_file(content, path.name), add=add)
    if done.kind == "canvas":
        columns, notes = assign_columns(done.roster.canvas, titles)
        done = replace(done, roster=replace(done.roster, canvas=columns), notes=(*done.notes, *notes))
    if not dry_run:
        save_roster(course, done.roster)
    return done


def described(done: Import) -> Iterator[str]:
    """What an import did, line by line, for a person."""
    changed = len({change.student for change in done.changes})
    yield (
        f"{len(done.roster.students)} students: {len(done.added)} new, {changed} changed, {done.unchanged} as before, "
        f"{len(done.doubts)} in doubt."
    )
    yield from (f"new: {student}" for student in done.added)
    yield from (f"changed: {change}" for change in done.changes)
    yield from (f"in doubt, left out: {doubt}" for doubt in done.doubts)
    yield from (f"not in this file, kept: {student}" for student in done.absent)
    yield from done.notes
    if done.doubts:
        yield (
            "Say who is who with: neurograde roster link NAME ID; or, if they are new: neurograde roster import FILE "
            "--add. Then import the file again."
        )


def read_file(content: bytes, name: str) -> RosterFile:
    """Read what Canvas, Moodle or a person exported. Raises ConfigError naming the file, the line and what to do.

    Canvas: the gradebook's export (Student, ID, SIS User ID, SIS Login ID, Section, assignments). Moodle: the list of
    participants, the grades or an assignment's grading worksheet, in English or Russian. Plain: any of the columns
    `id, name, email, lms_id, sis_id, login, section, competition_name, also`, in any order.
    """
    rows = list(cells.read_csv(content, name))
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


def _kind(header: Sequence[str]) -> Kind:
    names = {title.casefold() for title in header}
    if {"id", "section"} <= names and ("student" in names or {"lastname", "firstname"} <= names):
        return "canvas"
    known = {FIELDS.get(title) for title in names}
    moodle = {"given", "family"} <= known or not names.isdisjoint(("full name", "полное имя"))
    return "moodle" if "email" in known and moodle else "plain"


def _places(header: Sequence[str], kind: Kind, name: str) -> dict[str, int]:
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


def _entry(line: int, row: Sequence[str], places: Mapping[str, int]) -> Entry:
    values = {key: row[place] for key, place in places.items() if place < len(row) and row[place] not in ("", "-")}
    given, family = values.pop("given", ""), values.pop("family", "")
    if given or family:
        values["name"] = f"{given} {family}".strip()
    if "id" in values:
        values["id"] = _as_folder(values["id"])
    return Entry(line=line, values={key: value for key, value in values.items() if value})


def _is_about_assignments(row: Sequence[str]) -> bool:
    """One of the rows that Canvas puts under its header."""
    return "Points Possible" in row[0] or all(NOT_A_STUDENT.fullmatch(cell) for cell in row)


def _is_canvas_test_student(entry: Entry) -> bool:
    name, login = entry.values.get("name"), entry.values.get("login", "")
    return name == "Student, Test" and TEST_LOGIN.fullmatch(login) is not None


def _not_read(header: Sequence[str]) -> tuple[str, ...]:
    """The columns of a plain file that mean nothing here; platforms' own files hold many that are none of ours."""
    from difflib import get_close_matches

    notes = []
    for title in header:
        if title and title.casefold() not in FIELDS:
            near = get_close_matches(title.casefold(), FIELDS, n=1)
            notes.append(f'The column "{title}" was not read' + (f"; did you mean {near[0]}?" if near else "."))
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


@dataclass(slots=True)
class _Changed:
    """What has been taken over so far."""

    students: dict[str, Student]
    added: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    """What no new id may be: everything that tells somebody apart, and the ids that the file itself gives."""


def merge(roster: Roster, file: RosterFile, *, add: bool = False) -> Import:
    """The roster after a file. Pure; a second time the file can change only what the first left in doubt.

    A line belongs to the student who has its id, LMS id, SIS id, login or e-mail, else to the only one with exactly
    its name. What it gives is taken over, what it leaves open stays. A line of nobody is a new student, unless a name
    in the roster is so like its own that it may be the same person, or it has no more than a name. Then, as where two
    students or two lines could be meant, it is a `Doubt` and changes nothing. `add` makes strangers new students even
    where a name is like theirs.
    """
    book, state = Book(roster.students), _Changed(students={one.id: one for one in roster.students})
    state.taken |= {key for one in roster.students for key in _keys(one)}
    state.taken |= {folded(entry.values["id"]) for entry in file.entries if "id" in entry.values}
    entries = list({tuple(sorted(entry.values.items())): entry for entry in reversed(file.entries)}.values())[::-1]
    found = [(entry, _owner(entry, book, add=add)) for entry in entries]
    rivals = _rivals(found)
    doubts = []
    for entry, owner in found:
        if entry.line in rivals:
            state.seen |= {owner.student.id} if owner and owner.student else set()
            doubts.append(Doubt(line=entry.line, match=Match(name=entry.shown, why=rivals[entry.line])))
        elif owner is None:
            _add(state, entry)
        elif owner.student is None:
            state.seen |= {one.id for one in owner.candidates}  # perhaps here, so not certainly absent
            doubts.append(Doubt(line=entry.line, match=owner))
        else:
            _update(state, entry, owner.student, owner.by)
    students = tuple(state.students.values())
    return Import(
        roster=Roster(students=students, canvas=_merged_columns(roster.canvas, file.canvas)),
        kind=file.kind,
        added=tuple(state.students[one] for one in state.added),
        changes=tuple(state.changes),
        unchanged=len(found) - len(doubts) - len(state.added) - len({change.student for change in state.changes}),
        doubts=tuple(doubts),
        absent=() if file.kind == "plain" else tuple(one for one in students if one.id not in state.seen),
        notes=file.notes,
    )


def _rivals(found: Sequence[tuple[Entry, Match | None]]) -> dict[int, str]:
    """Why lines are in doubt that say different things of one key or of one student, by their numbers."""
    claims: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry, owner in found:
        for key in KEYS:
            if key in entry.values:
                claims[KEYS[key], folded(entry.values[key])].append(entry)
        if owner and owner.student:
            claims["student", owner.student.id].append(entry)
    rivals: dict[int, str] = {}
    for (what, value), lines in claims.items():
        for entry in lines if len(lines) > 1 else ():
            others = ", ".join(str(other.line) for other in lines if other is not entry)
            rivals.setdefault(entry.line, f"line {others} is about the {what} {value} too, and says something else")
    return rivals


def _owner(entry: Entry, book: Book, *, add: bool) -> Match | None:
    """Whose line it is: a Match, with or without a student; None for somebody new."""
    sharing: dict[str, str] = {}
    for key in KEYS:
        for student in book.having(key, entry.values.get(key, "")):
            sharing.setdefault(student.id, key)
    owners = tuple(book.students[one] for one in sharing)
    if len(owners) > 1:
        why = " and ".join(f"its {KEYS[key]} is that of {book.students[one]}" for one, key in sharing.items())
        return Match(name=entry.shown, why=why, candidates=owners)
    if owners:
        return _unless_contradicted(entry, owners[0], sharing[owners[0].id])
    if "id" in entry.values and (others := book.identified(entry.values["id"])):
        why = f"its id is another's login, e-mail or number: that of {', '.join(map(str, others))}"
        return Match(name=entry.shown, why=why, candidates=tuple(others))
    name, nick = entry.values.get("name", ""), entry.values.get("competition_name", "")
    called = book.named(name) if name else book.competing_as(nick)
    namesakes = [one for one in called if not _contradictions(entry, one)]
    if len(namesakes) == 1:
        return Match(name=entry.shown, student=namesakes[0], by="name")
    if namesakes:
        return Match(name=entry.shown, why=f"{len(namesakes)} students have this name", candidates=tuple(namesakes))
    return None if add or not book.students else _stranger(entry, book)


def _stranger(entry: Entry, book: Book) -> Match | None:
    """A doubt about a line of nobody; None when it is surely somebody new."""
    if KEYS.keys().isdisjoint(entry.values):
        found = book.match(entry.shown)
        why = found.why or f"it may be {found.student}, by {found.by}"
        candidates = found.candidates if found.student is None else (found.student,)
        return Match(name=entry.shown, why=why, candidates=candidates)
    like = book.nearest(entry.values.get("name", ""), at_least=ALIKE)
    like = tuple(one for one in like if not _contradictions(entry, one))
    return Match(name=entry.shown, why="not in the roster, but like a name there", candidates=like) if like else None


def _unless_contradicted(entry: Entry, owner: Student, by: str) -> Match:
    """The owner, unless something surer than what they share says that it is somebody else."""
    surer = list(KEYS)[: list(KEYS).index(by)]
    against = [key for key in _contradictions(entry, owner) if key in surer]
    if not against:
        return Match(name=entry.shown, student=owner, by=KEYS[by])
    key = against[0]
    why = f"its {KEYS[by]} is that of {owner}, but not its {KEYS[key]}: {entry.values[key]}, not {getattr(owner, key)}"
    return Match(name=entry.shown, why=why, candidates=(owner,))


def _contradictions(entry: Entry, student: Student) -> list[str]:
    """The keys that both have and that differ."""
    both = [key for key in KEYS if key in entry.values and getattr(student, key)]
    return [key for key in both if folded(entry.values[key]) != folded(getattr(student, key))]


def _add(state: _Changed, entry: Entry) -> None:
    values = {key: value for key, value in entry.values.items() if key not in ("id", "also")}
    student = Student(id=_new_id(entry, state.taken), also=_listed(entry), **values)
    state.students[student.id] = student
    state.taken |= _keys(student)
    state.added.append(student.id)
    state.seen.add(student.id)


def _update(state: _Changed, entry: Entry, owner: Student, by: str) -> None:
    state.seen.add(owner.id)
    new = {key: value for key, value in entry.values.items() if key not in ("id", "also")}
    if any_order(new.get("name", "")) == any_order(owner.name):
        new.pop("name", None)  # "Lovelace, Ada" and "Ada Lovelace" are one name
    also = owner.also + tuple(name for name in _listed(entry) if name not in owner.also)
    changed = replace(owner, **new, also=also)
    state.students[owner.id] = changed
    state.taken |= _keys(changed)
    for key in (*new, "also"):
        old, now = getattr(owner, key), getattr(changed, key)
        if old != now:
            said = KEYS.get(key, key.replace("_", " "))
            one, other = (value if isinstance(value, str) else "; ".join(value) for value in (old, now))
            state.changes.append(Change(student=owner.id, field=said, old=one, new=other, by=by))


def _keys(student: Student) -> set[str]:
    return {folded(value) for key in KEYS if (value := getattr(student, key))}


def _listed(entry: Entry) -> tuple[str, ...]:
    return tuple(name for part in entry.values.get("also", "").split(";") if (name := part.strip()))


def _new_id(entry: Entry, taken: Set[str]) -> str:
    """The first of what the line gives that a folder can be called, and that means nobody, letter case aside.

    The folders of Ada and ada are one on some disks.
    """
    if "id" in entry.values:
        return entry.values["id"]
    keys = ("login", "email", "sis_id", "lms_id", "name", "competition_name")
    for text in (entry.values[key] for key in keys if key in entry.values):
        if (name := _as_folder(text)) and folded(name) not in taken:
            return name
    stem = _as_folder(entry.shown[:90]) or "student"
    return next(name for n in range(2, len(taken) + 3) if folded(name := f"{stem}-{n}") not in taken)


def _as_folder(text: str) -> str:
    name = re.sub(r"[^\w.@+-]+", "-", text).strip(".-")[:100]
    return name if STUDENT_NAME.fullmatch(name) else ""


def _merged_columns(old: Sequence[CanvasColumn], new: Sequence[CanvasColumn]) -> tuple[CanvasColumn, ...]:
    """Canvas's columns as they are now. Which assignment each holds is remembered."""
    held = {column.id: column.assignment for column in old}
    fresh = tuple(replace(column, assignment=held.get(column.id, "")) for column in new)
    return fresh + tuple(column for column in old if column.id not in {one.id for one in fresh})


def assign_columns(
    columns: Sequence[CanvasColumn], titles: Mapping[str, Sequence[str]]
) -> tuple[tuple[CanvasColumn, ...], tuple[str, ...]]:
    """Say of Canvas's columns which assignment each holds, by equal titles; and what is left to a person.

    `titles` are each assignment's own, in every language. A column that was given an assignment keeps it. What is not
    certain comes back as lines that name the nearest columns; it is settled by hand in `canvas.csv`.
    """
    from rapidfuzz import fuzz

    taken, notes = {column.assignment for column in columns}, []
    found: dict[str, str] = {}
    for name in (name for name in titles if name not in taken):
        own = {any_order(text) for text in (name, *titles[name])}
        equal = [column for column in columns if not column.assignment and any_order(column.title) in own]
        if len(equal) == 1:
            found[equal[0].id] = name
            continue
        free = equal or [column for column in columns if not column.assignment and column.id not in found]
        free = sorted(free, key=lambda one: -max(fuzz.token_sort_ratio(any_order(one.title), text) for text in own))
        why = f"{len(equal)} columns of Canvas have its title" if equal else "no column of Canvas has its title"
        nearest = "; nearest: " + ", ".join(column.header for column in free[:3]) if free else ""
        notes.append(f"{name}: {why}{nearest}. Write {name} beside its column in canvas.csv, or name it so in Canvas.")
    return tuple(replace(one, assignment=found.get(one.id, one.assignment)) for one in columns), tuple(notes)
