"""Who is meant by a name: the one place where every service asks.

A student is known by the roster's id, full name, login, e-mail, numbers and linked names alike. Submissions are kept
under the name that they were handed in by, so a student's work may lie under another name than the roster's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from autograder.model.errors import ConfigError, nearest
from grading.common.directory import CourseDirectory
from grading.people.roster import Match, Roster, RosterIndex, Student, load_roster, reconcile
from grading.records.ledger import Ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A student of the course."""

    id: str
    """The roster's id; where the roster knows nobody of that name, the name that something was handed in by."""
    recorded: str
    """The name under which attempts and marks are kept; `id` where nothing was handed in."""
    student: Student | None = None
    """As the roster has them."""

    def __str__(self) -> str:
        return str(self.student) if self.student else self.id


class Names:
    """The roster beside the names that things were handed in by."""

    def __init__(self, roster: Roster, recorded: Iterable[str] = ()) -> None:
        self.roster = roster
        self._index = RosterIndex(roster.students)
        self._matches: dict[str, Match] = {}
        self._recorded = sorted(set(recorded))
        certain, self.doubtful = reconcile(self._recorded, roster) if roster.students else ({}, ())
        self._owner = {name: student.id for name, student in certain.items()}
        self._name_of = {student: name for name, student in self._owner.items()}

    @classmethod
    def of(cls, course: CourseDirectory, ledger: Ledger, also: Iterable[str] = ()) -> "Names":
        """The names of a course: what was handed in, and `also` those that something else is kept under."""
        return cls(load_roster(course), [*ledger.students(), *also])

    def find(self, text: str) -> Person:
        """The student whom a name means, whatever of theirs it is.

        Raises ConfigError for nobody's name, with the nearest, for one borne by two, and where work lies under two
        names of the student: it names both.
        """
        match = self._match(text)
        if match.student is not None:
            return self._in_roster(match.student, text)
        if text in self._recorded:
            return Person(id=text, recorded=text)
        if match.by:
            raise ConfigError(f"{text}: {match.why}. Give the id, the login or the e-mail of the one that is meant.")
        raise ConfigError(self._nobody(text, match))

    def owner_of(self, text: str) -> str:
        """The roster's id of whom a name certainly means, else the name itself: never somebody else's id.

        Whoever's file is in doubt is graded all the same, so this raises nothing.
        """
        match = self._match(text)
        if match.student is not None:
            return match.student.id
        return f"{text} (in doubt)" if match.by else text

    def require_one(self, text: str) -> None:
        """Raises ConfigError for a name that is borne by two of the roster, naming both."""
        match = self._match(text)
        if match.student is None and match.by:
            raise ConfigError(f"{text}: {match.why}. Give the id, the login or the e-mail of the one that is meant.")

    def _match(self, text: str) -> Match:
        if not self.roster.students:
            return Match(name=text)
        if text not in self._matches:  # looking for the nearest takes its time
            self._matches[text] = self._index.match(text)
        return self._matches[text]

    def shown(self) -> dict[str, str]:
        """What students are called, by the names things were handed in by and by ids, where the roster has a name."""
        called = {student.id: student.name for student in self.roster.students if student.name}
        by_file = {name: called[owner] for name, owner in self._owner.items() if owner in called}
        in_doubt = {match.name for match in self.doubtful}
        return {name: said for name, said in called.items() if name not in in_doubt} | by_file

    def _in_roster(self, student: Student, text: str) -> Person:
        if student.id in self._name_of:
            return Person(id=student.id, recorded=self._name_of[student.id], student=student)
        names = [name for name in self._recorded if self._match(name).student == student]
        if text in names:
            return Person(id=student.id, recorded=text, student=student)
        if len(names) > 1:
            raise ConfigError(
                f"Work of {student} lies under {' and '.join(names)}, and which of it counts is not certain. Name one "
                f"of them instead of {text}."
            )
        if not names and student.id in self._recorded:  # as somebody else's login, say
            why = self._match(student.id).why
            raise ConfigError(f"Work lies under {student.id}, and {why}. Name {student.id} to see it.")
        return Person(id=student.id, recorded=student.id, student=student)

    def _nobody(self, text: str, match: Match) -> str:
        known = [*self._recorded, *(student.id for student in self.roster.students)]
        near = [str(student) for student in match.candidates] or nearest(text, known, n=3)
        if near:
            return f"{text} has no grades in this course. The nearest are {', '.join(near)}."
        students = {self._owner.get(name, name) for name in known}
        return f"{text} has no grades in this course. There are {len(students)} students in it."
