"""From what Canvas, Moodle or a person exported to the roster: who is new, what changed, and what is not certain."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
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


def merge(roster: Roster, file: RosterFile, *, add: bool = False) -> Import:
    """The roster after a file. Pure; a second time the file can change only what the first left in doubt.

    A line belongs to the student who has its id, LMS id, SIS id, login or e-mail, else to the only one with exactly
    its name. What it gives is taken over, what it leaves open stays. A line of nobody is a new student, unless a name
    in the roster is so like its own that it may be the same person, or it has no more than a name. Then, as where two
    students or two lines could be meant, it is an `UncertainLine` and changes nothing. `add` makes strangers new
    students even where a name is like theirs.
    """
    index = RosterIndex(roster.students)
    owned = [(entry, _owner(entry, index, add=add)) for entry in _distinct(file.entries)]
    rivals = _rivals(owned)
    merging = _Merging(roster, file)
    for entry, owner in owned:
        student = owner.student if owner else None
        if entry.line in rivals:
            rivalry = Match(name=entry.shown, why=rivals[entry.line])
            merging.doubt(entry, rivalry, about=[student] if student else [])
        elif owner is None:
            merging.add(entry)
        elif student is None:
            merging.doubt(entry, owner, about=owner.candidates)
        else:
            merging.update(student, entry, owner.by)
    return merging.result()


class _Merging:
    """A roster into which a file is taken over, line by line."""

    def __init__(self, roster: Roster, file: RosterFile) -> None:
        self._roster = roster
        self._file = file
        self._students = {student.id: student for student in roster.students}
        self._added: list[str] = []
        self._changes: list[Change] = []
        self._unchanged = 0
        self._doubts: list[UncertainLine] = []
        self._seen: set[str] = set()
        """Ids of students whom the file has, or may have: they are not certainly absent."""
        self._taken = {folded(entry.values["id"]) for entry in file.entries if "id" in entry.values}
        """What no new id may be: everything that tells somebody apart, and the ids that the file itself gives."""
        for student in roster.students:
            self._taken |= _keys(student)

    def add(self, entry: RosterLine) -> None:
        """Make a new student of a line."""
        student = Student(id=_new_id(entry, self._taken), also=_listed(entry), **_details(entry))
        self._put(student)
        self._added.append(student.id)

    def update(self, owner: Student, entry: RosterLine, by: str) -> None:
        """Take over what the line of a student gives, who was known `by` that."""
        details = _details(entry)
        if any_order(details.get("name", "")) == any_order(owner.name):
            details.pop("name", None)  # "Lovelace, Ada" and "Ada Lovelace" are one name
        also = owner.also + tuple(name for name in _listed(entry) if name not in owner.also)
        student = replace(owner, **details, also=also)
        changes = list(_changes(owner, student, (*details, "also"), by))
        self._put(student)
        self._changes += changes
        self._unchanged += not changes

    def doubt(self, entry: RosterLine, match: Match, about: Iterable[Student]) -> None:
        """Leave out a line that may be about these students."""
        self._doubts.append(UncertainLine(line=entry.line, match=match))
        self._seen |= {student.id for student in about}

    def result(self) -> Import:
        """What all of this made of the roster."""
        students = tuple(self._students.values())
        is_whole_class = self._file.kind != "plain"
        return Import(
            roster=Roster(students=students, canvas=merged_columns(self._roster.canvas, self._file.canvas)),
            kind=self._file.kind,
            added=tuple(self._students[student] for student in self._added),
            changes=tuple(self._changes),
            unchanged=self._unchanged,
            doubts=tuple(self._doubts),
            absent=tuple(student for student in students if is_whole_class and student.id not in self._seen),
            notes=self._file.notes,
        )

    def _put(self, student: Student) -> None:
        self._students[student.id] = student
        self._taken |= _keys(student)
        self._seen.add(student.id)


def _changes(old: Student, new: Student, names: Iterable[str], by: str) -> Iterator[Change]:
    """Those of the fields that differ, as a person reads them."""
    for name in names:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            label = KEYS.get(name, name.replace("_", " "))
            yield Change(student=old.id, field=label, old=_as_text(before), new=_as_text(after), by=by)


def _as_text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "; ".join(value)


def _distinct(entries: Iterable[RosterLine]) -> list[RosterLine]:
    """The lines that differ. Of equal ones it is the first, with its number, where the last of them stands."""
    distinct: dict[frozenset[tuple[str, str]], RosterLine] = {}
    for entry in entries:
        values = frozenset(entry.values.items())
        first = distinct.pop(values, entry)
        distinct[values] = first
    return list(distinct.values())


def _rivals(owned: Sequence[tuple[RosterLine, Match | None]]) -> dict[int, str]:
    """Why lines are in doubt that say different things of one key or of one student, by their numbers."""
    about: dict[tuple[str, str], list[RosterLine]] = defaultdict(list)
    for entry, owner in owned:
        for key, label in KEYS.items():
            if key in entry.values:
                about[label, folded(entry.values[key])].append(entry)
        if owner and owner.student:
            about["student", owner.student.id].append(entry)
    rivals: dict[int, str] = {}
    for (label, value), entries in about.items():
        if len(entries) == 1:
            continue
        for entry in entries:
            others = ", ".join(str(other.line) for other in entries if other is not entry)
            rivals.setdefault(entry.line, f"line {others} is about the {label} {value} too, and says something else")
    return rivals


def _owner(entry: RosterLine, index: RosterIndex, *, add: bool) -> Match | None:
    """Whose line it is: a Match, with or without a student; None for somebody new."""
    known = _owner_by_keys(entry, index) or _doubt_about_id(entry, index) or _owner_by_name(entry, index)
    if known or add or not index.students:
        return known
    return _stranger(entry, index)


def _owner_by_keys(entry: RosterLine, index: RosterIndex) -> Match | None:
    """The student who has one of the line's keys, unless another has another; None when nobody has any."""
    shared: dict[str, str] = {}
    for key in KEYS:
        for student in index.having(key, entry.values.get(key, "")):
            shared.setdefault(student.id, key)  # by the surest of those they share
    owners = tuple(index.students[student] for student in shared)
    if len(owners) > 1:
        why = " and ".join(f"its {KEYS[shared[owner.id]]} is that of {owner}" for owner in owners)
        return Match(name=entry.shown, why=why, candidates=owners)
    return _unless_contradicted(entry, owners[0], shared[owners[0].id]) if owners else None


