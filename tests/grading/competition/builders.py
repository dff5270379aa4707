"""Attempts and contests to rank: a course in Moscow whose competition ends on 20 December."""

import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from autograder.model.assignment import Competition
from autograder.model.report import Status
from grading.competition.entries import Contest
from grading.records.attempts import Attempt, AttemptKind
from grading.scoring.score import Score, Scores

MOSCOW = ZoneInfo("Europe/Moscow")
START = datetime(2026, 12, 1, 9, tzinfo=UTC)
ENDS = datetime(2026, 12, 20, 20, 59, tzinfo=UTC)
BEFORE, AFTER = ENDS - timedelta(hours=1), ENDS + timedelta(hours=1)
CLAIMS = Competition(anchors=[(0, 0)], claims=True, daily_limit=2)


def score(k: int, n: int, version: str = "v") -> Score:
    return Score(
        metric="accuracy", value=k / n, correct=k, n=n, low=max(0, k / n - 0.01), high=min(1, k / n + 0.01),
        heldout_version=version,
    )  # fmt: skip


def scores(public: int, private: int, version: str = "v") -> Scores:
    """So many right of 3000 public rows, and of 7000 private ones."""
    return Scores(
        overall=score(public + private, 10_000, version),
        public=score(public, 3000, version),
        private=score(private, 7000, version),
        per_class=(),
        confusion=(),
        split="s",
    )


def claim(
    student, public, private=6000, minutes=0.0, kind=AttemptKind.CLAIM, version="v", at=None, valid=True
) -> Attempt:
    when = at or START + timedelta(minutes=minutes)
    return Attempt(
        assignment="hw",
        student=student,
        submission=hashlib.sha256(f"{student} {public} {when}".encode()).hexdigest(),
        kind=kind,
        handed_in=when,
        status=Status.PASSED,
        scores=scores(public, private, version) if valid else None,
        recorded=when,
    )


def contest(now=BEFORE, competition=CLAIMS, ends=ENDS, zone=MOSCOW, **more):
    return Contest(competition=competition, now=now, zone=zone, ends=ends, **more)
