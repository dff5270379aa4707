"""Signs in code: alike beyond chance, and data inside it."""

from collections.abc import Sequence

import numpy as np

from grading.analysis.integrity.cases import NO_END
from grading.analysis.integrity.findings import (
    Reason,
    Sign,
    SignFindings,
    Students,
    Thresholds,
    outliers,
    population,
)
from grading.analysis.integrity.literals import known_from, largest, look
from grading.analysis.integrity.reading import Code, ReadNotebook
from grading.analysis.integrity.similarity import compare, fragments, own_cells

# --- code


def code_of(notebooks: Sequence[ReadNotebook], template: Sequence[str]) -> Code:
    released = set().union(*(fragments(cell) for cell in template))
    cells = {notebook.student: own_cells(notebook.cells, template) for notebook in notebooks}
    own = {student: [fragments(cell) - released for cell in theirs.values()] for student, theirs in cells.items()}
    similarity = compare([set().union(*by_cell) for by_cell in own.values()])
    return Code(cells=cells, fragments=own, similarity=similarity)


def compare_code(notebooks: Sequence[ReadNotebook], code: Code, limits: Thresholds) -> SignFindings:
    """Pairs of notebooks that are more alike than notebooks of this class are."""
    students = list(code.fragments)
    long = np.array([len(code.of(student)) >= limits.least_fragments for student in students], dtype=np.bool_)
    i, j = np.triu_indices(len(students), 1)
    judged = long[i] & long[j]
    i, j = i[judged], j[judged]
    if not len(i):
        return SignFindings()
    values, common = code.similarity.values[i, j], code.similarity.fragments[i, j]
    alike = population("Similarity of two notebooks", "pairs", values, ends=(0.0, 1.0))
    flagged = (values >= limits.similarity) & (common >= limits.least_fragments)
    notes: tuple[str, ...] = ()
    if len(values) >= limits.least_pairs:
        flagged &= outliers(-np.log(NO_END - values), int(long.sum()), limits.false_alarms)
    else:
        notes = ("So few notebooks have no distribution: their similarity is judged by the threshold alone.",)
    ids = {notebook.student: notebook.submission for notebook in notebooks}
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
    return SignFindings(reasons=tuple(reasons), populations=(alike,), notes=notes)


def look_into_code(notebooks: Sequence[ReadNotebook], template: Sequence[str], limits: Thresholds) -> SignFindings:
    if not notebooks:
        return SignFindings()
    known = known_from(template, most=limits.literal)
    sizes = np.array([largest(notebook.cells, known) for notebook in notebooks], dtype=np.float64)
    everybody = population("Characters of a notebook's largest literal", "students", sizes, percent=False)
    reasons: list[tuple[Students, Reason]] = []
    for notebook, size in zip(notebooks, sizes.tolist(), strict=True):
        if marks := look(notebook.cells, known, most=limits.literal):
            kinds = ", ".join(dict.fromkeys(mark.kind.value for mark in marks))
            reason = Reason(
                sign=Sign.EMBEDDED,
                says=f"The notebook's code has {kinds}.",
                value=size,
                population=everybody,
                marks=tuple(marks),
            )
            reasons.append(((notebook.student,), reason))
    return SignFindings(reasons=tuple(reasons), populations=(everybody,))
