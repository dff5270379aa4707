"""Gradescope's results.json of one submission. Pure."""

import json
from typing import Any

from autograder.model.report import CaseResult, Report, Status
from grading.common.spreadsheet import number
from grading.rules.policy import Grade
from grading.scoring.score import PUBLIC_DIGITS, Score

HIDDEN = "after_published"
"""When Gradescope shows a student what a hidden test said: with the grades."""


def gradescope_json(report: Report, grade: Grade, *, public: Score | None = None) -> bytes:
    """Gradescope's `results.json` of one submission (gradescope-autograders.readthedocs.io, Specifications).

    Public cases are shown in full. Hidden ones, and what the score on held-out data earns, are shown with the grades,
    and of a hidden case never more than whether it passed and the author's hint. The leaderboard has the public score,
    to two decimals. Every text is plain text: student code wrote some of it.
    """
    tests = [
        _case(case, f"{place}.{part}")
        for place, question in enumerate(report.questions, 1)
        for part, case in enumerate(question.cases, 1)
    ]
    tests += _accuracy(grade) + _lateness(grade)
    results: dict[str, Any] = {
        "score": grade.value,
        "execution_time": report.seconds,
        "output": "\n".join(report.notes),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": {"submission": report.submission, "bundle": report.provenance.bundle},
    }
    if public is not None:
        results["leaderboard"] = [
            {"name": public.metric.replace("_", " "), "value": round(public.value, PUBLIC_DIGITS), "order": "desc"}
        ]
    return json.dumps(results, indent=2, allow_nan=False).encode() + b"\n"


def _case(case: CaseResult, place: str) -> dict[str, Any]:
    passed = case.status is Status.PASSED
    lines = [] if passed else [f"{case.status}.", case.hint or "", "" if case.hidden else case.message]
    return {
        "name": case.name,
        "number": place,
        "score": case.points,
        "max_score": case.max_points,
        "status": "passed" if passed else "failed",
        "visibility": HIDDEN if case.hidden else "visible",
        "output": "\n".join(line for line in lines if line),
        "output_format": "text",
    }


def _accuracy(grade: Grade) -> list[dict[str, Any]]:
    if not grade.max_accuracy_points:
        return []
    failed = [gate for gate in grade.gates if not gate.passed]
    score = grade.score
    lines = ["No predictions came back."]
    if score is not None:
        lines = [
            f"{score.metric} {score.value:.4f} on held-out data: {score.correct} of {score.n} right "
            f"(95 % interval {score.low:.4f} to {score.high:.4f})."
        ]
    return [
        {
            "name": "Held-out data",
            "score": grade.accuracy_points,
            "max_score": grade.max_accuracy_points,
            "status": "failed" if failed or score is None else "passed",
            "visibility": HIDDEN,
            "output": "\n".join([*lines, *(f"{gate.name}: {gate.why}" for gate in failed)]),
            "output_format": "text",
        }
    ]


def _lateness(grade: Grade) -> list[dict[str, Any]]:
    """What explains why the parts are more than the whole; it is worth nothing of its own."""
    if not grade.late_penalty:
        return []
    output = f"Handed in late: {number(grade.late_penalty)} points are taken off, so {number(grade.value)} are left."
    return [{"name": "Lateness", "visibility": HIDDEN, "output": output, "output_format": "text"}]
