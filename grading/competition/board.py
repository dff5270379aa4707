"""A leaderboard as whoever may look at it may see it: nothing in it must not be shown. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Identity(StrEnum):
    """What students are called on a board."""

    NAMES = "names"
    PSEUDONYMS = "pseudonyms"


class Likeness(StrEnum):
    """How one of a student's entries compares with the best one."""

    BEST = "best"
    SAME = "same"
    """Equal in every digit that is shown; more was not asked."""
    NOISE = "noise"
    """Another score, but the two cannot be told apart."""
    APART = "apart"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A score with as many digits as may be shown."""

    value: float
    """Rounded."""
    digits: int
    low: float | None = None
    """Wilson's 95 % interval, rounded too; only for a final accuracy, which is what it is an interval of."""
    high: float | None = None

    def __str__(self) -> str:
        return f"{self.value:.{self.digits}f}"

    @property
    def interval(self) -> str:
        """The ends of the interval; empty where there is none."""
        return "" if self.low is None else f"{self.low:.{self.digits}f}-{self.high:.{self.digits}f}"


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardRow:
    """One student, or one baseline, on a board."""

    who: str
    rank: int | None = None
    """From 1. Equals share it, and the next is as many places further. None for a baseline, and without a score."""
    score: Shown | None = None
    """Public before the deadline, private after. None where there is none, and on a board of ranks only."""
    public: Shown | None = None
    """After the deadline, the public score of the same entry."""
    moved: int | None = None
    """After the deadline, places gained (or lost, below 0) against the public board; within those shared there, 0."""
    verified: Shown | None = None
    """What the grader's own run of the student's latest notebook scores, on the same rows as `score`."""
    tier: int | None = None
    """From 1: within a tier nobody can be told from its first. None where that was not asked, or before the end."""
    entries: int = 0
    """Handed in in time."""
    handed_in: datetime | None = None
    """When the entry that the row stands on came, in the course's time zone."""
    is_baseline: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Dot:
    """One entry in the picture of scores over time."""

    who: str
    handed_in: datetime
    value: float
    is_best: bool
    """The student's row stands on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A leaderboard at one moment, as whoever may look at it may see it."""

    rows: tuple[BoardRow, ...]
    """Best first; of equals a baseline, then who was earlier; those without a score at the end."""
    dots: tuple[Dot, ...]
    """Every entry, in the order handed in; none on a board of ranks only."""
    is_final: bool
    """Private scores, after the deadline; before it, public ones."""
    at: datetime
    """The moment, in the course's time zone."""
    ends: datetime | None
    """The deadline, in the course's time zone; None when there is none."""
    identity: Identity
    ranks_only: bool
    claims: bool
    """Entries are files of predictions, beside which a re-run can stand; else they are notebooks."""
    metric: str
    """Empty while nobody has a score."""
    rows_scored: int
    """How many held-out rows the shown score is of; 0 while nobody has one."""
    margin: Shown | None
    """Half of what Wilson's 95 % interval around the best score spans; None where that says nothing."""
    selected: int
    """Entries that a student may select for the final board."""
    students: int
    """Who have an entry."""
    entries: int
    """Theirs, handed in in time."""
    waiting: int
    """Students with an extension that has not ended: on the final board they come later."""
    outdated: int
    """Scores left out because they are by another metric or on other held-out data than the last one given."""

    @property
    def zone(self) -> str:
        return str(self.at.tzinfo)


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnEntry:
    """One of a student's own entries, as that student may see it."""

    submission: str
    handed_in: datetime
    public: Shown
    private: Shown | None
    """After the deadline."""
    in_time: bool
    is_selected: bool
    """By the student; after the deadline also where the student selected none and the board did."""
    likeness: Likeness | None
    """Against the student's best; None when it was too late, or nothing was given to tell by."""
