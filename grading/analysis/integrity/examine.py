"""What is worth a look before a class's results are trusted: evidence for a person, and never a penalty.

Each measure is set beside the same measure of the whole class, for what is rare in one course is the rule in another.
Thresholds are data: `integrity.toml` beside `assignment.toml` changes them for an assignment. A submission's code is
looked at as text only.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.model.bundle import Assignment
from autograder.model.errors import SubmissionError
from autograder.model.files import read_toml
from autograder.model.notebook import cells_of, read_tree
from grading.analysis.integrity.agreement import Agreement, agreement, others_say
from grading.analysis.integrity.findings import (
    MOST_PAGES,
    Case,
    Cell,
    Difference,
    Findings,
    HandedIn,
    Part,
    Person,
    Population,
    Reason,
    Sign,
    Students,
    Thresholds,
    outliers,
    population,
)
from grading.analysis.integrity.literals import known_from, largest, look
from grading.analysis.integrity.similarity import Similarity, compare, fragments, marked, own_cells, side_by_side
from grading.common.directory import Course
from grading.records.attempts import Attempt, Kind, latest
from grading.scoring.heldout import HeldOut
from grading.scoring.score import CLAIM_GAP

SHOWN = 12
"""Rows of predictions that are shown of a pair."""
NO_END = 1.01
"""A similarity ends at 1; this much beyond, so that the logarithm of its distance from there is finite."""
PLURAL = {Kind.NOTEBOOK: "re-runs", Kind.CLAIM: "claims"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Notebook:
    """The code of the notebook that counts of a student."""

    student: str
    submission: str
    cells: tuple[str, ...]
    """Sources of its cells of code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """What notebooks have beyond the release, and how alike that is."""

    cells: dict[str, dict[int, str]]
    """By student and number of the cell."""
    fragments: dict[str, list[set[str]]]
    """By student, of each of these cells, without those of the release."""
    similarity: Similarity

    def of(self, student: str) -> set[str]:
        """All fragments of a student."""
        return set().union(*self.fragments[student])

    def side_by_side(self, first: str, second: str) -> tuple[tuple[Cell | None, Cell | None], ...]:
        """The cells of two, with what both have marked."""
        shared = self.of(first) & self.of(second)

        def cell(student: str, place: int | None) -> Cell | None:
            if place is None:
                return None
            number, source = list(self.cells[student].items())[place]
            return Cell(number=number, parts=marked(source, shared, self.similarity.owners))

        places = side_by_side(self.fragments[first], self.fragments[second])
        return tuple((cell(first, i), cell(second, j)) for i, j in places)


def examine(
    assignment: str,
    attempts: Sequence[Attempt],
    heldout: HeldOut | None,
    notebooks: Sequence[Notebook],
    *,
    template: Sequence[str] = (),
    thresholds: Thresholds | None = None,
    ceiling: float | None = None,
) -> Findings:
    """Look at all that a class has handed in.

    `attempts` are the last word on every submission of the assignment, of every kind; what was scored on another
    version of the held-out set is not compared, and the findings say so. `template` is the released notebook's cells
    of code. `ceiling` is the accuracy above which nothing honest has been seen; None leaves that out.
    """
    limits = thresholds or Thresholds()
    scored = [one for one in attempts if heldout is not None and _is_scored(one, heldout)]
    code = _code(notebooks, template)
    parts = [
        *(_compare_predictions(kind, scored, heldout, limits) for kind in PLURAL if heldout is not None),
        *(_look_at_hard_rows(kind, scored, heldout, limits) for kind in PLURAL if heldout is not None),
        _compare_code(notebooks, code, limits),
        _look_at_claims(attempts, limits),
        _look_at_scores(scored, ceiling),
        _look_into_code(notebooks, template, limits),
    ]
    reasons: dict[Students, list[Reason]] = defaultdict(list)
    for part in parts:
        for students, reason in part.reasons:
            reasons[students].append(reason)
    order = sorted(reasons, key=lambda students: (-len(students), -len(reasons[students]), students))
    people = _people(attempts)
    cases = [
        _case(students, reasons[students], people, code if place < MOST_PAGES else None)
        for place, students in enumerate(order)
    ]
    outdated = sum(bool(one.predictions) for one in attempts) - len(scored)
    notes = [f"{outdated} predictions of another version of the held-out data are not compared."] if outdated else []
    return Findings(
        assignment=assignment,
        students=len({one.student for one in attempts if one.kind is not Kind.BASELINE}),
        notebooks=len(notebooks),
        claims=sum(one.kind is Kind.CLAIM for one in attempts),
        cases=tuple(cases),
        populations=tuple(one for part in parts for one in part.populations),
        notes=(*notes, *(note for part in parts for note in part.notes)),
    )


