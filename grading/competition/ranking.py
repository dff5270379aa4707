"""Who stands where in a competition. Pure: attempts in, rows out; the clock and every name are passed in.

A `Board` holds nothing that must not be shown. Before the deadline that is the public score to two decimals, and the
ranks, the choice of a student's best and every comparison go by those two decimals: in simulation they stop what a
class can learn of the labels by uploading file after file, and a rank by more digits would give them away again.
Exact scores stay in the ledger.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from statistics import NormalDist
from types import MappingProxyType
from zoneinfo import ZoneInfo

from autograder.model.assignment import Competition
from autograder.model.errors import SubmissionError
from grading.common.spreadsheet import clean
from grading.records.ledger import Attempt, Kind, latest
from grading.rules.lateness import duration, said
from grading.scoring.score import FINAL_DIGITS, PUBLIC_DIGITS, Score, Scores

SHORTEST_ID = 4
"""Digits of a submission's name that are enough when no other begins with them."""

Compare = Callable[[Attempt, Attempt], bool]
"""Says something of two attempts by their predictions and the labels, which are not for this module."""
NO_NAMES: Mapping[str, str] = MappingProxyType({})
NO_DEADLINES: Mapping[str, datetime] = MappingProxyType({})
NO_SELECTIONS: Mapping[str, Sequence[str]] = MappingProxyType({})


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
class Row:
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

    rows: tuple[Row, ...]
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
class Entry:
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


def board(
    attempts: Iterable[Attempt],
    competition: Competition,
    *,
    now: datetime,
    zone: ZoneInfo,
    ends: datetime | None = None,
    extended: Mapping[str, datetime] = NO_DEADLINES,
    selections: Mapping[str, Sequence[str]] = NO_SELECTIONS,
    names: Mapping[str, str] = NO_NAMES,
    identity: Identity = Identity.NAMES,
    ranks_only: bool = False,
    apart: Compare | None = None,
) -> Board:
    """The board of one assignment at `now`.

    `attempts` are the last word on each submission, of every kind; what was handed in after `now`, or after its
    student's deadline (`ends`, or the later one in `extended`), is not on it. Before `ends` a row stands on the
    student's best public score; after it, on the best private score among the first `competition.selected` of the
    student's `selections`, or, where none of those counts, of the best public ones. `names` are what students are
    called, their ids where it has none. `apart` says whether two attempts differ beyond chance on private rows, and
    makes tiers.

    Raises ValueError for a time without a zone, and for a student without a pseudonym where those are asked for.
    """
    when = _utc(now)
    view = _View(final=_is_over(ends, when), zone=zone, names=names, identity=identity, ranks_only=ranks_only)
    waiting = {student for student, late in extended.items() if view.final and not _is_over(late, when)}
    there = [one for one in attempts if _utc(one.handed_in) <= when and one.student not in waiting]
    scored, outdated = _comparable(there)
    contenders = [
        _Contender.of(mine, view.final, selections.get(student, ()), competition.selected)
        for student, mine in _in_time(scored, _entry_kind(competition), ends, extended).items()
    ]
    verified = _verified(there, scored) if competition.claims else {}
    ranked = _ranked(contenders, verified, view)
    tiered = _with_tiers(ranked, apart) if view.final and apart else [row for row, _ in ranked]
    rows = (*_with_baselines(tiered, scored, view), *_without_entry(contenders, verified, view))
    side = view.side(ranked[0][1]) if ranked else None
    return Board(
        rows=tuple(view.permitted(row) for row in rows),
        dots=() if ranks_only else tuple(_dots(contenders, view)),
        is_final=view.final,
        at=when.astimezone(zone),
        ends=_utc(ends).astimezone(zone) if ends else None,
        identity=identity,
        ranks_only=ranks_only,
        claims=competition.claims,
        metric=side.metric if side else "",
        rows_scored=side.n if side else 0,
        margin=view.margin(side) if side else None,
        selected=competition.selected,
        students=len(contenders),
        entries=sum(len(one.entries) for one in contenders),
        waiting=len(waiting),
        outdated=outdated,
    )


