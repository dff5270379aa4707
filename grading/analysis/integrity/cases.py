"""What is worth a look, as a case for a person."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from grading.analysis.integrity.findings import Examinee, LastHandedIn, Reason, Sign, Students, Suspicion
from grading.analysis.integrity.reading import Code
from grading.records.attempts import Attempt, AttemptKind, latest
from grading.scoring.heldout import HeldOut

SHOWN = 12
"""Rows of predictions that are shown of a pair."""
NO_END = 1.01
"""A similarity ends at 1; this much beyond, so that the logarithm of its distance from there is finite."""
PLURAL = {AttemptKind.NOTEBOOK: "re-runs", AttemptKind.CLAIM: "claims"}


# --- predictions


def is_scored(attempt: Attempt, heldout: HeldOut) -> bool:
    return (
        attempt.scores is not None
        and attempt.scores.overall.heldout_version == heldout.version
        and len(attempt.predictions) == len(heldout.labels)
    )


# --- cases


def suspicion_of(
    students: Students, reasons: Sequence[Reason], people: Mapping[str, Examinee], code: Code | None
) -> Suspicion:
    alike = any(reason.sign is Sign.CODE for reason in reasons)
    return Suspicion(
        people=tuple(people.get(student, Examinee(student=student)) for student in students),
        reasons=tuple(reasons),
        code=code.side_by_side(*students) if code is not None and alike else (),
    )


def people_in(attempts: Sequence[Attempt]) -> dict[str, Examinee]:
    handed_in: dict[str, list[LastHandedIn]] = defaultdict(list)
    for kind in PLURAL:
        for student, last in latest(attempt for attempt in attempts if attempt.kind is kind).items():
            score = last.scores.overall if last.scores else None
            correct, n = (score.correct, score.n) if score else (0, 0)
            handed_in[student].append(
                LastHandedIn(kind=kind, submission=last.submission, at=last.handed_in, correct=correct, n=n)
            )
    return {student: Examinee(student=student, handed_in=tuple(theirs)) for student, theirs in handed_in.items()}
