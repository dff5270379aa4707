"""Signs in claims: not reproduced, and better than can be."""

from collections.abc import Sequence

import numpy as np

from grading.analysis.integrity.cases import PLURAL
from grading.analysis.integrity.findings import (
    Reason,
    Sign,
    SignFindings,
    Students,
    Thresholds,
    population,
)
from grading.records.attempts import Attempt, counting, latest
from grading.scoring.score import CLAIM_GAP

# --- claims and scores


def look_at_claims(attempts: Sequence[Attempt], limits: Thresholds) -> SignFindings:
    compared = {
        student: attempt.evidence.reproduction
        for student, attempt in sorted(counting(attempts).items())
        if attempt.evidence.reproduction
    }
    if not compared:
        return SignFindings()
    z = np.array([reproduction.z for reproduction in compared.values()])
    agreed = np.array([reproduction.agreement for reproduction in compared.values()])
    gaps = population("Gap between claim and re-run, as z", "students", z, percent=False)
    shares = population("Agreement of claim and re-run", "students", agreed)
    reasons: list[tuple[Students, Reason]] = []
    for student, reproduction in compared.items():
        claim, rerun, gap = reproduction.claim, reproduction.rerun, reproduction.gap
        says = (
            f"The claim is right on {claim.correct:,} of {claim.n:,} rows, the re-run of the notebook on "
            f"{rerun.correct:,}; they agree on {reproduction.agreement:.1%} of the rows."
        )
        if reproduction.is_claim_gap:
            says += (
                f" On {gap.better:,} rows only the claim is right, on {gap.worse:,} only the re-run: "
                f"z = {reproduction.z:.1f}. Training anew gives up to about 2, and above {CLAIM_GAP:g} is worth a look."
            )
            reason = Reason(sign=Sign.CLAIM_GAP, says=says, value=reproduction.z, population=gaps)
        elif reproduction.agreement < limits.reproduced:
            says += f" Two runs of one notebook agree on at least {limits.reproduced:.0%}, as a rule."
            reason = Reason(sign=Sign.CLAIM_GAP, says=says, value=reproduction.agreement, population=shares)
        else:
            continue
        reasons.append(((student,), reason))
    return SignFindings(reasons=tuple(reasons), populations=(gaps, shares))


def look_at_scores(scored: Sequence[Attempt], ceiling: float | None) -> SignFindings:
    if ceiling is None:
        note = (
            "No score is called too high: `ceiling` under [competition] in assignment.toml says from where on one is."
        )
        return SignFindings(notes=(note,)) if scored else SignFindings()
    reasons: list[tuple[Students, Reason]] = []
    populations = []
    for kind in PLURAL:
        last = latest(attempt for attempt in scored if attempt.kind is kind)
        values = {student: _accuracy(attempt) for student, attempt in sorted(last.items())}
        if not values:
            continue
        everybody = population(f"Accuracy of {PLURAL[kind]}", "students", np.array(list(values.values())))
        populations.append(everybody)
        for student, value in values.items():
            if value > ceiling:
                says = (
                    f"{value:.2%} of the {PLURAL[kind][:-1]} is right; the ceiling of this assignment is {ceiling:.2%}."
                )
                reasons.append(((student,), Reason(sign=Sign.CEILING, says=says, value=value, population=everybody)))
    return SignFindings(reasons=tuple(reasons), populations=tuple(populations))


def _accuracy(attempt: Attempt) -> float:
    assert attempt.scores is not None
    return attempt.scores.overall.correct / attempt.scores.overall.n
