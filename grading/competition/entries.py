"""Which entries count: the daily limit, what a student selects, whose deadline. Pure: the clock is passed in."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from autograder.model.assignment import Competition
from autograder.model.errors import SubmissionError
from autograder.model.times import as_utc
from grading.records.attempts import Attempt, AttemptKind
from grading.rules.lateness import duration, said

SHORTEST_ID = 4
"""Digits of a submission's name that are enough when no other begins with them."""

Compare = Callable[[Attempt, Attempt], bool]
"""Says something of two attempts by their predictions and the labels, which are not for this module."""


def left_today(earlier: Iterable[Attempt], now: datetime, competition: Competition, zone: ZoneInfo) -> int:
    """How many more claims of a student count on the day of `now`, in the course's time zone.

    `earlier` are the student's attempts at the assignment. A file without a score was invalid and does not count.
    """
    day = _day(now, zone)
    claims = (one for one in earlier if one.kind is AttemptKind.CLAIM and one.scores is not None)
    return max(0, competition.daily_limit - sum(_day(one.handed_in, zone) == day for one in claims))


def admit(earlier: Iterable[Attempt], handed_in: datetime, competition: Competition, zone: ZoneInfo) -> None:
    """Refuse a claim when as many as count have come on its day, in the course's time zone.

    `earlier` is what `left_today` takes. Raises SubmissionError that tells when the next one may come.
    """
    if left_today(earlier, handed_in, competition, zone):
        return
    tomorrow = _day(handed_in, zone) + timedelta(days=1)
    # By way of UTC: where the clocks change at midnight, the day begins at another hour.
    opens = datetime.combine(tomorrow, time.min, zone).astimezone(UTC).astimezone(zone)
    wait = duration((as_utc(opens) - as_utc(handed_in)).total_seconds())
    limit = competition.daily_limit
    files = "1 file of predictions counts" if limit == 1 else f"{limit} files of predictions count"
    raise SubmissionError(
        f"{files} in a day, and today's are used. This one was not scored. "
        f"Hand it in again from {said(opens)} on, in {wait}."
    )


def choose(
    wanted: Sequence[str],
    attempts: Iterable[Attempt],
    competition: Competition,
    *,
    now: datetime,
    ends: datetime | None = None,
) -> tuple[str, ...]:
    """The submissions that a student wants to stand by, each named by the beginning of its id.

    `attempts` are the student's, `ends` is the student's own deadline. Raises SubmissionError after the deadline, for
    a name that fits none or several, and for too many.
    """
    if ends is not None and is_over(ends, as_utc(now)):
        raise SubmissionError(f"Entries could be selected until {said(ends)}. Those selected then stand.")
    kind = entry_kind(competition)
    ids = [one.submission for one in attempts if one.kind is kind and one.scores is not None]
    chosen: dict[str, None] = {}
    for name in wanted:
        found = [one for one in ids if one.startswith(name.lower())] if len(name) >= SHORTEST_ID else []
        if len(found) != 1:
            many = f"{len(found)} of your entries begin" if found else "None of your entries begins"
            there = ", ".join(one[:12] for one in ids) or "none yet"
            raise SubmissionError(
                f'{many} with "{name}". Give {SHORTEST_ID} or more digits of an entry\'s name; yours are: {there}.'
            )
        chosen[found[0]] = None
    if not 1 <= len(chosen) <= competition.selected:
        raise SubmissionError(
            f"{len(chosen)} entries were named. Select from 1 to {competition.selected}; the best of them will count."
        )
    return tuple(chosen)


def entries_in_time(
    scored: Iterable[Attempt], kind: AttemptKind, ends: datetime | None, extended: Mapping[str, datetime]
) -> dict[str, list[Attempt]]:
    """By student the entries that came before the student's deadline."""
    entries: defaultdict[str, list[Attempt]] = defaultdict(list)
    for one in scored:
        over = is_over(ends, came(one)) and is_over(extended.get(one.student, ends), came(one))
        if one.kind is kind and not over:
            entries[one.student].append(one)
    return entries


def entry_kind(competition: Competition) -> AttemptKind:
    return AttemptKind.CLAIM if competition.claims else AttemptKind.NOTEBOOK


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