def own_entries(
    attempts: Iterable[Attempt],
    competition: Competition,
    *,
    now: datetime,
    zone: ZoneInfo,
    ends: datetime | None = None,
    selected: Sequence[str] = (),
    within_noise: Compare | None = None,
) -> tuple[Entry, ...]:
    """One student's entries at `now`, in the order handed in, each beside the best.

    `attempts` are the student's, `ends` is the student's own deadline. `within_noise(one, best)` says whether two
    cannot be told apart on public rows, or after the deadline on private ones. It is not asked about scores that look
    the same: whether a file with one other row passes the Ladder's test tells that row's label.
    """
    when = _utc(now)
    view = _View(final=_is_over(ends, when), zone=zone, names=NO_NAMES)
    scored, _ = _comparable(one for one in attempts if _utc(one.handed_in) <= when)
    mine = sorted((one for one in scored if one.kind is _entry_kind(competition)), key=_order)
    counted = [one for one in mine if not _is_over(ends, _came(one))]
    best = _Contender.of(counted, view.final, selected, competition.selected).best if counted else None
    chosen = {one.submission for one in _chosen(counted, selected, competition.selected)} if view.final else {*selected}
    in_time = {one.submission for one in counted}
    return tuple(
        Entry(
            submission=one.submission,
            handed_in=_came(one).astimezone(zone),
            public=view.public(one),
            private=view.shown(one) if view.final else None,
            in_time=one.submission in in_time,
            is_selected=one.submission in chosen,
            likeness=_likeness(one, best, view, within_noise) if best and one.submission in in_time else None,
        )
        for one in mine
    )


def left_today(earlier: Iterable[Attempt], now: datetime, competition: Competition, zone: ZoneInfo) -> int:
    """How many more claims of a student count on the day of `now`, in the course's time zone.

    `earlier` are the student's attempts at the assignment. A file without a score was invalid and does not count.
    """
    day = _day(now, zone)
    claims = (one for one in earlier if one.kind is Kind.CLAIM and one.scores is not None)
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
    wait = duration((_utc(opens) - _utc(handed_in)).total_seconds())
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
    if ends is not None and _is_over(ends, _utc(now)):
        raise SubmissionError(f"Entries could be selected until {said(ends)}. Those selected then stand.")
    kind = _entry_kind(competition)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Contender:
    """A student with an entry."""

    student: str
    entries: Sequence[Attempt]
    """In the order handed in; at least one."""
    best: Attempt
    """On which the row stands."""
    public: float
    """The best public score, as shown before the deadline."""

    @classmethod
    def of(cls, entries: Iterable[Attempt], final: bool, selection: Sequence[str], most: int) -> "_Contender":
        mine = sorted(entries, key=_order)
        # `max` takes the first of equals, which is the earliest.
        best_public = max(mine, key=_public_as_shown)
        best = max(_chosen(mine, selection, most), key=_private_as_shown) if final else best_public
        return cls(student=mine[0].student, entries=mine, best=best, public=_public_as_shown(best_public))


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """What may be seen, and what students are called."""

    final: bool
    zone: ZoneInfo
    names: Mapping[str, str]
    identity: Identity = Identity.NAMES
    ranks_only: bool = False

    def called(self, student: str) -> str:
        name = self.names.get(student)
        if name is None and self.identity is Identity.PSEUDONYMS:
            raise ValueError("a student has no pseudonym: make them of everyone with an attempt")
        return clean(name or student)

    @property
    def digits(self) -> int:
        return FINAL_DIGITS if self.final else PUBLIC_DIGITS

    def value(self, attempt: Attempt) -> float:
        return round(self.side(attempt).value, self.digits)

    def side(self, attempt: Attempt) -> Score:
        return _scores(attempt).private if self.final else _scores(attempt).public

    def shown(self, attempt: Attempt) -> Shown:
        score = self.side(attempt)
        has_interval = self.final and score.metric == "accuracy"
        return Shown(
            value=self.value(attempt),
            digits=self.digits,
            low=round(score.low, self.digits) if has_interval else None,
            high=round(score.high, self.digits) if has_interval else None,
        )

    def public(self, attempt: Attempt) -> Shown:
        return Shown(value=_public_as_shown(attempt), digits=PUBLIC_DIGITS)

    def margin(self, score: Score) -> Shown | None:
        if score.metric != "accuracy" or self.ranks_only:
            return None
        # Of the score as shown: the exact one's interval would tell a little of the digits left out.
        half = round(_half_interval(round(score.value, self.digits), score.n), self.digits)
        return Shown(value=half, digits=self.digits) if half else None

    def permitted(self, row: Row) -> Row:
        return replace(row, score=None, public=None, verified=None) if self.ranks_only else row


