"""What is worth a look before a class's results are trusted: evidence for a person, and never a penalty.

Each measure is set beside the same measure of the whole class, for what is rare in one course is the rule in another.
Thresholds are data: `integrity.toml` beside `assignment.toml` changes them for an assignment. A submission's code is
looked at as text only.
"""

from collections import defaultdict
from collections.abc import Sequence

from grading.analysis.integrity.cases import PLURAL, is_scored, people_in, suspicion_of
from grading.analysis.integrity.findings import MOST_PAGES, Findings, Reason, Students, Thresholds
from grading.analysis.integrity.reading import ReadNotebook
from grading.analysis.integrity.signs.claims import look_at_claims, look_at_scores
from grading.analysis.integrity.signs.code import code_of, compare_code, look_into_code
from grading.analysis.integrity.signs.predictions import compare_predictions, look_at_hard_rows
from grading.records.attempts import Attempt, AttemptKind
from grading.scoring.heldout import HeldOut


def examine(
    assignment: str,
    attempts: Sequence[Attempt],
    heldout: HeldOut | None,
    notebooks: Sequence[ReadNotebook],
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
    scored = [attempt for attempt in attempts if heldout is not None and is_scored(attempt, heldout)]
    code = code_of(notebooks, template)
    parts = [
        *(compare_predictions(kind, scored, heldout, limits) for kind in PLURAL if heldout is not None),
        *(look_at_hard_rows(kind, scored, heldout, limits) for kind in PLURAL if heldout is not None),
        compare_code(notebooks, code, limits),
        look_at_claims(attempts, limits),
        look_at_scores(scored, ceiling),
        look_into_code(notebooks, template, limits),
    ]
    reasons: dict[Students, list[Reason]] = defaultdict(list)
    for part in parts:
        for students, reason in part.reasons:
            reasons[students].append(reason)
    order = sorted(reasons, key=lambda students: (-len(students), -len(reasons[students]), students))
    people = people_in(attempts)
    cases = [
        suspicion_of(students, reasons[students], people, code if place < MOST_PAGES else None)
        for place, students in enumerate(order)
    ]
    outdated = sum(bool(attempt.predictions) for attempt in attempts) - len(scored)
    notes = [f"{outdated} predictions of another version of the held-out data are not compared."] if outdated else []
    return Findings(
        assignment=assignment,
        students=len({attempt.student for attempt in attempts if attempt.kind is not AttemptKind.BASELINE}),
        notebooks=len(notebooks),
        claims=sum(attempt.kind is AttemptKind.CLAIM for attempt in attempts),
        cases=tuple(cases),
        populations=tuple(population for part in parts for population in part.populations),
        notes=(*notes, *(note for part in parts for note in part.notes)),
    )