def load_thresholds(source: Path, assignment: str) -> Thresholds:
    """An assignment's own thresholds, else the defaults. Raises ConfigError as `read_toml` does."""
    path = source / assignment / "integrity.toml"
    return read_toml(path, Thresholds, example="nothing") if path.exists() else Thresholds()


def read_notebooks(course: Course, assignment: str, attempts: Iterable[Attempt]) -> list[Notebook]:
    """The notebooks that count, as they were handed in. One that is gone from the course directory is left out."""
    found = []
    for student, one in sorted(latest(one for one in attempts if one.kind is Kind.NOTEBOOK).items()):
        path = course.report_folder(assignment, student, one.submission) / "upload.ipynb"
        try:
            cells = _read_code(path)
        except (OSError, SubmissionError):
            continue
        found.append(Notebook(student=student, submission=one.submission, cells=cells))
    return found


def read_template(assignment: Assignment) -> tuple[str, ...]:
    """The released notebook's cells of code."""
    return _read_code(assignment.bundle / "template.ipynb")


def _read_code(path: Path) -> tuple[str, ...]:
    cells = cells_of(read_tree(path.read_bytes(), path.name), path.name)
    return tuple(cell.source for cell in cells if cell.kind == "code")


# --- predictions


def _is_scored(attempt: Attempt, heldout: HeldOut) -> bool:
    return (
        attempt.scores is not None
        and attempt.scores.overall.heldout_version == heldout.version
        and len(attempt.predictions) == len(heldout.labels)
    )


def _compare_predictions(kind: Kind, scored: Sequence[Attempt], heldout: HeldOut, limits: Thresholds) -> Part:
    """Compare everybody's last predictions of a kind."""
    what, last = PLURAL[kind], latest(one for one in scored if one.kind is kind)
    students = sorted(last)
    if len(students) < 2:
        return Part()
    if not limits.compare_predictions:
        return Part(notes=(f"The {what} are not compared: integrity.toml says compare_predictions = false.",))
    vectors = _by_classes([last[student].predictions for student in students], heldout.classes)
    groups = _identical(students, vectors, _known(scored, heldout))
    if (largest := max(map(len, groups), default=0)) > max(2, len(students) / 2):
        return Part(
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
        return Part(reasons=tuple((pair, identical) for pair in pairs), notes=(few,))
    agreed = population(f"Agreement of two {what}", "pairs", apart, ends=(float(apart.min()), 1.0))
    if agreed.median >= limits.alike_anyway:
        note = (
            f"Two {what} agree on {agreed.median:.1%} of the rows in the middle of the class, as models do that are "
            "trained to the same end: pairs are not listed."
        )
        return Part(populations=(agreed,), notes=(note,))
    rest = _compare_pairs(what, students, vectors, counts, agreed, limits)
    identical = replace(identical, value=1.0, population=agreed)
    return Part(
        reasons=(*((pair, identical) for pair in pairs), *rest.reasons), populations=(agreed, *rest.populations)
    )


def _by_classes(predictions: Sequence[Sequence[int]], classes: int) -> NDArray[np.unsignedinteger]:
    """Shape (students, rows): class numbers, and `classes` for an answer that is none."""
    numbers = np.array(predictions, dtype=np.int64)
    return np.where((numbers >= 0) & (numbers < classes), numbers, classes).astype(np.min_scalar_type(classes))


def _known(scored: Iterable[Attempt], heldout: HeldOut) -> set[str]:
    """Predictions that several may well have: the staff's own, and those that are right everywhere."""
    staff = [one.predictions for one in scored if one.kind is Kind.BASELINE]
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
) -> Part:
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
    return Part(reasons=tuple(reasons), populations=(seen_better,))


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
    said = others_say(vectors[:, places], pair, int(vectors.max()) + 1)
    return tuple(
        Difference(id=int(row), first=int(first[row]), second=int(second[row]), others=int(other))
        for row, other in zip(places, said, strict=True)
    )