def _ranked(
    contenders: Sequence[_Contender], verified: Mapping[str, Attempt], view: _View
) -> list[tuple[Row, Attempt]]:
    """Rows with the attempt that each stands on, best first, of equals the earlier."""
    publicly = [one.public for one in contenders]
    shown = {one.student: view.shown(one.best) for one in contenders}
    places = _places(score.value for score in shown.values())
    rows = [
        (
            Row(
                who=view.called(one.student),
                rank=places[shown[one.student].value],
                score=shown[one.student],
                public=view.public(one.best) if view.final else None,
                moved=_moved(publicly, one.public, places[shown[one.student].value]) if view.final else None,
                verified=view.shown(verified[one.student]) if one.student in verified else None,
                entries=len(one.entries),
                handed_in=_came(one.best).astimezone(view.zone),
            ),
            one.best,
        )
        for one in contenders
    ]
    return sorted(rows, key=lambda pair: (pair[0].rank, _came(pair[1]), pair[0].who))


def _places(scores: Iterable[float]) -> dict[float, int]:
    """The rank of each score: 1 for the highest, shared by equals, and the next is as many places further."""
    ordered = sorted(scores, reverse=True)
    return {score: place for place, score in reversed(list(enumerate(ordered, 1)))}


def _moved(publicly: Sequence[float], score: float, rank: int) -> int:
    """Places between a rank and those that equals of this public score shared."""
    first = 1 + sum(other > score for other in publicly)
    last = sum(other >= score for other in publicly)
    return min(0, last - rank) + max(0, first - rank)


def _with_tiers(ranked: Sequence[tuple[Row, Attempt]], apart: Compare) -> list[Row]:
    """A new tier begins with whoever can be told from the first of the one before; equals are not parted."""
    rows: list[Row] = []
    first = None
    for row, attempt in ranked:
        last = rows[-1] if rows else None
        tier = last.tier or 1 if last else 1
        if first is None or (last and row.rank != last.rank and apart(first, attempt)):
            tier, first = tier + (first is not None), attempt
        rows.append(replace(row, tier=tier))
    return rows


def _with_baselines(rows: Sequence[Row], scored: Iterable[Attempt], view: _View) -> list[Row]:
    """Baselines above those who are no better."""
    baselines = [
        Row(who=clean(view.names.get(one.student, one.student)), score=view.shown(one), is_baseline=True)
        for one in scored
        if one.kind is Kind.BASELINE
    ]
    return sorted((*baselines, *rows), key=lambda row: -row.score.value if row.score else 1.0)


def _without_entry(contenders: Iterable[_Contender], verified: Mapping[str, Attempt], view: _View) -> list[Row]:
    """Students whose notebook has a score but who have no claim on the board."""
    missing = verified.keys() - {one.student for one in contenders}
    rows = (Row(who=view.called(student), verified=view.shown(verified[student])) for student in missing)
    return sorted(rows, key=lambda row: row.who)


def _verified(there: Iterable[Attempt], scored: Iterable[Attempt]) -> dict[str, Attempt]:
    """By student the latest notebook, where it has a score to show."""
    comparable = {one.key for one in scored if one.kind is Kind.NOTEBOOK}
    last = latest(one for one in there if one.kind is Kind.NOTEBOOK)
    return {student: one for student, one in last.items() if one.key in comparable}


