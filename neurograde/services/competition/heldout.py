"""The held-out set of a competition: drawn once, shown without telling a label, corrected where labels are wrong."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.model.assignment import Competition
from autograder.model.errors import ConfigError
from autograder.model.house import House
from autograder.model.notebook import identity
from autograder.model.report import Status
from grading.common.directory import CourseDirectory
from grading.records.attempts import Attempt, AttemptKind
from grading.records.database import Database
from grading.records.ledger import Ledger
from grading.scoring import heldout_store
from grading.scoring.heldout import HeldOut
from grading.scoring.score import score

log = logging.getLogger("neurograde.heldout")

STAFF = "baseline"
"""Who hands in the baseline."""
BEFORE_ANYBODY = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Competing:
    """The held-out set of an assignment, and the baseline's predictions for it."""

    heldout: HeldOut
    baseline: NDArray[np.int64] | None = None
    """(n,) class numbers; None where there is no baseline."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOutFacts:
    """What may be said of a held-out set: no label, and no row's side of the split."""

    folder: Path
    facts: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """Labels that were put right."""

    changed: int
    before: str
    """Version of the set until now."""
    after: str


def prepare(house: House, course: CourseDirectory, assignment: str) -> Competing | None:
    """Draw what is held out, if it is not, and enter the baseline; None for an assignment without a competition.

    Safe where two do it at once: the first draws, and the other takes what is there. Raises ConfigError when the
    source gives no such set, PlatformError when it cannot be written.
    """
    competition = house.settings(assignment).competition
    if competition is None:
        return None
    course.make()
    if not heldout_store.is_drawn(course, assignment):
        log.info("drawing what is held out", extra={"assignment": assignment})
    heldout_store.ready(house.source, course, assignment, public_share=competition.public_share)
    return enter_baseline(house, course, assignment)


def enter_baseline(house: House, course: CourseDirectory, assignment: str) -> Competing | None:
    """What `read` gives, with the baseline of now on the board. Entering it again changes nothing."""
    competing, competition = read(house, course, assignment), house.settings(assignment).competition
    if competing is not None and competition is not None and competing.baseline is not None:
        _enter_baseline(course, assignment, competition, competing)
    return competing


def read(house: House, course: CourseDirectory, assignment: str) -> Competing | None:
    """What is held out, as it was drawn; None for an assignment without a competition.

    Raises PlatformError where it is not what was drawn, and ConfigError where nothing was drawn yet.
    """
    competition = house.settings(assignment).competition
    if competition is None:
        return None
    kept = load_drawn(course, assignment, public_share=competition.public_share)
    return _beside_baseline(house, assignment, competition, kept)


def load_drawn(course: CourseDirectory, assignment: str, *, public_share: float | None = None) -> HeldOut:
    """The set as it was drawn. Raises ConfigError where nothing was drawn yet, else what `heldout_store.load` does."""
    if not heldout_store.is_drawn(course, assignment):
        raise ConfigError(f"Nothing is held out for {assignment} yet. Draw it: neurograde heldout {assignment}")
    return heldout_store.load(course, assignment, public_share=public_share)


def facts(house: House, course: CourseDirectory, assignment: str) -> HeldOutFacts:
    """Draw the set, if it is not, and say what may be said of it. Raises ConfigError without a competition."""
    _competition_of(house, assignment)
    # A set that is there is only read, also in a course that cannot be written.
    is_drawn = heldout_store.is_drawn(course, assignment)
    competing = read(house, course, assignment) if is_drawn else prepare(house, course, assignment)
    assert competing is not None
    return HeldOutFacts(folder=course.heldout / assignment, facts=heldout_store.facts(competing.heldout))


def correct(house: House, course: CourseDirectory, assignment: str, corrections: Path) -> Corrected:
    """Put labels right by a CSV of Category,Id, as a new version of the set; `rescore` then moves the scores.

    Raises ConfigError for a CSV that is none, and where nothing was drawn.
    """
    _competition_of(house, assignment)
    labels = heldout_store.read_corrections(corrections)
    read(house, course, assignment)
    before, after = heldout_store.correct(course, assignment, labels)
    changed = int((before.labels != after.labels).sum())
    log.info("%d labels put right: version %s", changed, after.version, extra={"assignment": assignment})
    return Corrected(changed=changed, before=before.version, after=after.version)


def _competition_of(house: House, assignment: str) -> Competition:
    competition = house.settings(assignment).competition
    if competition is None:
        raise ConfigError(f"{assignment} has no [competition] in its assignment.toml, so nothing is held out for it.")
    return competition


def _beside_baseline(house: House, assignment: str, competition: Competition, kept: HeldOut) -> Competing:
    if competition.baseline is None:
        return Competing(heldout=kept)
    baseline = heldout_store.read_baseline(house.source, assignment, competition.baseline, kept)
    return Competing(heldout=kept, baseline=baseline)


def _enter_baseline(course: CourseDirectory, assignment: str, competition: Competition, competing: Competing) -> None:
    predictions = competing.baseline
    assert predictions is not None
    attempt = Attempt(
        assignment=assignment,
        student=STAFF,
        submission=identity(predictions.tobytes()),
        kind=AttemptKind.BASELINE,
        handed_in=BEFORE_ANYBODY,
        status=Status.PASSED,
        scores=score(predictions, competing.heldout, competition.metric),
        predictions=tuple(int(value) for value in predictions),
    )
    with Database(course.database) as database:
        Ledger(database).record([attempt])