def _look_at_hard_rows(kind: Kind, scored: Sequence[Attempt], heldout: HeldOut, limits: Thresholds) -> Part:
    """Who is right where everybody else is wrong: by one's own model on few such rows, by the labels on many."""
    what, last = PLURAL[kind], latest(one for one in scored if one.kind is kind)
    if len(last) < limits.least_students:
        return Part()
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
    return Part(reasons=tuple(reasons), populations=(everybody,))


# --- code


def _code(notebooks: Sequence[Notebook], template: Sequence[str]) -> Code:
    released = set().union(*(fragments(cell) for cell in template))
    cells = {one.student: own_cells(one.cells, template) for one in notebooks}
    own = {student: [fragments(cell) - released for cell in one.values()] for student, one in cells.items()}
    return Code(cells=cells, fragments=own, similarity=compare([set().union(*one) for one in own.values()]))


def _compare_code(notebooks: Sequence[Notebook], code: Code, limits: Thresholds) -> Part:
    """Pairs of notebooks that are more alike than notebooks of this class are."""
    students = list(code.fragments)
    long = np.array([len(code.of(student)) >= limits.least_fragments for student in students], dtype=np.bool_)
    i, j = np.triu_indices(len(students), 1)
    judged = long[i] & long[j]
    i, j = i[judged], j[judged]
    if not len(i):
        return Part()
    values, common = code.similarity.values[i, j], code.similarity.fragments[i, j]
    alike = population("Similarity of two notebooks", "pairs", values, ends=(0.0, 1.0))
    flagged = (values >= limits.similarity) & (common >= limits.least_fragments)
    notes: tuple[str, ...] = ()
    if len(values) >= limits.least_pairs:
        flagged &= outliers(-np.log(NO_END - values), int(long.sum()), limits.false_alarms)
    else:
        notes = ("So few notebooks have no distribution: their similarity is judged by the threshold alone.",)
    ids = {one.student: one.submission for one in notebooks}
    reasons: list[tuple[Students, Reason]] = []
    for place in np.flatnonzero(flagged).tolist():
        first, second = sorted((students[i[place]], students[j[place]]))
        says = (
            f"{values[place]:.0%} of the shorter notebook's own code, by weight, is in the other as well, whatever its "
            f"names, comments and layout ({common[place]:,} fragments; what was released does not count)."
        )
        if ids[first] == ids[second]:
            says += " The two files are the same, byte for byte."
        reason = Reason(sign=Sign.CODE, says=says, value=float(values[place]), population=alike)
        reasons.append(((first, second), reason))
    return Part(reasons=tuple(reasons), populations=(alike,), notes=notes)


