"""Signs in predictions: identical, nearly identical, and right where hardly anybody is."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from grading.analysis.integrity.agreement import Agreement, agreement, others_say
from grading.analysis.integrity.cases import PLURAL, SHOWN
from grading.analysis.integrity.findings import (
    Difference,
    Population,
    Reason,
    Sign,
    SignFindings,
    Students,
    Thresholds,
    outliers,
    population,
)
from grading.records.attempts import Attempt, AttemptKind, latest
from grading.scoring.heldout import HeldOut


def compare_predictions(
    kind: AttemptKind, scored: Sequence[Attempt], heldout: HeldOut, limits: Thresholds
) -> SignFindings:
    """Compare everybody's last predictions of a kind."""
    what, last = PLURAL[kind], latest(attempt for attempt in scored if attempt.kind is kind)
    students = sorted(last)
    if len(students) < 2:
        return SignFindings()
    if not limits.compare_predictions:
        return SignFindings(notes=(f"The {what} are not compared: integrity.toml says compare_predictions = false.",))
    vectors = _by_classes([last[student].predictions for student in students], heldout.classes)
    groups = _identical(students, vectors, _known(scored, heldout))
    if (largest := max(map(len, groups), default=0)) > max(2, len(students) / 2):
        return SignFindings(
            notes=(
                f"{largest} of {len(students)} students have the very same {what}. A model with one best solution "
                "comes out so whoever trains it, and so does one whose seed is given; pairs are not listed.",
            )
        )
    counts = agreement(vectors, heldout.classes + 1)
    apart = counts.shares[np.triu_indices(len(students), 1)]
    apart = apart[apart < 1]
    says = f"The {what} are the same on all {len(heldout.labels):,} rows."
    identical = Reason(sign=Sign.IDENTICAL, says=says)
    pairs = [pair for group in groups for pair in combinations(group, 2)]
    if len(apart) < limits.least_pairs:
        few = f"Of the {what} only identical ones are looked for: so few have no distribution."
        return SignFindings(reasons=tuple((pair, identical) for pair in pairs), notes=(few,))
    agreed = population(f"Agreement of two {what}", "pairs", apart, ends=(float(apart.min()), 1.0))
    if agreed.median >= limits.alike_anyway:
        note = (
            f"Two {what} agree on {agreed.median:.1%} of the rows in the middle of the class, as models do that are "
            "trained to the same end: pairs are not listed."
        )
        return SignFindings(populations=(agreed,), notes=(note,))
    rest = _compare_pairs(what, students, vectors, counts, agreed, limits)
    identical = replace(identical, value=1.0, population=agreed)
    return SignFindings(
        reasons=(*((pair, identical) for pair in pairs), *rest.reasons), populations=(agreed, *rest.populations)
    )


def _by_classes(predictions: Sequence[Sequence[int]], classes: int) -> NDArray[np.unsignedinteger]:
    """Shape (students, rows): class numbers, and `classes` for an answer that is none."""
    numbers = np.array(predictions, dtype=np.int64)
    return np.where((numbers >= 0) & (numbers < classes), numbers, classes).astype(np.min_scalar_type(classes))


def _known(scored: Iterable[Attempt], heldout: HeldOut) -> set[str]:
    """Predictions that several may well have: the staff's own, and those that are right everywhere."""
    staff = [attempt.predictions for attempt in scored if attempt.kind is AttemptKind.BASELINE]
    return {_hash(row) for row in _by_classes([*staff, tuple(heldout.labels.tolist())], heldout.classes)}


def _identical(students: Sequence[str], vectors: NDArray[np.unsignedinteger], known: set[str]) -> list[Students]:
    """Students with the same predictions, unless those are known, or of one class only."""
    groups: dict[str, list[str]] = defaultdict(list)
    for student, vector in zip(students, vectors, strict=True):
        if vector.min() != vector.max() and (name := _hash(vector)) not in known:
            groups[name].append(student)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _hash(vector: NDArray[np.unsignedinteger]) -> str:
    return hashlib.sha256(vector.tobytes()).hexdigest()


