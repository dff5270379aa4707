"""Who stands where in an assignment: gathers ledger, deadlines and names, and has the pure ranking decide."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from autograder.model.assignment import AssignmentSettings, Competition
from autograder.model.errors import ConfigError
from autograder.model.house import House
from autograder.model.syllabus import Syllabus
from autograder.model.times import as_utc
from grading.common.directory import CourseDirectory
from grading.common.secret import read_term_secret
from grading.competition.board import Board, Identity, OwnEntry
from grading.competition.entries import Compare, Contest, choose, is_over, left_today
from grading.competition.ranking import own_entries, rank
from grading.people.pseudonyms import pseudonyms
from grading.records.attempts import Attempt, AttemptKind, Selection
from grading.records.database import Database
from grading.records.ledger import Ledger
from grading.rules.policy import SIGNIFICANCE
from grading.scoring.metrics import mcnemar, within_noise
from neurograde.services.competition.heldout import load_drawn
from neurograde.services.people.extensions import Deadlines
from neurograde.services.people.names import Names, Person


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnEntries:
    """A student's own entries, as that student may see them."""

    person: Person
    entries: tuple[OwnEntry, ...]
    left_today: int | None
    """How many more claims count today; None where there are none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selected:
    """What a student stands by on the private board."""

    person: Person
    entries: tuple[str, ...]
    """SHA-256 of the uploaded bytes, each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standings:
    """The attempts of one assignment and all that the board is made from, at one moment."""

    assignment: str
    settings: AssignmentSettings
    competition: Competition
    syllabus: Syllabus
    course: CourseDirectory
    ledger: Ledger
    deadlines: Deadlines
    now: datetime

    @staticmethod
    @contextmanager
    def open(house: House, course: CourseDirectory, assignment: str, moment: str | None) -> "Iterator[Standings]":
        """Open the ledger; `moment` is a time of the past, in the course's time zone, now if it is None.

        Raises ConfigError for an assignment that has no competition and for a moment that is none, or to come.
        """
        settings = house.settings(assignment)
        if settings.competition is None:
            raise ConfigError(f"{assignment} has no [competition] in its assignment.toml, so nobody stands anywhere.")
        course.require()
        syllabus = house.syllabus()
        with Database(course.database) as database:
            ledger = Ledger(database)
            names = Names.of(course, ledger)
            yield Standings(
                assignment=assignment,
                settings=settings,
                competition=settings.competition,
                syllabus=syllabus,
                course=course,
                ledger=ledger,
                deadlines=Deadlines.of(house, course, assignment, names),
                now=_moment(moment, syllabus),
            )

    def board(self, *, pseudonyms: bool, ranks_only: bool) -> Board:
        """The leaderboard; with tiers once it is final."""
        attempts = self.ledger.attempts(self.assignment)
        return rank(
            attempts,
            self._contest([attempt.student for attempt in attempts if attempt.kind is not AttemptKind.BASELINE]),
            names=self._pseudonyms(attempts) if pseudonyms else self.deadlines.names.shown(),
            identity=Identity.PSEUDONYMS if pseudonyms else Identity.NAMES,
            ranks_only=ranks_only,
            apart=self._apart() if is_over(self.settings.due, as_utc(self.now)) else None,
        )

    def entries(self, student: str) -> OwnEntries:
        """A student's own entries. Raises ConfigError for one who has none, and for a name that two bear."""
        person = self._person(student)
        mine = self.ledger.attempts(self.assignment, student=person.recorded, predictions=True)
        if not mine:
            raise ConfigError(f"{person} has handed in nothing for {self.assignment}. Check the name.")
        name = person.recorded
        entries = own_entries(name, mine, self._contest([name]), within_noise=self._within_noise(name))
        left = left_today(mine, self.now, self.competition, self.syllabus.zone) if self.competition.claims else None
        return OwnEntries(person=person, entries=entries, left_today=left)

    def select(self, student: str, wanted: Sequence[str]) -> Selected:
        """Note what the student stands by. Raises SubmissionError after the deadline or for what cannot be meant."""
        person = self._person(student)
        name = person.recorded
        mine = self.ledger.attempts(self.assignment, student=name)
        chosen = choose(name, wanted, mine, self._contest([name]))
        self.ledger.select(Selection(assignment=self.assignment, student=name, submissions=chosen))
        return Selected(person=person, entries=chosen)

    def _contest(self, students: Sequence[str]) -> Contest:
        """What decides which entries of these students count."""
        return Contest(
            competition=self.competition,
            now=self.now,
            zone=self.syllabus.zone,
            ends=self.settings.due,
            extended=self.deadlines.extended(students),
            selections=self.ledger.selections(self.assignment),
        )

    def _person(self, student: str) -> Person:
        return self.deadlines.names.find(student)

    def _pseudonyms(self, attempts: Sequence[Attempt]) -> dict[str, str]:
        roster = self.deadlines.names.roster
        everyone = {attempt.student for attempt in attempts} | {student.id for student in roster.students}
        return pseudonyms(everyone, read_term_secret(self.course))

    def _apart(self) -> Compare:
        """Whether two differ beyond chance on the private rows."""
        kept = load_drawn(self.course, self.assignment)
        private = ~kept.public
        answers = {
            attempt.key: np.array(attempt.predictions)[private]
            for attempt in self.ledger.attempts(self.assignment, predictions=True)
            if len(attempt.predictions) == len(private)
        }

        def apart(first: Attempt, other: Attempt) -> bool:
            if first.key not in answers or other.key not in answers:
                return False
            return mcnemar(kept.labels[private], answers[first.key], answers[other.key]).p < SIGNIFICANCE

        return apart

    def _within_noise(self, student: str) -> Compare:
        """Whether two cannot be told apart: on the public rows, after the student's deadline on the private ones."""
        kept = load_drawn(self.course, self.assignment)
        rows = ~kept.public if is_over(self.deadlines.due(student), as_utc(self.now)) else kept.public

        def alike(attempt: Attempt, best: Attempt) -> bool:
            ours, theirs = np.array(attempt.predictions), np.array(best.predictions)
            return len(ours) == len(theirs) == len(rows) and within_noise(kept.labels[rows], ours[rows], theirs[rows])

        return alike


def _moment(text: str | None, syllabus: Syllabus) -> datetime:
    now = datetime.now(UTC)
    if text is None:
        return now
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f'"{text}" is no time. Write it like 2026-12-20T18:00.') from None
    when = when if when.tzinfo else when.replace(tzinfo=syllabus.zone)
    if when > now:
        raise ConfigError(f"{when:%Y-%m-%d %H:%M} is yet to come: a board shows what was, and private scores wait.")
    return when
