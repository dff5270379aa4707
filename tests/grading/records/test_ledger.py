from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from autograder.model.report import Status
from grading.records.attempts import Attempt, AttemptKind, Selection, counting, latest
from grading.records.database import Database
from grading.records.ledger import Ledger
from grading.scoring.score import Score, Scores

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SCORE = Score(metric="accuracy", value=0.9, correct=9, n=10, low=0.6, high=0.98, heldout_version="v")
SCORES = Scores(overall=SCORE, public=SCORE, private=SCORE, per_class=(0.9, 0.9), confusion=((9, 1), (1, 9)))
ADA = Attempt(
    assignment="hw1",
    student="ada",
    submission="a" * 64,
    kind=AttemptKind.NOTEBOOK,
    handed_in=NOON,
    status=Status.PASSED,
    questions=(("q1", Status.PASSED, 1.0, 1.0),),
    scores=SCORES,
    predictions=(1, 0),
)
LATER = replace(ADA, submission="b" * 64, handed_in=NOON + timedelta(hours=1))


@pytest.fixture
def ledger(tmp_path):
    with Database(tmp_path / "gradebook.db") as database:
        yield Ledger(database)


def test_an_attempt_comes_back_as_it_was(ledger):
    ledger.record([ADA])
    assert ledger.attempts("hw1", predictions=True) == [ADA]
    assert ledger.attempts("hw1") == [replace(ADA, predictions=())]
    assert (
        ledger.attempts("hw2") == ledger.attempts("hw1", student="bob") == ledger.attempts(kind=AttemptKind.CLAIM) == []
    )


def test_the_same_end_is_not_written_twice_and_another_is_a_new_row(ledger):
    ledger.record([ADA])
    ledger.record([replace(ADA, recorded=NOON)])
    changed = replace(ADA, status=Status.FAILED)
    ledger.record([changed])
    ledger.record([ADA])
    assert [one.status for one in ledger.history("hw1")] == [Status.PASSED, Status.FAILED, Status.PASSED]
    assert ledger.attempts("hw1", predictions=True) == [ADA]


def test_attempts_are_in_the_order_they_were_handed_in_and_the_last_is_the_latest(ledger):
    ledger.record([LATER, ADA])
    assert ledger.attempts("hw1", predictions=True) == [ADA, LATER]
    assert latest(ledger.attempts(predictions=True)) == {"ada": LATER}


def test_the_last_notebook_counts_whatever_else_was_handed_in_after_it(ledger):
    claim = replace(LATER, kind=AttemptKind.CLAIM, submission="c" * 64, handed_in=LATER.handed_in + timedelta(days=1))
    ledger.record([LATER, ADA, claim, replace(LATER, assignment="hw2", handed_in=claim.handed_in)])
    assert ledger.counting("hw1") == {"ada": replace(LATER, predictions=())}
    assert counting([LATER, claim, ADA]) == {"ada": LATER}
    assert ledger.counting("hw3") == counting([claim]) == {}


def test_the_last_selection_holds(ledger):
    ledger.select(Selection(assignment="hw1", student="ada", submissions=("x",)))
    ledger.select(Selection(assignment="hw1", student="ada", submissions=("y", "z")))
    assert ledger.selections("hw1") == {"ada": ("y", "z")}
    assert ledger.selections("hw2") == {}


def test_nothing_of_a_batch_is_written_when_one_row_cannot_be(ledger, monkeypatch):
    with pytest.raises(AttributeError):
        ledger.record([ADA, replace(LATER, handed_in=None)])
    assert ledger.history() == []
