"""How late a submission is and what that costs, in the course's time zone. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from autograder.model.assignment import AssignmentSettings, LatePolicy
from autograder.model.errors import SubmissionError
from autograder.model.syllabus import Syllabus
from autograder.model.times import as_utc
from grading.rules.extensions import EVERY, Extension

DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Lateness:
    """How late a submission came, and what that costs."""

    seconds_late: float = 0.0
    """After the deadline, extension included; 0 when in time. Within the grace it is not 0, but `days` is."""
    days: int = 0
    """Days begun after the deadline, by the clock of the course's time zone."""
    percent: float = 0.0
    """Of what was earned, from 0 to 100, that lateness takes."""
    refused: bool = False
    """More days late than the policy takes: nothing counts."""
    due: datetime | None = None
    """The deadline that held for this student, in the course's time zone; None when there is none."""
    extended: bool = False
    """Whether an extension moved that deadline."""

    @property
    def is_late(self) -> bool:
        return self.days > 0


ON_TIME = Lateness()


def extended_due(due: datetime, extensions: Sequence[Extension], zone: ZoneInfo) -> datetime:
    """The deadline of somebody with these extensions, in `zone`: of several the latest, and never before `due`."""
    moved = [as_utc(e.until) if e.until else _clock_days_after(due, e.days or 0, zone) for e in extensions]
    return max(as_utc(due), *moved).astimezone(zone) if moved else due.astimezone(zone)


def lateness(
    handed_in: datetime,
    due: datetime | None,
    policy: LatePolicy,
    zone: ZoneInfo,
    extensions: Sequence[Extension] = (),
) -> Lateness:
    """How late something handed in is, for somebody with these extensions.

    A day late begins with the clock time of the deadline, so it has 23 or 25 hours when the clocks change. Late by no
    more than the grace is not late; past the grace, days count from the deadline itself. Raises ValueError for a time
    without a zone.
    """
    if handed_in.tzinfo is None or (due is not None and due.tzinfo is None):
        raise ValueError(f"{handed_in} and {due} cannot be compared without their time zones")
    if due is None:
        return ON_TIME
    mine = extended_due(due, extensions, zone)
    # In UTC: two times of one zone are compared by their clocks, an hour wrong when those change in between.
    seconds = max(0.0, (as_utc(handed_in) - as_utc(mine)).total_seconds())
    days = _days_begun(handed_in, mine, zone) if seconds > policy.grace_minutes * 60 else 0
    refused = policy.most_days is not None and days > policy.most_days
    return Lateness(
        seconds_late=seconds,
        days=days,
        percent=100.0 if refused else min(100.0, days * policy.percent_per_day),
        refused=refused,
        due=mine,
        extended=as_utc(mine) > as_utc(due),
    )


def judge(
    handed_in: datetime,
    *,
    student: str,
    assignment: str,
    settings: AssignmentSettings,
    syllabus: Syllabus,
    extensions: Sequence[Extension] = (),
) -> Lateness:
    """`lateness` by an assignment's own late policy, else the course's, with those extensions that are this student's.

    `extensions` are everybody's, as `load_extensions` reads them.
    """
    theirs = [e for e in extensions if e.student == student and e.assignment in (assignment, EVERY)]
    return lateness(handed_in, settings.due, settings.late or syllabus.late, syllabus.zone, theirs)


def require_open(late: Lateness, assignment: str) -> None:
    """Refuse what came too late to count. Raises SubmissionError with a text for the student.

    A competition has no late days: judge its claims by `LatePolicy(most_days=0)`.
    """
    if late.refused and late.due is not None:
        raise SubmissionError(
            f"{assignment} was due {time_text(late.due)}, and this came {duration(late.seconds_late)} later, too late "
            "to count. If you had a reason, ask your instructor for an extension."
        )


def time_text(when: datetime) -> str:
    """A time for people, with its zone: "2026-12-20 23:59 (Europe/Moscow)"."""
    return f"{when:%Y-%m-%d %H:%M} ({when.tzinfo})"


def duration(seconds: float) -> str:
    """A span of time for people, in its two largest units: "2 d 3 h", "5 min 10 s", "0.4 s"."""
    if seconds < 1:
        return f"{seconds:.1g} s"
    units = (("d", DAY_SECONDS), ("h", 3600), ("min", 60), ("s", 1))
    parts, left = [], int(seconds)
    for unit, size in units:
        count, left = divmod(left, size)
        parts.append((count, unit))
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def _clock_days_after(due: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same clock time `days` days later, in UTC.

    Where the clocks change at that very time it happens twice, or not at all: the student gets the later reading.
    """
    moved = due.astimezone(zone) + timedelta(days=days)
    return max(as_utc(moved.replace(fold=fold)) for fold in (0, 1))


def _days_begun(handed_in: datetime, due: datetime, zone: ZoneInfo) -> int:
    """The least n >= 1 for which it was handed in no later than n days, by the clock, after `due`."""
    elapsed = (as_utc(handed_in) - as_utc(due)).total_seconds()
    days = max(1, ceil(elapsed / DAY_SECONDS) - 2)  # clocks move by a day at most, on the date line
    while as_utc(handed_in) > _clock_days_after(due, days, zone):
        days += 1
    return days
