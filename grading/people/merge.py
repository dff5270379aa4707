"""From what Canvas, Moodle or a person exported to the roster: who is new, what changed, and what is not certain."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.model.errors import ConfigError
from grading.common.directory import CourseDirectory
from grading.people.canvas_columns import assign_columns, merged_columns
from grading.people.files import RosterFile, RosterKind, RosterLine, as_folder, read_file
from grading.people.roster import (
    KEYS,
    Match,
    Roster,
    RosterIndex,
    Student,
    any_order,
    folded,
    load_roster,
    save_roster,
)

ALIKE = 88.0
"""Similarity of two names, of 100, from which they may be one person's, spelt in two ways."""


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
class UncertainLine:
    """A line that was left out, because whose it is is not certain."""

    line: int
    match: Match

    def __str__(self) -> str:
        return f"line {self.line}, {self.match}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """What a file makes of the roster."""

    roster: Roster
    kind: RosterKind
    added: tuple[Student, ...]
    changes: tuple[Change, ...]
    unchanged: int
    doubts: tuple[UncertainLine, ...]
    absent: tuple[Student, ...]
    """In the roster, but not in this file of a platform: they stay."""
    notes: tuple[str, ...]


def import_roster(
    course: CourseDirectory,
    path: Path,
    titles: Mapping[str, Sequence[str]],
    *,
    add: bool = False,
    dry_run: bool = False,
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
    students or two lines could be meant, it is an `UncertainLine` and changes nothing. `add` makes strangers new
    students even where a name is like theirs.
    """
    book, state = RosterIndex(roster.students), _Changed(students={one.id: one for one in roster.students})
    state.taken |= {key for one in roster.students for key in _keys(one)}
    state.taken |= {folded(entry.values["id"]) for entry in file.entries if "id" in entry.values}
    entries = list({tuple(sorted(entry.values.items())): entry for entry in reversed(file.entries)}.values())[::-1]
    found = [(entry, _owner(entry, book, add=add)) for entry in entries]
    rivals = _rivals(found)
    doubts = []
    for entry, owner in found:
        if entry.line in rivals:
            state.seen |= {owner.student.id} if owner and owner.student else set()
            doubts.append(UncertainLine(line=entry.line, match=Match(name=entry.shown, why=rivals[entry.line])))
        elif owner is None:
            _add(state, entry)
        elif owner.student is None:
            state.seen |= {one.id for one in owner.candidates}  # perhaps here, so not certainly absent
            doubts.append(UncertainLine(line=entry.line, match=owner))
        else:
            _update(state, entry, owner.student, owner.by)
    students = tuple(state.students.values())
    return Import(
        roster=Roster(students=students, canvas=merged_columns(roster.canvas, file.canvas)),
        kind=file.kind,
        added=tuple(state.students[one] for one in state.added),
        changes=tuple(state.changes),
        unchanged=len(found) - len(doubts) - len(state.added) - len({change.student for change in state.changes}),
        doubts=tuple(doubts),
        absent=() if file.kind == "plain" else tuple(one for one in students if one.id not in state.seen),
        notes=file.notes,
    )


def _rivals(found: Sequence[tuple[RosterLine, Match | None]]) -> dict[int, str]:
    """Why lines are in doubt that say different things of one key or of one student, by their numbers."""
    claims: dict[tuple[str, str], list[RosterLine]] = defaultdict(list)
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


def _owner(entry: RosterLine, book: RosterIndex, *, add: bool) -> Match | None:
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


def _stranger(entry: RosterLine, book: RosterIndex) -> Match | None:
    """A doubt about a line of nobody; None when it is surely somebody new."""
    if KEYS.keys().isdisjoint(entry.values):
        found = book.match(entry.shown)
        why = found.why or f"it may be {found.student}, by {found.by}"
        candidates = found.candidates if found.student is None else (found.student,)
        return Match(name=entry.shown, why=why, candidates=candidates)
    like = book.nearest(entry.values.get("name", ""), at_least=ALIKE)
    like = tuple(one for one in like if not _contradictions(entry, one))
    return Match(name=entry.shown, why="not in the roster, but like a name there", candidates=like) if like else None


def _unless_contradicted(entry: RosterLine, owner: Student, by: str) -> Match:
    """The owner, unless something surer than what they share says that it is somebody else."""
    surer = list(KEYS)[: list(KEYS).index(by)]
    against = [key for key in _contradictions(entry, owner) if key in surer]
    if not against:
        return Match(name=entry.shown, student=owner, by=KEYS[by])
    key = against[0]
    why = f"its {KEYS[by]} is that of {owner}, but not its {KEYS[key]}: {entry.values[key]}, not {getattr(owner, key)}"
    return Match(name=entry.shown, why=why, candidates=(owner,))


def _contradictions(entry: RosterLine, student: Student) -> list[str]:
    """The keys that both have and that differ."""
    both = [key for key in KEYS if key in entry.values and getattr(student, key)]
    return [key for key in both if folded(entry.values[key]) != folded(getattr(student, key))]


def _add(state: _Changed, entry: RosterLine) -> None:
    values = {key: value for key, value in entry.values.items() if key not in ("id", "also")}
    student = Student(id=_new_id(entry, state.taken), also=_listed(entry), **values)
    state.students[student.id] = student
    state.taken |= _keys(student)
    state.added.append(student.id)
    state.seen.add(student.id)


def _update(state: _Changed, entry: RosterLine, owner: Student, by: str) -> None:
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


def _listed(entry: RosterLine) -> tuple[str, ...]:
    return tuple(name for part in entry.values.get("also", "").split(";") if (name := part.strip()))


def _new_id(entry: RosterLine, taken: Set[str]) -> str:
    """The first of what the line gives that a folder can be called, and that means nobody, letter case aside.

    The folders of Ada and ada are one on some disks.
    """
    if "id" in entry.values:
        return entry.values["id"]
    keys = ("login", "email", "sis_id", "lms_id", "name", "competition_name")
    for text in (entry.values[key] for key in keys if key in entry.values):
        if (name := as_folder(text)) and folded(name) not in taken:
            return name
    stem = as_folder(entry.shown[:90]) or "student"
    return next(name for n in range(2, len(taken) + 3) if folded(name := f"{stem}-{n}") not in taken)