def _dots(contenders: Sequence[_Contender], view: _View) -> list[Dot]:
    called = {one.student: view.called(one.student) for one in contenders}
    dots = [
        Dot(
            who=called[one.student],
            handed_in=attempt.handed_in.astimezone(view.zone),
            value=view.value(attempt),
            is_best=attempt is one.best,
        )
        for one in contenders
        for attempt in one.entries
    ]
    return sorted(dots, key=lambda dot: (_utc(dot.handed_in), dot.who, dot.value))


def _likeness(one: Attempt, best: Attempt, view: _View, within_noise: Compare | None) -> Likeness | None:
    if one is best:
        return Likeness.BEST
    if view.value(one) == view.value(best):
        return Likeness.SAME
    if within_noise is None:
        return None
    return Likeness.NOISE if within_noise(one, best) else Likeness.APART


def _comparable(attempts: Iterable[Attempt]) -> tuple[list[Attempt], int]:
    """Those scored by the metric, on the data and the split, of whatever was scored last; and how many were not."""
    scored = [one for one in attempts if one.scores is not None]
    if not scored:
        return [], 0
    rule = _rule(max(scored, key=lambda one: _utc(one.recorded)))
    same = [one for one in scored if _rule(one) == rule]
    return same, len(scored) - len(same)


def _rule(attempt: Attempt) -> tuple[str, str, str]:
    scores = _scores(attempt)
    return scores.overall.metric, scores.overall.heldout_version, scores.split


def _in_time(
    scored: Iterable[Attempt], kind: Kind, ends: datetime | None, extended: Mapping[str, datetime]
) -> dict[str, list[Attempt]]:
    """By student the entries that came before the student's deadline."""
    entries: defaultdict[str, list[Attempt]] = defaultdict(list)
    for one in scored:
        over = _is_over(ends, _came(one)) and _is_over(extended.get(one.student, ends), _came(one))
        if one.kind is kind and not over:
            entries[one.student].append(one)
    return entries


def _chosen(entries: Sequence[Attempt], selection: Sequence[str], most: int) -> list[Attempt]:
    """The selected among entries in the order handed in; where none of them is, the best by exact public score."""
    there = {one.submission: one for one in entries}
    selected = [there[name] for name in dict.fromkeys(selection) if name in there]
    best = sorted(entries, key=lambda one: -_scores(one).public.value)
    return sorted((selected or best)[:most], key=_order)


def _entry_kind(competition: Competition) -> Kind:
    return Kind.CLAIM if competition.claims else Kind.NOTEBOOK


def _scores(attempt: Attempt) -> Scores:
    assert attempt.scores is not None
    return attempt.scores


def _public_as_shown(attempt: Attempt) -> float:
    return round(_scores(attempt).public.value, PUBLIC_DIGITS)


def _private_as_shown(attempt: Attempt) -> float:
    return round(_scores(attempt).private.value, FINAL_DIGITS)


def _half_interval(share: float, n: int) -> float:
    """Half of `metrics.wilson_interval` at 95 %, by its formula, without the seconds that importing SciPy takes."""
    z = NormalDist().inv_cdf(0.975)
    return z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)


def _came(attempt: Attempt) -> datetime:
    return _utc(attempt.handed_in)


def _order(attempt: Attempt) -> tuple[datetime, str]:
    """By time; the second is there so that two of the same second are never the other way round."""
    return _came(attempt), attempt.submission


def _is_over(ends: datetime | None, when: datetime) -> bool:
    """Whether a deadline is over at a time in UTC; what comes at the deadline is in time."""
    return ends is not None and when > _utc(ends)


def _utc(when: datetime) -> datetime:
    """In UTC: two times of one zone are compared by their clocks, an hour wrong when those change in between."""
    if when.tzinfo is None:
        raise ValueError(f"{when} has no time zone")
    return when.astimezone(UTC)


def _day(when: datetime, zone: ZoneInfo) -> date:
    return _utc(when).astimezone(zone).date()
