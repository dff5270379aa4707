"""Which entries count: the daily limit, what a student selects, whose deadline. Pure: the clock is passed in."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from autograder.model.assignment import Competition
from autograder.model.errors import SubmissionError
from autograder.model.language import plural
from autograder.model.times import as_utc
from grading.records.attempts import Attempt, AttemptKind
from grading.rules.lateness import duration, time_text

SHORTEST_ID = 4
"""Digits of a submission's name that are enough when no other begins with them."""

Compare = Callable[[Attempt, Attempt], bool]
"""Says something of two attempts by their predictions and the labels, which are not for this module."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """The competition of one assignment at one moment: what decides which entries count."""

    competition: Competition
    now: datetime
    zone: ZoneInfo
    """The course's, in which times are told."""
    ends: datetime | None = None
    """The deadline; None when there is none."""
    extended: Mapping[str, datetime] = field(default_factory=dict)
    """By student another deadline. It never takes time away."""
    selections: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By student the submissions that the student wants to stand by."""

    @property
    def entry_kind(self) -> AttemptKind:
        """What students enter: files of predictions, or notebooks."""
        return AttemptKind.CLAIM if self.competition.claims else AttemptKind.NOTEBOOK

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed, for whoever has no other."""
        return is_over(self.ends, as_utc(self.now))

    def deadline(self, student: str) -> datetime | None:
        """The student's own: the extended one where that is later."""
        extended = self.extended.get(student)
        if self.ends is None or extended is None:
            return self.ends
        return max(self.ends, extended, key=as_utc)

    def is_over_for(self, student: str) -> bool:
        """Whether the student's own deadline has passed."""
        return is_over(self.deadline(student), as_utc(self.now))

    def is_in_time(self, attempt: Attempt) -> bool:
        """Whether it came before its student's deadline, or at it."""
        return not is_over(self.deadline(attempt.student), came(attempt))


def left_today(earlier: Iterable[Attempt], now: datetime, competition: Competition, zone: ZoneInfo) -> int:
    """How many more claims of a student count on the day of `now`, in the course's time zone.

    `earlier` are the student's attempts at the assignment. A file without a score was invalid and does not count.
    """
    day = _day(now, zone)
    claims = (attempt for attempt in earlier if attempt.kind is AttemptKind.CLAIM and attempt.scores is not None)
    return max(0, competition.daily_limit - sum(_day(claim.handed_in, zone) == day for claim in claims))


def admit(earlier: Iterable[Attempt], handed_in: datetime, competition: Competition, zone: ZoneInfo) -> None:
    """Refuse a claim when as many as count have come on its day, in the course's time zone.

    `earlier` is what `left_today` takes. Raises SubmissionError that tells when the next one may come.
    """
    if left_today(earlier, handed_in, competition, zone):
        return
    tomorrow = _day(handed_in, zone) + timedelta(days=1)
    # By way of UTC: where the clocks change at midnight, the day begins at another hour.
    opens = as_utc(datetime.combine(tomorrow, time.min, zone)).astimezone(zone)
    wait = duration((as_utc(opens) - as_utc(handed_in)).total_seconds())
    limit = competition.daily_limit
    files = plural(limit, "file of predictions counts", "files of predictions count")
    raise SubmissionError(
        f"{limit} {files} in a day, and today's are used. This one was not scored. "
        f"Hand it in again from {time_text(opens)} on, in {wait}."
    )


def choose(student: str, wanted: Sequence[str], attempts: Iterable[Attempt], contest: Contest) -> tuple[str, ...]:
    """The submissions that a student wants to stand by, each named by the beginning of its id.

    `attempts` are the student's. Raises SubmissionError after the student's deadline, for a name that fits none or
    several, and for too many.
    """
    deadline = contest.deadline(student)
    if deadline is not None and contest.is_over_for(student):
        until = time_text(deadline.astimezone(contest.zone))
        raise SubmissionError(f"Entries could be selected until {until}. Those selected then stand.")
    entries = [
        attempt.submission for attempt in attempts if attempt.kind is contest.entry_kind and attempt.scores is not None
    ]
    chosen = tuple(dict.fromkeys(_entry_named(name, entries) for name in wanted))
    most = contest.competition.selected
    if not 1 <= len(chosen) <= most:
        raise SubmissionError(
            f"{len(chosen)} entries were named. Select from 1 to {most}; the best of them will count."
        )
    return chosen


def _entry_named(name: str, entries: Sequence[str]) -> str:
    """The entry whose id begins with a name. Raises SubmissionError when none does, or several do."""
    fitting = [entry for entry in entries if entry.startswith(name.lower())] if len(name) >= SHORTEST_ID else []
    if len(fitting) == 1:
        return fitting[0]
    count = f"{len(fitting)} of your entries begin" if fitting else "None of your entries begins"
    yours = ", ".join(entry[:12] for entry in entries) or "none yet"
    raise SubmissionError(
        f'{count} with "{name}". Give {SHORTEST_ID} or more digits of an entry\'s name; yours are: {yours}.'
    )


def entries_in_time(scored: Iterable[Attempt], contest: Contest) -> dict[str, list[Attempt]]:
    """By student the entries that came before the student's deadline."""
    entries: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in scored:
        if attempt.kind is contest.entry_kind and contest.is_in_time(attempt):
            entries[attempt.student].append(attempt)
    return entries


def came(attempt: Attempt) -> datetime:
    return as_utc(attempt.handed_in)


def order(attempt: Attempt) -> tuple[datetime, str]:
    """By time; the second is there so that two of the same second are never the other way round."""
    return came(attempt), attempt.submission


def is_over(ends: datetime | None, when: datetime) -> bool:
    """Whether a deadline is over at a time in UTC; what comes at the deadline is in time."""
    return ends is not None and when > as_utc(ends)


def _day(when: datetime, zone: ZoneInfo) -> date:
    return as_utc(when).astimezone(zone).date()
