"""Who stands where in a competition. Pure: attempts in, rows out; the clock and every name are passed in.

A `Board` holds nothing that must not be shown. Before the deadline that is the public score to two decimals, and the
ranks, the choice of a student's best and every comparison go by those two decimals: in simulation they stop what a
class can learn of the labels by uploading file after file, and a rank by more digits would give them away again.
Exact scores stay in the ledger.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from autograder.model.times import as_utc
from grading.common.spreadsheet import clean
from grading.competition.board import Board, BoardRow, Dot, Identity, Likeness, OwnEntry, Shown
from grading.competition.entries import Compare, Contest, came, entries_in_time, order
from grading.records.attempts import Attempt, AttemptKind, counting
from grading.scoring.metrics import wilson_interval
from grading.scoring.score import FINAL_DIGITS, PUBLIC_DIGITS, Score, Scores

NO_NAMES: Mapping[str, str] = MappingProxyType({})


def rank(
    attempts: Iterable[Attempt],
    contest: Contest,
    *,
    names: Mapping[str, str] = NO_NAMES,
    identity: Identity = Identity.NAMES,
    ranks_only: bool = False,
    apart: Compare | None = None,
) -> Board:
    """The board of a contest.

    `attempts` are the last word on each submission, of every kind; what was handed in after the contest's `now`, or
    after its student's deadline, is not on it. Before the end a row stands on the student's best public score; after
    it, on the best private score among the first `competition.selected` of the student's selections, or, where none
    of those counts, of the best public ones. `names` are what students are called, their ids where it has none.
    `apart` says whether two attempts differ beyond chance on private rows, and makes tiers.

    Raises ValueError for a time without a zone, and for a student without a pseudonym where those are asked for.
    """
    attempts = list(attempts)
    view = _View(contest=contest, names=names, identity=identity, ranks_only=ranks_only)
    waiting = _waiting(attempts, contest)
    present = [attempt for attempt in _until_now(attempts, contest) if attempt.student not in waiting]
    scored, outdated = _comparable(present)
    contenders = [_Contender.of(entries, contest) for entries in entries_in_time(scored, contest).values()]
    verified = _verified(present, scored) if contest.competition.claims else {}
    ranked = _ranked(contenders, verified, view)
    tiered = _with_tiers(ranked, apart) if contest.is_over and apart else [row for row, _ in ranked]
    rows = (*_with_baselines(tiered, scored, view), *_without_entry(contenders, verified, view))
    side = view.side(ranked[0][1]) if ranked else None
    return Board(
        rows=tuple(view.permitted(row) for row in rows),
        dots=() if ranks_only else tuple(_dots(contenders, view)),
        is_final=contest.is_over,
        at=view.local(contest.now),
        ends=view.local(contest.ends) if contest.ends else None,
        identity=identity,
        ranks_only=ranks_only,
        claims=contest.competition.claims,
        metric=side.metric if side else "",
        rows_scored=side.n if side else 0,
        margin=view.margin(side) if side else None,
        selected=contest.competition.selected,
        students=len(contenders),
        entries=sum(len(contender.entries) for contender in contenders),
        waiting=len(waiting),
        outdated=outdated,
    )


def own_entries(
    student: str, attempts: Iterable[Attempt], contest: Contest, *, within_noise: Compare | None = None
) -> tuple[OwnEntry, ...]:
    """One student's entries until now, in the order handed in, each beside the best.

    `attempts` are the student's. `within_noise(entry, best)` says whether two cannot be told apart on public rows, or
    after the student's deadline on private ones. It is not asked about scores that look the same: whether a file with
    one other row passes the Ladder's test tells that row's label.
    """
    own = replace(contest, ends=contest.deadline(student))  # private scores come when the student's own time is over
    view = _View(contest=own, names=NO_NAMES)
    scored, _ = _comparable(_until_now(attempts, own))
    entries = sorted((attempt for attempt in scored if attempt.kind is own.entry_kind), key=order)
    in_time = [entry for entry in entries if own.is_in_time(entry)]
    best = _Contender.of(in_time, own).best if in_time else None
    selected = _selected(student, in_time, own)
    counted = {entry.submission for entry in in_time}
    return tuple(
        OwnEntry(
            submission=entry.submission,
            handed_in=view.local(entry.handed_in),
            public=view.public(entry),
            private=view.shown(entry) if own.is_over else None,
            in_time=entry.submission in counted,
            is_selected=entry.submission in selected,
            likeness=_likeness(entry, best, view, within_noise) if best and entry.submission in counted else None,
        )
        for entry in entries
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
    def of(cls, entries: Iterable[Attempt], contest: Contest) -> "_Contender":
        """The student of these entries, who has no others."""
        entries = sorted(entries, key=order)
        student = entries[0].student
        # `max` takes the first of equals, which is the earliest.
        best_public = max(entries, key=_public_as_shown)
        best = max(_counting(student, entries, contest), key=_private_as_shown) if contest.is_over else best_public
        return cls(student=student, entries=entries, best=best, public=_public_as_shown(best_public))


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """What may be seen of a contest, and what students are called."""

    contest: Contest
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
        return FINAL_DIGITS if self.contest.is_over else PUBLIC_DIGITS

    def local(self, when: datetime) -> datetime:
        """A time in the course's time zone."""
        return as_utc(when).astimezone(self.contest.zone)

    def value(self, attempt: Attempt) -> float:
        return round(self.side(attempt).value, self.digits)

    def side(self, attempt: Attempt) -> Score:
        scores = _scores(attempt)
        return scores.private if self.contest.is_over else scores.public

    def shown(self, attempt: Attempt) -> Shown:
        score = self.side(attempt)
        has_interval = self.contest.is_over and score.metric == "accuracy"
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
        low, high = wilson_interval(round(score.value, self.digits) * score.n, score.n)
        half = round((high - low) / 2, self.digits)
        return Shown(value=half, digits=self.digits) if half else None

    def permitted(self, row: BoardRow) -> BoardRow:
        return replace(row, score=None, public=None, verified=None) if self.ranks_only else row


