"""Times: always with their zone, compared in UTC. Two times of one zone would be compared by their clocks. Pure."""

from datetime import UTC, datetime


def as_utc(when: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError for a time without a zone."""
    if when.tzinfo is None:
        raise ValueError(f"{when} has no time zone")
    return when.astimezone(UTC)


def naive_utc(when: datetime) -> datetime:
    """The same moment in UTC and without a zone, as nbgrader keeps every time. Raises ValueError as `as_utc` does."""
    return as_utc(when).replace(tzinfo=None)
