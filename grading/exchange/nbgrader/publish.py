"""A graded notebook where formgrader and feedback look for it: as it ran, harmless, with nbgrader's marks on it."""

import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from autograder.model.bundle import Assignment, Question
from autograder.model.errors import PlatformError
from autograder.model.files import replace_whole
from autograder.model.language import plural
from autograder.model.notebook import Notebook, checks_in
from autograder.model.report import QuestionResult, Report, verdict
from grading.common.directory import CourseDirectory
from grading.common.sanitise import code_cell, harmless_cell, markdown_cell
from grading.records.gradebook import timestamp_text, write_timestamp
from grading.records.marks import ACCURACY, GradebookRow
from grading.rules.policy import Grade

BEGIN, END = "<!-- BEGIN QUESTION -->", "<!-- END QUESTION -->"
"""otter's comments around a question of a released notebook that staff mark."""


def publish(course: CourseDirectory, assignment: Assignment, row: GradebookRow, executed: bytes) -> None:
    """Put a submission where formgrader and feedback look for it, in place of the student's earlier one.

    `executed` is the notebook as it ran (executed.ipynb), `row` what `Gradebook.record` is given: their times must
    agree, or formgrader takes the submission for ungraded. Raises PlatformError when it cannot be written.
    """
    folder = course.root / "autograded" / row.student / assignment.name
    notebook = annotated(json.loads(executed), assignment, row.report, row.grade)
    try:
        replace_whole(folder / f"{assignment.name}.ipynb", json.dumps(notebook, ensure_ascii=False).encode())
        replace_whole(folder / "timestamp.txt", timestamp_text(row.timestamp).encode())
        write_timestamp(course, row.student, assignment.name, row.timestamp)
    except OSError as error:
        raise PlatformError(
            f"{folder} could not be written: {error.strerror}. Make room and run the command again."
        ) from None


def annotated(executed: Notebook, assignment: Assignment, report: Report, grade: Grade) -> Notebook:
    """The executed notebook, harmless, with nbgrader's marks on the cells that are scored and commented on.

    A question is scored at its last check and commented on at the code cell before that; one that staff mark, at its
    answer. What the notebook does not check, and what the score earns, follows at the end.
    """
    questions = {question.name: question for question in report.questions}
    cells = [harmless_cell(cell) for cell in executed["cells"]]
    checked = {name: place for place, cell in enumerate(cells) for name in _checks(cell) if name in questions}
    scored: dict[int, str] = {}
    for name, place in checked.items():
        scored.setdefault(place, name)  # a cell has room for one question's marks
    for asked, place in _written_answers(executed["cells"], assignment.by_hand):
        cells[place]["metadata"] = _marks(asked.name, points=asked.points, comment=True)
    for place, name in scored.items():
        _stamp(cells, place, questions[name], scored)
    stamped = {cell["metadata"]["nbgrader"]["grade_id"] for cell in cells if cell["metadata"]}
    cells += [_unchecked(question) for name, question in questions.items() if name not in stamped]
    cells += [_not_found(asked) for asked in assignment.by_hand if asked.name not in stamped]
    if assignment.settings.competition is not None:
        cells.append(_scored(report, grade))
    if notes := _notes(report, grade):
        cells.insert(0, markdown_cell(notes))
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def _written_answers(cells: Sequence[Mapping[str, Any]], by_hand: Sequence[Question]) -> Iterator[tuple[Question, int]]:
    """Questions that staff mark and the places of their answers; none unless there are as many as questions.

    otter puts comments of its own around such a question: the answer is the last cell with anything in it between them.
    """
    places: list[int] = []
    begun: int | None = None
    for place, cell in enumerate(cells):
        source = cell["source"].strip()
        if source.startswith(BEGIN):
            begun = place
        elif begun is not None and source == END:
            inside = range(begun, place)
            if not any(_checks(cells[i]) for i in inside):  # else it has tests as well, and is scored at its check
                places.append(max((i for i in inside if cells[i]["source"].strip()), default=begun))
            begun = None
    return zip(by_hand, places, strict=True) if len(places) == len(by_hand) else iter(())


def _printed(text: str) -> Notebook:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _checks(cell: Mapping[str, Any]) -> list[str]:
    return checks_in(cell["source"]) if cell["cell_type"] == "code" else []


def _stamp(cells: Sequence[Notebook], place: int, question: QuestionResult, checks: Iterable[int]) -> None:
    """Score a question at this cell; take comments at the last code cell since the check before, else here too."""
    answers = range(max((check for check in checks if check < place), default=-1) + 1, place)
    answer = max((i for i in answers if cells[i]["cell_type"] == "code" and not cells[i]["metadata"]), default=None)
    cells[place]["metadata"] = _marks(question.name, points=question.max_points, comment=answer is None)
    if answer is not None:
        cells[answer]["metadata"] = _marks(question.name, comment=True)


def _marks(name: str, *, points: float | None = None, comment: bool = False) -> Notebook:
    """nbgrader's metadata of a cell: scored where it has points, open to a comment of the staff or not."""
    scored = {} if points is None else {"points": points}
    return {"nbgrader": {"grade_id": name, "grade": points is not None, "solution": comment, **scored}}


def _unchecked(question: QuestionResult) -> Notebook:
    cell = code_cell(f"# The notebook has no check of {question.name} of its own.", [_printed(verdict(question))])
    return cell | {"metadata": _marks(question.name, points=question.max_points, comment=True)}


def _not_found(question: Question) -> Notebook:
    cell = code_cell(f"# The answer to {question.name} is not where it was asked. Look for it above.", [])
    return cell | {"metadata": _marks(question.name, points=question.points, comment=True)}


def _scored(report: Report, grade: Grade) -> Notebook:
    score = _printed("\n".join(_score_lines(report, grade)))
    cell = code_cell("# What the predictions for the held-out data earn.", [score])
    return cell | {"metadata": _marks(ACCURACY, points=grade.max_accuracy_points)}


def _score_lines(report: Report, grade: Grade) -> Iterator[str]:
    score = grade.score
    if score is None:
        yield f"no score: {report.predictions.message if report.predictions else 'there are no predictions'}"
    else:
        counts = f"{score.correct} of {score.n} right, 95 % interval {score.low:.4f} to {score.high:.4f}"
        yield f"{score.metric} {score.value:.4f}: {counts}"
    yield from (f"{gate.name} was not passed: {gate.why}" for gate in grade.gates if not gate.passed)
    yield f"earns {grade.accuracy_points:g} of {grade.max_accuracy_points:g} points"


def _notes(report: Report, grade: Grade) -> str:
    """What was not as usual, as HTML on one line; empty when all was."""
    notes = list(report.notes)
    if grade.lateness.is_late:
        days = grade.lateness.days
        notes.append(f"Handed in {days} {plural(days, 'day')} late, which takes {grade.late_penalty:g} points.")
    items = "".join(f"<li>{html.escape(' '.join(note.split()))}</li>" for note in notes)
    return f"<div><h4>Notes of the grader</h4><ul>{items}</ul></div>" if items else ""