def _doubt_about_id(entry: RosterLine, index: RosterIndex) -> Match | None:
    """The doubt about a line with an id of nobody, where that is something else of somebody."""
    others = tuple(index.identified(entry.values.get("id", "")))
    if not others:
        return None
    why = f"its id is another's login, e-mail or number: that of {', '.join(map(str, others))}"
    return Match(name=entry.shown, why=why, candidates=others)


def _owner_by_name(entry: RosterLine, index: RosterIndex) -> Match | None:
    """The only student with exactly the line's name, or competition name where it has no other; None for nobody."""
    name, nickname = entry.values.get("name", ""), entry.values.get("competition_name", "")
    called = index.named(name) if name else index.competing_as(nickname)
    namesakes = tuple(student for student in called if not _contradictions(entry, student))
    if len(namesakes) == 1:
        return Match(name=entry.shown, student=namesakes[0], by="name")
    if namesakes:
        return Match(name=entry.shown, why=f"{len(namesakes)} students have this name", candidates=namesakes)
    return None


def _stranger(entry: RosterLine, index: RosterIndex) -> Match | None:
    """A doubt about a line of nobody; None when it is surely somebody new."""
    if KEYS.keys().isdisjoint(entry.values):
        match = index.match(entry.shown)
        why = match.why or f"it may be {match.student}, by {match.by}"
        candidates = match.candidates if match.student is None else (match.student,)
        return Match(name=entry.shown, why=why, candidates=candidates)
    nearest = index.nearest(entry.values.get("name", ""), at_least=ALIKE)
    alike = tuple(student for student in nearest if not _contradictions(entry, student))
    return Match(name=entry.shown, why="not in the roster, but like a name there", candidates=alike) if alike else None


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


def _details(entry: RosterLine) -> dict[str, str]:
    """What the line says of a student, but for the id and the other names."""
    return {key: value for key, value in entry.values.items() if key not in ("id", "also")}


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
