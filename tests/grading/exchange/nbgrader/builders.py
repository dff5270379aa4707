"""Notebooks cell by cell, and the reports of an assignment of two questions."""

from datetime import UTC, datetime

from autograder.model.report import CaseResult, Provenance, QuestionResult, Report, Status

IN_TIME = datetime(2026, 12, 1, 11, 0, tzinfo=UTC)
LATE = datetime(2026, 12, 2, 13, 0, tzinfo=UTC)
CANARY = "canary_of_the_hidden_test"
CHECK1, CHECK2 = 'grader.check("q1")', 'grader.check("q2")'


def code(source: str, *outputs, **more) -> dict[str, object]:
    cell = {"cell_type": "code", "metadata": {}, "execution_count": None, "source": source, "outputs": [*outputs]}
    return cell | more


def markdown(source: str) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def printed(text: str) -> dict[str, object]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def displayed(metadata=None, **data) -> dict[str, object]:
    return {"output_type": "display_data", "metadata": metadata or {}, "data": data.pop("data", data)}


def notebook(*cells) -> dict[str, object]:
    made = [{"id": f"c{number}", **cell} for number, cell in enumerate(cells)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}


HONEST = notebook(
    markdown("# Homework\n\nWith $a<b$."),
    code("x = 1"),
    code("double = lambda x: 2 * x"),
    code(CHECK1, printed("q1: 2 of 2 points\n")),
    markdown("## Question 2"),
    code("y = 2"),
    code(CHECK2, printed("q2: 0 of 3 points\n  Try another number.\n")),
)


def question(name: str, points: float, most: float) -> QuestionResult:
    status = Status.PASSED if points == most else Status.FAILED
    case = CaseResult(
        name=f"{name} - 1", status=status, points=points, max_points=most, hidden=True,
        hint="Try another number.", message=f"assert {CANARY}(2) == 4",
    )  # fmt: skip
    return QuestionResult(name=name, points=points, max_points=most, cases=(case,))


def report(student: str, q1: float, q2: float, **more) -> Report:
    made_by = Provenance(neurograde="0", otter="7", bundle="0", image="i", seed=0)
    return Report(
        submission="f00d", student=student, assignment="hw1", provenance=made_by, seconds=1.0, peak_memory_mb=1.0,
        questions=(question("q1", q1, 2), question("q2", q2, 3)), **more,
    )  # fmt: skip