def _compare_pairs(
    what: str,
    students: Sequence[str],
    vectors: NDArray[np.unsignedinteger],
    counts: Agreement,
    agreed: Population,
    limits: Thresholds,
) -> SignFindings:
    """Pairs that agree too much for this class, and pairs that differ as a copy with changes does."""
    i, j = np.triu_indices(len(students), 1)
    shares, differ = counts.shares[i, j], counts.rows - counts.same[i, j]
    apart = differ > 0
    # Agreement ends at 1, so it is the logarithm of how many rows differ that is compared with the class's.
    near = apart & (shares >= limits.near) & outliers(-np.log1p(differ), len(students), limits.false_alarms)
    set_right = counts.set_right(limits.least_rows)[i, j]
    changed = apart & (shares >= limits.least_agreement) & (set_right < limits.set_right)
    seen_better = population(
        f"Where one of two {what} stands alone, how often the other is with the class", "pairs", set_right[apart]
    )
    reasons: list[tuple[Students, Reason]] = []
    for place in np.flatnonzero(near | changed).tolist():
        a, b = int(i[place]), int(j[place])
        says = f"The {what} are the same on all but {differ[place]:,} of {counts.rows:,} rows ({shares[place]:.2%})."
        reason = Reason(
            sign=Sign.NEAR,
            says=says,
            value=float(shares[place]),
            population=agreed,
            differences=_differences(vectors, (a, b)),
        )
        if changed[place]:
            reason = Reason(
                sign=Sign.CHANGED,
                says=f"{says} {_sides(students, counts, a, b)}",
                value=float(set_right[place]),
                population=seen_better,
                differences=reason.differences,
            )
        reasons.append(((students[a], students[b]), reason))
    return SignFindings(reasons=tuple(reasons), populations=(seen_better,))


def _sides(students: Sequence[str], counts: Agreement, a: int, b: int) -> str:
    if counts.sided[a, b] < counts.sided[b, a]:
        a, b = b, a
    return (
        f"Where they differ, the rest of the class says what {students[a]} says {_times(counts.sided[a, b])}, and what "
        f"{students[b]} says {_times(counts.sided[b, a])}; with two models of one's own it sides with either. On "
        f"{counts.alone[a, b]:,} rows {students[a]} is against the rest of the class, and on "
        f"{counts.alone_together[a, b]:,} of these {students[b]} says the same."
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _differences(vectors: NDArray[np.unsignedinteger], pair: tuple[int, int]) -> tuple[Difference, ...]:
    first, second = vectors[pair[0]], vectors[pair[1]]
    places = np.flatnonzero(first != second)[:SHOWN]
    others = others_say(vectors[:, places], pair, int(vectors.max()) + 1)
    return tuple(
        Difference(id=int(row), first=int(first[row]), second=int(second[row]), others=int(other))
        for row, other in zip(places, others, strict=True)
    )


def look_at_hard_rows(
    kind: AttemptKind, scored: Sequence[Attempt], heldout: HeldOut, limits: Thresholds
) -> SignFindings:
    """Who is right where everybody else is wrong: by one's own model on few such rows, by the labels on many."""
    what, last = PLURAL[kind], latest(attempt for attempt in scored if attempt.kind is kind)
    if len(last) < limits.least_students:
        return SignFindings()
    vectors = _by_classes([last[student].predictions for student in sorted(last)], heldout.classes)
    # Copies are one: two who have the same knowledge would hide each other.
    different, which = np.unique(vectors, axis=0, return_inverse=True)
    right = different == heldout.labels
    lone = right & (right.sum(axis=0) == 1)
    alone = lone.sum(axis=1)
    hard = np.count_nonzero(~right.any(axis=0)) + alone
    shares = alone / np.maximum(hard, 1)
    everybody = population(
        f"Of the rows that all other {what} have wrong, the share that is right", "students", shares[which]
    )
    flagged = (shares >= limits.right_alone) & (alone >= limits.least_rows)
    # The square root of a count has about the same spread, whatever the count.
    flagged &= outliers(np.sqrt(alone), len(different), limits.false_alarms)
    reasons: list[tuple[Students, Reason]] = []
    for student, place in zip(sorted(last), which.tolist(), strict=True):
        if flagged[place]:
            ids = np.flatnonzero(lone[place])[:SHOWN].tolist()
            says = (
                f"On {hard[place]:,} rows all other {what} of the class are wrong, and on {alone[place]:,} of these "
                f"({shares[place]:.0%}) this one is right; among them the Ids {', '.join(map(str, ids))}."
            )
            reason = Reason(sign=Sign.ALONE, says=says, value=float(shares[place]), population=everybody)
            reasons.append(((student,), reason))
    return SignFindings(reasons=tuple(reasons), populations=(everybody,))
