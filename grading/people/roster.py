"""Who is in the course: `roster.csv` in the course directory, and one student behind every name that turns up.

A student has one name in Canvas, another in Moodle, a third in a competition and a fourth on the file handed in.
`match` finds who is meant and takes only what is certain; who is merely likely is listed, nearest first, for a person
to decide, and `link` keeps what was decided. `merge` fills the roster from what learning platforms export.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from autograder.model.errors import ConfigError, did_you_mean
from autograder.model.files import write_whole
from grading.common.directory import CourseDirectory
from grading.common.spreadsheet import clean, read_csv, restored, to_csv

ROSTER = "roster.csv"
CANVAS = "canvas.csv"
NEAR = 60.0
"""Similarity, of 100, from which somebody is worth listing as a candidate."""
CANDIDATES = 3
BEFORE_THE_AT = "e-mail before the @"


@dataclass(frozen=True, kw_only=True, slots=True)
class Student:
    """One person, and every name and number that stands for them. What is not known is empty."""

    id: str
    """Ours; it never changes."""
    name: str = ""
    """As the learning platform writes it: "Lovelace, Ada" in Canvas, "Ada Lovelace" in Moodle."""
    email: str = ""
    lms_id: str = ""
    """The platform's number: the column ID in Canvas."""
    sis_id: str = ""
    """The university's number: SIS User ID in Canvas, ID number in Moodle."""
    login: str = ""
    """SIS Login ID in Canvas, Username in Moodle."""
    section: str = ""
    """Or group."""
    competition_name: str = ""
    also: tuple[str, ...] = ()
    """Other names that a person said belong to this student."""

    def __str__(self) -> str:
        return f"{self.id} ({self.name})" if self.name and self.name != self.id else self.id


