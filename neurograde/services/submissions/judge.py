"""From a report to an attempt with its grade: scores, gates, lateness and anchors by the rules and labels of now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from autograder.model.bundle import Assignment
from autograder.model.house import House
from autograder.model.report import Report, Status
from grading.records.attempts import Attempt, AttemptKind, attempt_of
from grading.records.ledger import Ledger
from grading.rules import policy
from grading.rules.policy import Evidence
from grading.scoring.metrics import McNemar
from grading.scoring.score import Reproduction, Scores, reproduction, score, versus_baseline
from neurograde.services.competition.heldout import Competing
from neurograde.services.people.extensions import Deadlines
from neurograde.services.people.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """All that a report is judged by. Pure: the same report gets the same attempt, but for the time of recording."""

    assignment: Assignment
    """Its rules are those of the source now, its tests and limits those of the bundle."""
    competing: Competing | None
    deadlines: Deadlines
    claims: Mapping[str, Sequence[int]]
    """By the roster's id, else by name, the predictions of the claim that the student handed in last."""

    def attempt(self, report: Report, handed_in: datetime) -> Attempt:
        """The attempt that a graded notebook is."""
        scores = self._scores(report)
        evidence = Evidence(versus_baseline=self._versus_baseline(report), reproduction=self._reproduction(report))
        grade = policy.grade(
            report,
            scores,
            self.assignment.settings,
            lateness=self.deadlines.lateness(report.student, handed_in),
            versus_baseline=evidence.versus_baseline,
            reproduction=evidence.reproduction,
        )
        return attempt_of(report, grade, handed_in, scores, evidence)

    def _scores(self, report: Report) -> Scores | None:
        competition, answers = self.assignment.settings.competition, answers_of(report)
        if competition is None or self.competing is None or answers is None:
            return None
        return score(answers, self.competing.heldout, competition.metric)

    def _versus_baseline(self, report: Report) -> McNemar | None:
        answers = answers_of(report)
        if self.competing is None or self.competing.baseline is None or answers is None:
            return None
        return versus_baseline(answers, self.competing.baseline, self.competing.heldout)

    def _reproduction(self, report: Report) -> Reproduction | None:
        """The re-run beside the claim that the student handed in last."""
        competition, answers = self.assignment.settings.competition, answers_of(report)
        if competition is None or not competition.claims or self.competing is None or answers is None:
            return None
        claim = self.claims.get(self.deadlines.names.owner_of(report.student))
        return None if claim is None else reproduction(claim, answers, self.competing.heldout, competition.metric)


def with_rules_of_now(house: House, name: str) -> Assignment:
    """An assignment with the tests and limits of its bundle, and the rules that its source says now.

    So a rule can be changed without running anybody's code again.
    """
    assignment, rules = house.assignment(name), house.settings(name)
    limits = assignment.settings.limits
    return replace(assignment, settings=rules.model_copy(update={"limits": limits}))


def last_claims(ledger: Ledger, assignment: str, names: Names) -> dict[str, Sequence[int]]:
    """By the roster's id, else by name, the predictions of the claim handed in last, whichever name it was under."""
    claims = ledger.attempts(assignment, kind=AttemptKind.CLAIM, predictions=True)
    return {names.owner_of(claim.student): claim.predictions for claim in claims}


def answers_of(report: Report) -> Any:
    """What the entry point gave; None when it gave nothing that can be scored."""
    predictions = report.predictions
    if predictions is None or predictions.status is not Status.PASSED:
        return None
    return predictions.probabilities or predictions.values