def _ranked(
    contenders: Sequence[_Contender], verified: Mapping[str, Attempt], view: _View
) -> list[tuple[BoardRow, Attempt]]:
    """Rows with the attempt that each stands on, best first, of equals the earlier."""
    places = _places(view.value(contender.best) for contender in contenders)
    public_scores = [contender.public for contender in contenders]
    ranked = []
    for contender in contenders:
        best, rerun = contender.best, verified.get(contender.student)
        place = places[view.value(best)]
        row = BoardRow(
            who=view.called(contender.student),
            rank=place,
            score=view.shown(best),
            public=view.public(best) if view.contest.is_over else None,
            moved=_moved(public_scores, contender.public, place) if view.contest.is_over else None,
            verified=view.shown(rerun) if rerun else None,
            entries=len(contender.entries),
            handed_in=view.local(best.handed_in),
        )
        ranked.append((row, best))
    return sorted(ranked, key=lambda pair: (pair[0].rank, came(pair[1]), pair[0].who))


def _places(scores: Iterable[float]) -> dict[float, int]:
    """The rank of each score: 1 for the highest, shared by equals, and the next is as many places further."""
    places: dict[float, int] = {}
    for place, score in enumerate(sorted(scores, reverse=True), 1):
        places.setdefault(score, place)
    return places


def _moved(public_scores: Sequence[float], score: float, rank: int) -> int:
    """Places gained, or lost below 0, between the ranks that equals of this public score shared and the final one."""
    best = 1 + sum(other > score for other in public_scores)
    worst = sum(other >= score for other in public_scores)
    if rank < best:
        return best - rank
    if rank > worst:
        return worst - rank
    return 0


def _with_tiers(ranked: Sequence[tuple[BoardRow, Attempt]], apart: Compare) -> list[BoardRow]:
    """A new tier begins with whoever can be told from the first of the one before; equals are not parted."""
    rows = []
    tier = 0
    leader: Attempt | None = None
    rank_above: int | None = None
    for row, attempt in ranked:
        if leader is None or (row.rank != rank_above and apart(leader, attempt)):
            tier += 1
            leader = attempt
        rows.append(replace(row, tier=tier))
        rank_above = row.rank
    return rows