KEYS: Mapping[str, str] = {"id": "id", "lms_id": "LMS id", "sis_id": "SIS id", "login": "login", "email": "e-mail"}
"""The fields that tell people apart, the surest first, and what each is called in messages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CanvasColumn:
    """An assignment's column in Canvas's gradebook."""

    id: str
    title: str
    points: float | None
    """Points possible there; None where Canvas does not say."""
    assignment: str = ""
    """Ours that it holds, by its folder's name; empty when none or not known yet."""

    @property
    def header(self) -> str:
        """As Canvas writes the column, and finds it again."""
        return f"{self.title} ({self.id})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Roster:
    """Everyone in the course, and the columns that Canvas has for it."""

    students: tuple[Student, ...] = ()
    canvas: tuple[CanvasColumn, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """Whom a name means: one student, or why that is not certain and who is nearest."""

    name: str
    student: Student | None = None
    by: str = ""
    """What was equal: "id", "e-mail", "name" ...; empty when nothing was."""
    why: str = ""
    """Empty when the student is certain."""
    candidates: tuple[Student, ...] = ()

    def __str__(self) -> str:
        if self.student is not None:
            return f"{self.name}: {self.student}, by {self.by}"
        nearest = ", ".join(text for text in map(str, self.candidates) if text not in self.why)
        return f"{self.name}: {self.why}" + (f"; nearest: {nearest}" if nearest else "")


def match(name: str, roster: Roster) -> Match:
    """Whom a name means: an id, number, e-mail, login, competition name, full name or name of an uploaded file.

    Certain is what equals something of one student and of nobody else, letter case and the order of given and family
    name aside. Everything else comes back with the nearest candidates, never with a student.
    """
    return RosterIndex(roster.students).match(name)


def reconcile(names: Iterable[str], roster: Roster) -> tuple[dict[str, Student], tuple[Match, ...]]:
    """The students of names, as of a gradebook or a leaderboard; and the names that are not certain.

    Two names of one student are both in doubt: which of them counts is for a person to say.
    """
    index = RosterIndex(roster.students)
    matches = {name: index.match(name) for name in names}
    times = Counter(match.student.id for match in matches.values() if match.student)
    certain, doubtful = {}, []
    for name, match in matches.items():
        student = match.student
        if student is None:
            doubtful.append(replace(match, name=name))
        elif times[student.id] > 1:
            others = (other.name for other in matches.values() if other.student == student and other is not match)
            why = f"it is {student}, by {match.by}, and so is {' and '.join(others)}"
            doubtful.append(Match(name=name, by=match.by, why=why, candidates=(student,)))
        else:
            certain[name] = student
    return certain, tuple(doubtful)


def link(roster: Roster, name: str, student: str) -> Roster:
    """The roster with one more name for the student of that id.

    Raises ConfigError when there is no such student, or when the name is certainly somebody else's.
    """
    name = clean(name)
    owner = next((known for known in roster.students if known.id == student), None)
    if owner is None:
        nearest = ", ".join(map(str, RosterIndex(roster.students).nearest(student)))
        hint = f"Nearest: {nearest}." if nearest else "Import it first: neurograde roster import FILE"
        raise ConfigError(f'There is no student with the id "{student}" in the roster. {hint}')
    if not name or ";" in name:
        raise ConfigError(f'"{name}" cannot be linked to {owner}: give a name, without semicolons.')
    holder = match(name, roster)
    if holder.student == owner:
        return roster
    if holder.student is not None:
        raise ConfigError(f'"{name}" is {holder.student}, by {holder.by}. If that is wrong, change it in {ROSTER}.')
    linked = replace(owner, also=(*owner.also, name))
    return replace(roster, students=tuple(linked if known is owner else known for known in roster.students))


class RosterIndex:
    """Students, looked up by whatever stands for them."""

    def __init__(self, students: Iterable[Student]) -> None:
        self.students = {student.id: student for student in students}
        self._owners_of: dict[str, dict[str, str]] = defaultdict(dict)
        """By each text that stands for students their ids, and what of theirs it is."""
        self._by_key: dict[str, dict[str, list[Student]]] = {key: defaultdict(list) for key in KEYS}
        self._by_name: dict[str, list[Student]] = defaultdict(list)
        self._by_competition_name: dict[str, list[Student]] = defaultdict(list)
        self._latin_names: list[tuple[Student, str]] = []
        """Every name of everyone, made when the first nearest is asked for."""
        for student in self.students.values():
            self._add(student)

    def _add(self, student: Student) -> None:
        for by, text in _meanings(student):
            self._owners_of[text].setdefault(student.id, by)
        for key in KEYS:
            self._by_key[key][folded(getattr(student, key))].append(student)
        for name in {any_order(name) for name in (student.name, *student.also)}:
            self._by_name[name].append(student)
        for name in {folded(name) for name in (student.competition_name, *student.also)}:
            self._by_competition_name[name].append(student)

    def match(self, name: str) -> Match:
        """Whom a name means; see `match` of this module."""
        name = clean(name)
        owners = self._owners(name)
        if not owners:
            why = "nobody in the roster is called so" if self.students else "the roster is empty"
            return Match(name=name, why=why, candidates=self.nearest(name))
        candidates = tuple(self.students[owner] for owner in owners)
        by = " or ".join(dict.fromkeys(owners.values()))
        if len(candidates) == 1:
            return Match(name=name, student=candidates[0], by=by)
        why = "it may be " + " or ".join(f"{self.students[owner]}, by {by}" for owner, by in owners.items())
        return Match(name=name, by=by, why=why, candidates=candidates)

    def _owners(self, name: str) -> dict[str, str]:
        """The ids of all whom a name may mean, and what of theirs it is."""
        owners = self._owners_of.get(any_order(name), {}) | self._owners_of.get(folded(name), {})
        if self._is_id_of_nobody_else(name, owners):
            return {name: KEYS["id"]}
        if set(owners.values()) == {BEFORE_THE_AT}:
            return owners | self._with_in_their_name(name, owners)
        return owners

    def _is_id_of_nobody_else(self, name: str, owners: Mapping[str, str]) -> bool:
        """Whether it is a student's id, and of others at most what they call themselves.

        That cannot take our own id from a student; another's number, login or e-mail leaves it in doubt.
        """
        others = (by for owner, by in owners.items() if owner != name)
        return name in self.students and all(by not in KEYS.values() for by in others)

    def _with_in_their_name(self, word: str, but: Container[str]) -> dict[str, str]:
        """All others who have a word in their name: the "ivan" of ivan@example.org may be any Ivan."""
        others = (student for student in self.students.values() if student.id not in but)
        return {student.id: "name" for student in others if folded(word) in words(student.name)}

    def having(self, key: str, value: str) -> Sequence[Student]:
        """The students with this value of one of `KEYS`."""
        return self._by_key[key].get(folded(value), ()) if value else ()

    def identified(self, value: str) -> Sequence[Student]:
        """The students of whom any of `KEYS` is this."""
        return list(dict.fromkeys(student for key in KEYS for student in self.having(key, value)))

    def named(self, name: str) -> Sequence[Student]:
        """The students with exactly this full name, in any order of its words."""
        return self._by_name.get(any_order(name), ()) if name else ()

    def competing_as(self, name: str) -> Sequence[Student]:
        """The students with exactly this competition name."""
        return self._by_competition_name.get(folded(name), ()) if name else ()

    def nearest(self, name: str, *, at_least: float = NEAR) -> tuple[Student, ...]:
        """The students whose names are most like one, nearest first; every alphabet is read in Latin letters."""
        from rapidfuzz import fuzz, process

        if not self._latin_names:
            everyone = self.students.values()
            self._latin_names = [(student, latin) for student in everyone for latin in _names_in_latin(student)]
        apart = [latin for _, latin in self._latin_names]
        joined = [latin.replace(" ", "") for latin in apart]
        wanted = in_latin(name)
        rounds = (
            (fuzz.token_sort_ratio, wanted, apart, 1.0),
            (fuzz.ratio, wanted.replace(" ", ""), joined, 1.0),
            (fuzz.token_set_ratio, wanted, apart, 0.75),  # a word in common says less than all words nearly
        )
        likeness: dict[str, float] = defaultdict(float)
        for scorer, query, choices, weight in rounds:
            for _, score, place in process.extract(query, choices, scorer=scorer, limit=3 * CANDIDATES):
                student, _ = self._latin_names[place]
                likeness[student.id] = max(likeness[student.id], weight * score)
        near = [student for student in likeness if likeness[student] >= at_least]
        near.sort(key=lambda student: (-likeness[student], student))
        return tuple(self.students[student] for student in near[:CANDIDATES])


def _meanings(student: Student) -> Iterator[tuple[str, str]]:
    """Everything that means a student when it means nobody else, and what it is."""
    for key, by in KEYS.items():
        if value := getattr(student, key):
            yield by, folded(value)
    if student.competition_name:
        yield "competition name", folded(student.competition_name)
    for name in student.also:
        yield "a name linked to them", folded(name)
    if in_order := words(student.name):
        yield "name", any_order(student.name)
        family_first = in_order if "," in student.name else in_order[-1:] + in_order[:-1]
        yield "name, as Canvas puts it on files", "".join(family_first)
    if "@" in student.email:
        yield BEFORE_THE_AT, folded(student.email.partition("@")[0])


def _names_in_latin(student: Student) -> set[str]:
    own = (student.id, student.name, student.email.partition("@")[0], student.login, student.competition_name)
    return {latin for name in (*own, *student.also) if (latin := in_latin(name))}


def folded(text: str) -> str:
    """The text for comparing: letter case and ways to encode an accent do not count."""
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> list[str]:
    """Letters and digits in a row, for comparing."""
    return re.findall(r"[^\W_]+", folded(text))


def any_order(text: str) -> str:
    """A name for comparing: "Lovelace, Ada" and "Ada Lovelace" are one."""
    return " ".join(sorted(words(text)))


def in_latin(text: str) -> str:
    """The words of a text in Latin letters, for likeness only: two names may become one."""
    from anyascii import anyascii

    return " ".join(words(anyascii(text)))


# The files. A cell of them is neutral in a spreadsheet, and exactly what it was when it is read again.

STUDENT_FIELDS = tuple(field.name for field in fields(Student))
CANVAS_FIELDS = {"assignment": "assignment", "canvas_id": "id", "title": "title", "points": "points"}


def load_roster(course: CourseDirectory) -> Roster:
    """The roster of a course; empty when none was imported. Raises ConfigError for a file that was edited wrongly."""
    students: list[Student] = []
    seen: dict[tuple[str, str], int] = {}
    path = course.root / ROSTER
    for line, values in _read(path, STUDENT_FIELDS):
        also = tuple(name for part in values.pop("also", "").split(";") if (name := part.strip()))
        student = Student(**{"id": "", **values}, also=also)
        if not student.id:
            raise ConfigError(f"{path}, line {line} has no id. Give every student one of their own.")
        for key, label in KEYS.items():
            value = getattr(student, key)
            first = seen.setdefault((key, folded(value)), line) if value else line
            if first != line:
                raise ConfigError(
                    f"{path}, line {line} has the {label} of line {first}, {value}. If they are one person, make them "
                    "one line; else give each their own."
                )
        students.append(student)
    path = course.root / CANVAS
    columns = tuple(_column(path, line, values) for line, values in _read(path, tuple(CANVAS_FIELDS)))
    return Roster(students=tuple(students), canvas=columns)


def save_roster(course: CourseDirectory, roster: Roster) -> None:
    """Write the roster. Each file is replaced in one step: on PlatformError what was there before is there still."""
    if roster.canvas:
        rows = [[column.assignment, column.id, column.title, column.points] for column in roster.canvas]
        write_whole(course.root / CANVAS, to_csv([list(CANVAS_FIELDS), *rows]))
    lines = [[_as_cell(getattr(student, name)) for name in STUDENT_FIELDS] for student in roster.students]
    write_whole(course.root / ROSTER, to_csv([list(STUDENT_FIELDS), *lines]))


def _as_cell(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "; ".join(value)


def _column(path: Path, line: int, values: Mapping[str, str]) -> CanvasColumn:
    given = {CANVAS_FIELDS[name]: value for name, value in values.items()}
    try:
        points = float(given["points"]) if given.get("points") else None
        return CanvasColumn(id=given["id"], title=given["title"], points=points, assignment=given.get("assignment", ""))
    except (KeyError, ValueError):
        raise ConfigError(
            f"{path}, line {line} needs canvas_id, title, and points that are a number. Import Canvas's file again: "
            "neurograde roster import FILE"
        ) from None


def _read(path: Path, known: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of one of our files, by column, with what is empty left out. Nothing when there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Check who may read it.") from None
    rows = read_csv(content, str(path))
    _, header = next(rows, (1, list(known)))
    for title in header:
        if title not in known:
            hint = did_you_mean(title, known, otherwise=f"the columns are {', '.join(known)}.")
            raise ConfigError(f'{path}: there is no column "{title}"; {hint}')
    for line, row in rows:
        if len(row) > len(header):
            raise ConfigError(f"{path}, line {line} has more cells than the header. Quote the text that holds a comma.")
        yield line, {title: restored(cell) for title, cell in zip(header, row, strict=False) if cell}
