"""The second half of `make bench`: a course recorded, read back and exported, beside nbgrader's own way.

nbgrader's way is the one its autograde and export take: its `Gradebook` called for every student, submission and
grade, a commit each, and its CSV exporter.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

STUDENTS, ASSIGNMENTS, CELLS = 500, 4, 10
LEAST_TIMES_FASTER = {"write": 100.0, "export": 10.0}
CLAIM_ROWS, MOST_CLAIM_SECONDS = 10_000, 0.050
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def our_course(folder: Path) -> dict[str, float]:
    """Seconds to write every mark, to read everyone's back, and to export the course as CSV."""
    from autograder.model.syllabus import Syllabus
    from grading.exchange import exports
    from grading.people.roster import Roster
    from grading.records.gradebook import Gradebook

    weights = [{"name": name, "weight": 1} for name in _names()]
    syllabus = Syllabus.model_validate({"title": "Course", "assignments": weights})
    batches = [(_assignment(name, folder), _rows(name)) for name in _names()]
    with Gradebook(folder / "ours.db") as gradebook:
        gradebook.marks()  # makes the tables, as nbgrader's are made before its clock starts
        write = _seconds(lambda: [gradebook.record(assignment, rows) for assignment, rows in batches])
        read = _seconds(gradebook.marks)

        def export() -> None:
            marks = gradebook.marks()
            results = {name: {student: found[name].result for student, found in marks.items()} for name in _names()}
            standings, _ = exports.standings(results, Roster(), syllabus)
            columns = [exports.column_of(assignment, Roster()) for assignment, _ in batches]
            (folder / "ours.csv").write_bytes(exports.plain_csv(standings, columns))

        return {"write": write, "read": read, "export": _seconds(export)}


def nbgraders_course(folder: Path) -> dict[str, float]:
    """The same by nbgrader's own API and its own CSV exporter, whose start is left out."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI  # noqa: F401 - what its programs import, so that no clock pays for it
    from nbgrader.plugins.export import CsvExportPlugin

    with Gradebook(f"sqlite:///{folder}/nbgrader.db") as gradebook:
        for name in _names():
            gradebook.add_assignment(name)
            gradebook.add_notebook(name, name)
            for number in range(CELLS):
                gradebook.add_grade_cell(f"q{number}", name, name, max_score=1, cell_type="code")
        for number in range(STUDENTS):
            gradebook.add_student(f"s{number}")

        def write() -> None:
            for name in _names():
                for number in range(STUDENTS):
                    gradebook.add_submission(name, f"s{number}", timestamp=NOON.replace(tzinfo=None))
                    for cell in range(CELLS):
                        gradebook.find_grade(f"q{cell}", name, name, f"s{number}").auto_score = 1.0
                        gradebook.db.commit()

        written = _seconds(write)
    with Gradebook(f"sqlite:///{folder}/nbgrader.db") as gradebook:  # as another program, with nothing in memory
        read = _seconds(lambda: [gradebook.submission_dicts(name) for name in _names()])
        plugin = CsvExportPlugin(to=str(folder / "nbgrader.csv"))
        exported = _seconds(lambda: plugin.export(gradebook))
    assert (folder / "nbgrader.csv").read_text().count("\n") > STUDENTS * ASSIGNMENTS
    return {"write": written, "read": read, "export": exported}


def claim_seconds() -> float:
    """Seconds to validate and score one file of predictions, the median of 20."""
    import numpy as np

    from grading.scoring.claim import read_claim
    from grading.scoring.heldout import HeldOut
    from grading.scoring.score import score
    from grading.scoring.split import public_mask, split_hash

    labels = np.random.default_rng(0).integers(0, 10, CLAIM_ROWS)
    public = public_mask(labels, b"secret of the term", 0.3)
    kept = HeldOut(inputs=labels, labels=labels, public=public, version="bench", split=split_hash(public))
    content = ("Category,Id\n" + "".join(f"{label},{row}\n" for row, label in enumerate(labels))).encode()
    score(read_claim(content, CLAIM_ROWS).predictions, kept)  # scikit-learn is imported at the first
    return statistics.median(
        _seconds(lambda: score(read_claim(content, CLAIM_ROWS).predictions, kept)) for _ in range(20)
    )


def _names() -> list[str]:
    return [f"hw{number}" for number in range(ASSIGNMENTS)]


def _assignment(name: str, folder: Path) -> Any:
    from autograder.model.assignment import AssignmentSettings
    from autograder.model.bundle import Assignment, Case, Question

    questions = tuple(
        Question(name=f"q{i}", points=1.0, cases=(Case(name=f"q{i} - 1", hidden=True, points=1.0, hint=None),))
        for i in range(CELLS)
    )
    settings = AssignmentSettings(title=name)
    return Assignment(name=name, settings=settings, questions=questions, bundle=folder, fingerprint="bench")


def _rows(name: str) -> list[Any]:
    from autograder.model.report import CaseResult, Provenance, QuestionResult, Report, Status
    from grading.records.marks import GradebookRow
    from grading.rules.policy import Grade

    made_by = Provenance(neurograde="1", otter="7", bundle="bench", image="bench", seed=1)
    passed = {"status": Status.PASSED, "points": 1.0, "max_points": 1.0, "hidden": True}
    questions = tuple(
        QuestionResult(name=f"q{i}", points=1.0, max_points=1.0, cases=(CaseResult(name=f"q{i} - 1", **passed),))
        for i in range(CELLS)
    )
    grade = Grade(points=CELLS, max_points=CELLS, accuracy_points=0, max_accuracy_points=0, score=None)
    return [
        GradebookRow(
            report=Report(
                submission=f"{number:064}",
                student=f"s{number}",
                assignment=name,
                provenance=made_by,
                questions=questions,
                seconds=1.0,
                peak_memory_mb=1.0,
            ),
            grade=grade,
            timestamp=NOON,
        )
        for number in range(STUDENTS)
    ]


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
