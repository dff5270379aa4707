"""Who stands where in a competition. Pure: attempts in, rows out; the clock and every name are passed in.

A `Board` holds nothing that must not be shown. Before the deadline that is the public score to two decimals, and the
ranks, the choice of a student's best and every comparison go by those two decimals: in simulation they stop what a
class can learn of the labels by uploading file after file, and a rank by more digits would give them away again.
Exact scores stay in the ledger.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import NormalDist
from types import MappingProxyType
from zoneinfo import ZoneInfo

from autograder.model.assignment import Competition
from autograder.model.times import as_utc
from grading.common.spreadsheet import clean
from grading.competition.board import Board, BoardRow, Dot, Identity, Likeness, OwnEntry, Shown
from grading.competition.entries import Compare, came, entries_in_time, entry_kind, is_over, order
from grading.records.attempts import Attempt, AttemptKind, latest
from grading.scoring.score import FINAL_DIGITS, PUBLIC_DIGITS, Score, Scores

NO_NAMES: Mapping[str, str] = MappingProxyType({})
NO_DEADLINES: Mapping[str, datetime] = MappingProxyType({})
NO_SELECTIONS: Mapping[str, Sequence[str]] = MappingProxyType({})


def rank(
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
    when = as_utc(now)
    view = _View(final=is_over(ends, when), zone=zone, names=names, identity=identity, ranks_only=ranks_only)
    waiting = {student for student, late in extended.items() if view.final and not is_over(late, when)}
    there = [one for one in attempts if as_utc(one.handed_in) <= when and one.student not in waiting]
    scored, outdated = _comparable(there)
    contenders = [
        _Contender.of(mine, view.final, selections.get(student, ()), competition.selected)
        for student, mine in entries_in_time(scored, entry_kind(competition), ends, extended).items()
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
        ends=as_utc(ends).astimezone(zone) if ends else None,
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
) -> tuple[OwnEntry, ...]:
    """One student's entries at `now`, in the order handed in, each beside the best.

    `attempts` are the student's, `ends` is the student's own deadline. `within_noise(one, best)` says whether two
    cannot be told apart on public rows, or after the deadline on private ones. It is not asked about scores that look
    the same: whether a file with one other row passes the Ladder's test tells that row's label.
    """
    when = as_utc(now)
    view = _View(final=is_over(ends, when), zone=zone, names=NO_NAMES)
    scored, _ = _comparable(one for one in attempts if as_utc(one.handed_in) <= when)
    mine = sorted((one for one in scored if one.kind is entry_kind(competition)), key=order)
    counted = [one for one in mine if not is_over(ends, came(one))]
    best = _Contender.of(counted, view.final, selected, competition.selected).best if counted else None
    chosen = {one.submission for one in _chosen(counted, selected, competition.selected)} if view.final else {*selected}
    in_time = {one.submission for one in counted}
    return tuple(
        OwnEntry(
            submission=one.submission,
            handed_in=came(one).astimezone(zone),
            public=view.public(one),
            private=view.shown(one) if view.final else None,
            in_time=one.submission in in_time,
            is_selected=one.submission in chosen,
            likeness=_likeness(one, best, view, within_noise) if best and one.submission in in_time else None,
        )
        for one in mine
    )


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
        mine = sorted(entries, key=order)
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

    def permitted(self, row: BoardRow) -> BoardRow:
        return replace(row, score=None, public=None, verified=None) if self.ranks_only else row


def _ranked(
    contenders: Sequence[_Contender], verified: Mapping[str, Attempt], view: _View
) -> list[tuple[BoardRow, Attempt]]:
    """Rows with the attempt that each stands on, best first, of equals the earlier."""
    publicly = [one.public for one in contenders]
    shown = {one.student: view.shown(one.best) for one in contenders}
    places = _places(score.value for score in shown.values())
    rows = [
        (
            BoardRow(
                who=view.called(one.student),
                rank=places[shown[one.student].value],
                score=shown[one.student],
                public=view.public(one.best) if view.final else None,
                moved=_moved(publicly, one.public, places[shown[one.student].value]) if view.final else None,
                verified=view.shown(verified[one.student]) if one.student in verified else None,
                entries=len(one.entries),
                handed_in=came(one.best).astimezone(view.zone),
            ),
            one.best,
        )
        for one in contenders
    ]
    return sorted(rows, key=lambda pair: (pair[0].rank, came(pair[1]), pair[0].who))


def _places(scores: Iterable[float]) -> dict[float, int]:
    """The rank of each score: 1 for the highest, shared by equals, and the next is as many places further."""
    ordered = sorted(scores, reverse=True)
    return {score: place for place, score in reversed(list(enumerate(ordered, 1)))}


def _moved(publicly: Sequence[float], score: float, rank: int) -> int:
    """Places between a rank and those that equals of this public score shared."""
    first = 1 + sum(other > score for other in publicly)
    last = sum(other >= score for other in publicly)
    return min(0, last - rank) + max(0, first - rank)


def _with_tiers(ranked: Sequence[tuple[BoardRow, Attempt]], apart: Compare) -> list[BoardRow]:
    """A new tier begins with whoever can be told from the first of the one before; equals are not parted."""
    rows: list[BoardRow] = []
    first = None
    for row, attempt in ranked:
        last = rows[-1] if rows else None
        tier = last.tier or 1 if last else 1
        if first is None or (last and row.rank != last.rank and apart(first, attempt)):
            tier, first = tier + (first is not None), attempt
        rows.append(replace(row, tier=tier))
    return rows


def _with_baselines(rows: Sequence[BoardRow], scored: Iterable[Attempt], view: _View) -> list[BoardRow]:
    """Baselines above those who are no better."""
    baselines = [
        BoardRow(who=clean(view.names.get(one.student, one.student)), score=view.shown(one), is_baseline=True)
        for one in scored
        if one.kind is AttemptKind.BASELINE
    ]
    return sorted((*baselines, *rows), key=lambda row: -row.score.value if row.score else 1.0)


def _without_entry(contenders: Iterable[_Contender], verified: Mapping[str, Attempt], view: _View) -> list[BoardRow]:
    """Students whose notebook has a score but who have no claim on the board."""
    missing = verified.keys() - {one.student for one in contenders}
    rows = (BoardRow(who=view.called(student), verified=view.shown(verified[student])) for student in missing)
    return sorted(rows, key=lambda row: row.who)


def _verified(there: Iterable[Attempt], scored: Iterable[Attempt]) -> dict[str, Attempt]:
    """By student the latest notebook, where it has a score to show."""
    comparable = {one.key for one in scored if one.kind is AttemptKind.NOTEBOOK}
    last = latest(one for one in there if one.kind is AttemptKind.NOTEBOOK)
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
    return sorted(dots, key=lambda dot: (as_utc(dot.handed_in), dot.who, dot.value))


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
    rule = _rule(max(scored, key=lambda one: as_utc(one.recorded)))
    same = [one for one in scored if _rule(one) == rule]
    return same, len(scored) - len(same)


def _rule(attempt: Attempt) -> tuple[str, str, str]:
    scores = _scores(attempt)
    return scores.overall.metric, scores.overall.heldout_version, scores.split


def _chosen(entries: Sequence[Attempt], selection: Sequence[str], most: int) -> list[Attempt]:
    """The selected among entries in the order handed in; where none of them is, the best by exact public score."""
    there = {one.submission: one for one in entries}
    selected = [there[name] for name in dict.fromkeys(selection) if name in there]
    best = sorted(entries, key=lambda one: -_scores(one).public.value)
    return sorted((selected or best)[:most], key=order)


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
