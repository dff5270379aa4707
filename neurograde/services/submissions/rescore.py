"""Score and grade all that was ever handed in by the labels and rules of now. Nobody's code is run for it."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from autograder.model.house import House
from autograder.model.report import fingerprint
from grading.analysis.rescoring import Rescored
from grading.common.directory import CourseDirectory
from grading.records.attempts import AttemptKind
from grading.records.gradebook import Gradebook
from grading.records.ledger import Ledger
from grading.scoring.score import score
from neurograde.services.competition.heldout import enter_baseline
from neurograde.services.people.extensions import Deadlines
from neurograde.services.people.names import Names
from neurograde.services.submissions.judge import Judge, last_claims, with_rules_of_now
from neurograde.services.submissions.record import Recorder
from neurograde.services.submissions.reports import earlier_report

log = logging.getLogger("neurograde.rescore")


def rescore(house: House, course: CourseDirectory, name: str) -> Iterator[Rescored]:
    """Each submission as it stood and as it stands, as it is scored; at the end all of it is recorded.

    What comes out as it was is not written again, so a second time nothing changes. Nothing is drawn: where the
    held-out set is gone, it raises ConfigError.
    """
    assignment = with_rules_of_now(house, name)
    competition = assignment.settings.competition
    course.require()
    competing = enter_baseline(house, course, name)
    with Gradebook(course.database) as gradebook:
        ledger = Ledger(gradebook.database)
        names = Names.of(course, ledger)
        judge = Judge(
            assignment=assignment,
            competing=competing,
            deadlines=Deadlines.of(house, course, name, names),
            claims=last_claims(ledger, name, names),
        )
        recorder = Recorder(house, course, assignment, gradebook)
        inputs = fingerprint(competing.heldout.inputs if competing else None)
        claims = []
        for before in ledger.attempts(name, predictions=True):
            if before.kind is AttemptKind.NOTEBOOK:
                report = earlier_report(course, assignment, before.student, before.submission, inputs)
                after = judge.attempt(report, before.handed_in) if report else None
                if report is not None and after is not None:
                    recorder.add(report, after)
                yield Rescored(before=before, after=after)
            elif before.kind is AttemptKind.CLAIM and competing is not None and competition is not None:
                scores = score(before.predictions, competing.heldout, competition.metric)
                claims.append(replace(before, scores=scores, recorded=datetime.now(UTC)))
                yield Rescored(before=before, after=claims[-1])
        ledger.record(claims)
        recorder.write()
        log.info("scored anew: %d claims", len(claims), extra={"assignment": name})