def _with_baselines(rows: Sequence[BoardRow], scored: Iterable[Attempt], view: _View) -> list[BoardRow]:
    """Baselines above those who are no better."""
    baselines = [
        BoardRow(
            who=clean(view.names.get(attempt.student, attempt.student)), score=view.shown(attempt), is_baseline=True
        )
        for attempt in scored
        if attempt.kind is AttemptKind.BASELINE
    ]
    return sorted((*baselines, *rows), key=lambda row: -row.score.value if row.score else 1.0)


def _without_entry(contenders: Iterable[_Contender], verified: Mapping[str, Attempt], view: _View) -> list[BoardRow]:
    """Students whose notebook has a score but who have no claim on the board."""
    missing = verified.keys() - {contender.student for contender in contenders}
    rows = (BoardRow(who=view.called(student), verified=view.shown(verified[student])) for student in missing)
    return sorted(rows, key=lambda row: row.who)


def _verified(attempts: Iterable[Attempt], scored: Iterable[Attempt]) -> dict[str, Attempt]:
    """By student the latest notebook, where it has a score to show."""
    comparable = {attempt.key for attempt in scored if attempt.kind is AttemptKind.NOTEBOOK}
    return {student: attempt for student, attempt in counting(attempts).items() if attempt.key in comparable}


def _dots(contenders: Sequence[_Contender], view: _View) -> list[Dot]:
    dots = []
    for contender in contenders:
        who = view.called(contender.student)
        for entry in contender.entries:
            is_best = entry is contender.best
            dots.append(Dot(who=who, handed_in=view.local(entry.handed_in), value=view.value(entry), is_best=is_best))
    return sorted(dots, key=lambda dot: (as_utc(dot.handed_in), dot.who, dot.value))


def _likeness(entry: Attempt, best: Attempt, view: _View, within_noise: Compare | None) -> Likeness | None:
    if entry is best:
        return Likeness.BEST
    if view.value(entry) == view.value(best):
        return Likeness.SAME
    if within_noise is None:
        return None
    return Likeness.NOISE if within_noise(entry, best) else Likeness.APART


def _until_now(attempts: Iterable[Attempt], contest: Contest) -> list[Attempt]:
    return [attempt for attempt in attempts if came(attempt) <= as_utc(contest.now)]


def _waiting(attempts: Iterable[Attempt], contest: Contest) -> set[str]:
    """Whose time goes on when the contest is over for the others."""
    if not contest.is_over:
        return set()
    return {attempt.student for attempt in attempts if not contest.is_over_for(attempt.student)}


def _comparable(attempts: Iterable[Attempt]) -> tuple[list[Attempt], int]:
    """Those scored by the metric, on the data and the split, of whatever was scored last; and how many were not."""
    scored = [attempt for attempt in attempts if attempt.scores is not None]
    if not scored:
        return [], 0
    rule = _rule(max(scored, key=lambda attempt: as_utc(attempt.recorded)))
    comparable = [attempt for attempt in scored if _rule(attempt) == rule]
    return comparable, len(scored) - len(comparable)


def _rule(attempt: Attempt) -> tuple[str, str, str]:
    scores = _scores(attempt)
    return scores.overall.metric, scores.overall.heldout_version, scores.split


def _counting(student: str, entries: Sequence[Attempt], contest: Contest) -> list[Attempt]:
    """Of a student's entries, in the order handed in, those that count after the end.

    They are the first of those the student selected; where none of them is there, the best by exact public score.
    """
    by_name = {entry.submission: entry for entry in entries}
    wanted = dict.fromkeys(contest.selections.get(student, ()))
    selected = [by_name[name] for name in wanted if name in by_name]
    best = sorted(entries, key=lambda entry: -_scores(entry).public.value)
    return sorted((selected or best)[: contest.competition.selected], key=order)


def _selected(student: str, entries: Sequence[Attempt], contest: Contest) -> set[str]:
    """The submissions that the student selected; after the end those that count, which the board may have selected."""
    if contest.is_over:
        return {entry.submission for entry in _counting(student, entries, contest)}
    return set(contest.selections.get(student, ()))


def _scores(attempt: Attempt) -> Scores:
    assert attempt.scores is not None
    return attempt.scores


def _public_as_shown(attempt: Attempt) -> float:
    return round(_scores(attempt).public.value, PUBLIC_DIGITS)


def _private_as_shown(attempt: Attempt) -> float:
    return round(_scores(attempt).private.value, FINAL_DIGITS)