def _look_into_code(notebooks: Sequence[Notebook], template: Sequence[str], limits: Thresholds) -> Part:
    if not notebooks:
        return Part()
    known = known_from(template, most=limits.literal)
    sizes = np.array([largest(one.cells, known) for one in notebooks], dtype=np.float64)
    everybody = population("Characters of a notebook's largest literal", "students", sizes, percent=False)
    reasons: list[tuple[Students, Reason]] = []
    for one, size in zip(notebooks, sizes.tolist(), strict=True):
        if found := look(one.cells, known, most=limits.literal):
            kinds = ", ".join(dict.fromkeys(one.mark.value for one in found))
            reason = Reason(
                sign=Sign.EMBEDDED,
                says=f"The notebook's code has {kinds}.",
                value=size,
                population=everybody,
                found=tuple(found),
            )
            reasons.append(((one.student,), reason))
    return Part(reasons=tuple(reasons), populations=(everybody,))


# --- claims and scores


def _look_at_claims(attempts: Sequence[Attempt], limits: Thresholds) -> Part:
    last = latest(one for one in attempts if one.kind is Kind.NOTEBOOK)
    compared = {
        student: one.evidence.reproduction for student, one in sorted(last.items()) if one.evidence.reproduction
    }
    if not compared:
        return Part()
    z, agreed = (np.array([getattr(one, name) for one in compared.values()]) for name in ("z", "agreement"))
    gaps = population("Gap between claim and re-run, as z", "students", z, percent=False)
    shares = population("Agreement of claim and re-run", "students", agreed)
    reasons: list[tuple[Students, Reason]] = []
    for student, one in compared.items():
        says = (
            f"The claim is right on {one.claim.correct:,} of {one.claim.n:,} rows, the re-run of the notebook on "
            f"{one.rerun.correct:,}; they agree on {one.agreement:.1%} of the rows."
        )
        if one.is_claim_gap:
            says += (
                f" On {one.gap.better:,} rows only the claim is right, on {one.gap.worse:,} only the re-run: "
                f"z = {one.z:.1f}. Training anew gives up to about 2, and above {CLAIM_GAP:g} is worth a look."
            )
            reason = Reason(sign=Sign.CLAIM_GAP, says=says, value=one.z, population=gaps)
        elif one.agreement < limits.reproduced:
            says += f" Two runs of one notebook agree on at least {limits.reproduced:.0%}, as a rule."
            reason = Reason(sign=Sign.CLAIM_GAP, says=says, value=one.agreement, population=shares)
        else:
            continue
        reasons.append(((student,), reason))
    return Part(reasons=tuple(reasons), populations=(gaps, shares))


def _look_at_scores(scored: Sequence[Attempt], ceiling: float | None) -> Part:
    if ceiling is None:
        note = (
            "No score is called too high: `ceiling` under [competition] in assignment.toml says from where on one is."
        )
        return Part(notes=(note,)) if scored else Part()
    reasons: list[tuple[Students, Reason]] = []
    populations = []
    for kind in PLURAL:
        last = latest(one for one in scored if one.kind is kind)
        values = {student: _accuracy(one) for student, one in sorted(last.items())}
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
    return Part(reasons=tuple(reasons), populations=tuple(populations))


def _accuracy(attempt: Attempt) -> float:
    assert attempt.scores is not None
    return attempt.scores.overall.correct / attempt.scores.overall.n


# --- cases


def _case(students: Students, reasons: Sequence[Reason], people: Mapping[str, Person], code: Code | None) -> Case:
    alike = any(reason.sign is Sign.CODE for reason in reasons)
    return Case(
        people=tuple(people.get(student, Person(student=student)) for student in students),
        reasons=tuple(reasons),
        code=code.side_by_side(*students) if code is not None and alike else (),
    )


def _people(attempts: Sequence[Attempt]) -> dict[str, Person]:
    handed_in: dict[str, list[HandedIn]] = defaultdict(list)
    for kind in PLURAL:
        for student, one in latest(attempt for attempt in attempts if attempt.kind is kind).items():
            score = one.scores.overall if one.scores else None
            correct, n = (score.correct, score.n) if score else (0, 0)
            handed_in[student].append(
                HandedIn(kind=kind, submission=one.submission, at=one.handed_in, correct=correct, n=n)
            )
    return {student: Person(student=student, handed_in=tuple(ones)) for student, ones in handed_in.items()}
