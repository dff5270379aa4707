"""Who stands where in an assignment: gathers ledger, deadlines and names, and has the pure leaderboard decide."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from autograder.model.assignment import AssignmentSettings, Competition
from autograder.model.bundle import load_settings
from autograder.model.errors import ConfigError
from autograder.model.house import load_syllabus
from autograder.model.syllabus import Syllabus
from grading.common.directory import CourseDirectory
from grading.common.secret import term_secret
from grading.competition.board import Board, Identity, OwnEntry
from grading.competition.entries import Contest, choose, left_today
from grading.competition.ranking import own_entries, rank
from grading.people.pseudonyms import pseudonyms
from grading.people.roster import load_roster
from grading.records.attempts import Attempt, Selection
from grading.records.database import Database
from grading.records.ledger import Ledger
from grading.rules.extensions import EVERY, Extension
from grading.rules.extensions_file import load_extensions
from grading.rules.lateness import extended_due
from grading.rules.policy import SIGNIFICANCE
from grading.scoring import heldout_store as heldout
from grading.scoring.metrics import mcnemar, within_noise

Compare = Callable[[Attempt, Attempt], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standings:
    """The attempts of one assignment and all that the board is made from, at one moment."""

    assignment: str
    settings: AssignmentSettings
    competition: Competition
    syllabus: Syllabus
    course: CourseDirectory
    ledger: Ledger
    extensions: tuple[Extension, ...]
    now: datetime

    @staticmethod
    @contextmanager
    def open(source: Path, course: CourseDirectory, assignment: str, moment: str | None) -> "Iterator[Standings]":
        """Open the ledger; `moment` is a time of the past, in the course's time zone, now if it is None.

        Raises ConfigError for an assignment that has no competition and for a moment that is none, or to come.
        """
        settings = load_settings(source / assignment / "assignment.toml")
        if settings.competition is None:
            raise ConfigError(f"{assignment} has no [competition] in its assignment.toml, so nobody stands anywhere.")
        syllabus = load_syllabus(source)
        with Database(course.database) as database:
            yield Standings(
                assignment=assignment,
                settings=settings,
                competition=settings.competition,
                syllabus=syllabus,
                course=course,
                ledger=Ledger(database),
                extensions=load_extensions(course),
                now=_moment(moment, syllabus),
            )

    def board(self, *, pseudonyms: bool, ranks_only: bool) -> Board:
        """The leaderboard; with tiers once it is final."""
        attempts = self.ledger.attempts(self.assignment)
        return rank(
            attempts,
            self._contest(),
            names=self._pseudonyms(attempts) if pseudonyms else self._names(),
            identity=Identity.PSEUDONYMS if pseudonyms else Identity.NAMES,
            ranks_only=ranks_only,
            apart=self._apart() if self._is_over(self.settings.due) else None,
        )

    def entries(self, student: str) -> tuple[tuple[OwnEntry, ...], int | None]:
        """A student's own entries, and how many more claims count today. Raises ConfigError for one who has none."""
        mine = self.ledger.attempts(self.assignment, student=student, predictions=True)
        if not mine:
            raise ConfigError(f"{student} has handed in nothing for {self.assignment}. Check the name.")
        entries = own_entries(student, mine, self._contest(), within_noise=self._within_noise(student))
        claims = self.competition.claims
        return entries, left_today(mine, self.now, self.competition, self.syllabus.zone) if claims else None

    def select(self, student: str, wanted: Sequence[str]) -> tuple[str, ...]:
        """Note what the student stands by. Raises SubmissionError after the deadline or for what cannot be meant."""
        mine = self.ledger.attempts(self.assignment, student=student)
        chosen = choose(student, wanted, mine, self._contest())
        self.ledger.select(Selection(assignment=self.assignment, student=student, submissions=chosen))
        return chosen

    def _contest(self) -> Contest:
        students = {extension.student for extension in self.extensions}
        return Contest(
            competition=self.competition,
            now=self.now,
            zone=self.syllabus.zone,
            ends=self.settings.due,
            extended={student: due for student in students if (due := self._due(student)) is not None},
            selections=self.ledger.selections(self.assignment),
        )

    def _due(self, student: str) -> datetime | None:
        mine = [e for e in self.extensions if e.student == student and e.assignment in (self.assignment, EVERY)]
        due = self.settings.due
        return extended_due(due, mine, self.syllabus.zone) if due is not None else None

    def _names(self) -> dict[str, str]:
        return {one.id: one.name for one in load_roster(self.course).students if one.name}

    def _pseudonyms(self, attempts: Sequence[Attempt]) -> dict[str, str]:
        everyone = {one.student for one in attempts} | {one.id for one in load_roster(self.course).students}
        return pseudonyms(everyone, term_secret(self.course))

    def _is_over(self, due: datetime | None) -> bool:
        return due is not None and self.now > due

    def _apart(self) -> Compare:
        """Whether two differ beyond chance on the private rows."""
        kept = heldout.load(self.course, self.assignment)
        private = ~kept.public
        answers = {
            one.key: np.array(one.predictions)[private]
            for one in self.ledger.attempts(self.assignment, predictions=True)
            if len(one.predictions) == len(private)
        }

        def apart(first: Attempt, other: Attempt) -> bool:
            if first.key not in answers or other.key not in answers:
                return False
            return mcnemar(kept.labels[private], answers[first.key], answers[other.key]).p < SIGNIFICANCE

        return apart

    def _within_noise(self, student: str) -> Compare:
        """Whether two cannot be told apart: on the public rows, after the student's deadline on the private ones."""
        kept = heldout.load(self.course, self.assignment)
        rows = ~kept.public if self._is_over(self._due(student)) else kept.public

        def alike(one: Attempt, best: Attempt) -> bool:
            ours, theirs = np.array(one.predictions), np.array(best.predictions)
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
