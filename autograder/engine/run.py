"""The straight line from a submission to its report: run the cells, ask the questions where the notebook does."""

import functools
import hashlib
import importlib.metadata
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.engine.examiner import Examiner, unasked
from autograder.engine.outputs import MAX_OUTPUT_BYTES, output_of, size_of
from autograder.engine.plan import AskCase, Predict, RunCell, Step, plan
from autograder.engine.predictions import predictions_of, probabilities_of
from autograder.model.bundle import Assignment
from autograder.model.notebook import Notebook, Submission, checks_in
from autograder.model.report import (
    PROBABILITY_METRICS,
    CaseResult,
    CellResult,
    Predictions,
    Provenance,
    QuestionResult,
    Report,
    Status,
    fingerprint,
    verdict,
    worst,
)
from autograder.sandbox.channel import Channel, StoppedError
from autograder.sandbox.exceptions import is_out_of_memory, where
from autograder.sandbox.room import Room, Usage

MAX_RESTARTS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Graded:
    """A report and the notebook as it ran."""

    report: Report
    notebook: Notebook


def autograde(
    submission: Submission, examiner: Examiner, assignment: Assignment, room: Room, *, inputs: np.ndarray | None = None
) -> Graded:
    """Grade one submission in a warm room.

    `inputs`, of shape (n, ...), are the held-out inputs for the competition's entry point, without labels. Raises
    PlatformError when no fair mark can be given; whatever the student's code does is in the report.
    """
    started = time.monotonic()
    run = Run(submission, examiner, assignment.in_language(submission.language), inputs)
    usage = run.run(room)
    report = Report(
        submission=submission.id,
        student=submission.student,
        assignment=assignment.name,
        provenance=Provenance(
            neurograde=importlib.metadata.version("neurograde"),
            otter=importlib.metadata.version("otter-grader"),
            bundle=assignment.fingerprint,
            image=room.name,
            seed=run.seed,
            inputs=fingerprint(inputs),
        ),
        questions=tuple(run.question(name) for name in examiner.questions),
        cells=tuple(run.cells.values()),
        predictions=run.predictions() if inputs is not None else None,
        notes=tuple(run.notes),
        seconds=round(time.monotonic() - started, 3),
        peak_memory_mb=round(usage.peak_mb, 1),
    )
    return Graded(report=report, notebook=run.notebook(report))


def seed_of(submission: Submission, assignment: Assignment) -> int:
    """A seed of the submission's own that nobody can foresee without the hidden tests: the same for a replay."""
    return int.from_bytes(hashlib.sha256(f"{submission.id}{assignment.fingerprint}".encode()).digest()[:4])


class Run:
    """One submission being graded.

    A step that ends the student's process (memory, a loop that cannot be interrupted, os._exit) gets that status; the
    rest of the notebook is run again in a new process without it, so that it costs what it must and no more.
    """

    def __init__(
        self, submission: Submission, examiner: Examiner, assignment: Assignment, inputs: np.ndarray | None
    ) -> None:
        self.seed = seed_of(submission, assignment)
        self.cells: dict[int, CellResult] = {}
        self.notes: list[str] = []
        self._submission = submission
        self._examiner = examiner
        self._assignment = assignment
        self._questions = {question.name: question for question in assignment.questions}
        self._inputs = inputs
        self._cases: dict[tuple[str, str], CaseResult] = {}
        self._outputs: dict[int, list[Notebook]] = {}
        self._output_room = MAX_OUTPUT_BYTES
        self._ended_at: set[Step] = set()
        self._out_of_time = False
        self._predictions: Predictions | None = None

    def run(self, room: Room) -> Usage:
        """Go through the plan, again from the start after each step that ends the process."""
        limits = self._assignment.settings.limits
        steps = plan(self._submission, self._assignment, predict=self._inputs is not None)
        usage, seconds_left = Usage(), limits.wall_seconds
        for _ in range(MAX_RESTARTS + 1):
            session = room.open(wall_seconds=seconds_left)
            deadline = time.monotonic() + seconds_left  # a room that must first be opened is not the student's time
            remaining = functools.partial(_until, deadline)
            try:
                inside = Channel(session, seed=self.seed, seconds=limits.cell_seconds, left=remaining)
                finished = self._walk(steps, inside)
            finally:
                usage = max(usage, session.close(), key=lambda used: used.peak_mb)
            seconds_left = remaining()
            self._out_of_time = seconds_left <= 0
            if finished or self._out_of_time:
                break
        return usage

    def _walk(self, steps: list[Step], inside: Channel) -> bool:
        """Take every step that has not ended a process before. False when one ends this one."""
        for step in steps:
            if step in self._ended_at:
                continue
            try:
                self._take(step, inside)
            except StoppedError as stop:
                self._note(step, stop)
                if not stop.alive:
                    self._ended_at.add(step)
                    return False
        return True

    def _take(self, step: Step, inside: Channel) -> None:
        match step:
            case RunCell(index):
                self._run_cell(index, inside)
            case AskCase(question, case):
                result = self._examiner.ask(question, case, inside, self.seed)
                troubled = [cell.status for cell in self.cells.values() if cell.status is not Status.PASSED]
                if result.status is Status.FAILED and inside.missing and troubled:
                    result = replace(result, status=worst(troubled))
                self._cases[question, case.name] = result
            case Predict():
                self._predictions = self._predict(inside)

    def _note(self, step: Step, stop: StoppedError) -> None:
        match step:
            case RunCell(index):
                what = f"Cell {index + 1}"
                self.cells[index] = CellResult(number=index + 1, status=stop.status, seconds=0.0, error=str(stop))
            case AskCase(question, case):
                what = f"Test {case.name}"
                self._cases[question, case.name] = unasked(case, stop.status, str(stop))
            case Predict():
                what = "The entry point"
                self._predictions = Predictions(status=stop.status, message=str(stop))
        if not stop.alive:
            self.notes.append(f"{what} was left out: {stop}.")

    def _run_cell(self, index: int, inside: Channel) -> None:
        started = time.monotonic()
        limits = self._assignment.settings.limits
        reply = inside.cell(self._submission.cells[index].source, index + 1, limits.cell_seconds)
        error = reply.get("error") or reply.get("raised")
        status = Status.PASSED
        if reply.get("interrupted") is True:
            status = Status.TIMED_OUT
        elif error:
            status = Status.OUT_OF_MEMORY if is_out_of_memory(error) else Status.ERRORED
        self.cells[index] = CellResult(
            number=index + 1,
            status=status,
            seconds=round(time.monotonic() - started, 3),
            error=where(error) if error else None,
        )
        if reply.get("cut") is True:
            self.notes.append(f"Cell {index + 1} showed more than is kept; the rest of its output was cut.")
        self._outputs[index] = self._kept(reply.get("outputs"))

    def _kept(self, outputs: Any) -> list[Notebook]:
        """The outputs that are well formed, as long as there is room for them."""
        nodes = []
        for output in outputs if type(outputs) is list else []:
            node = output_of(output)
            if node is not None and (size := size_of(node)) <= self._output_room:
                self._output_room -= size
                nodes.append(node)
        return nodes

    def _predict(self, inside: Channel) -> Predictions:
        competition = self._assignment.settings.competition
        assert competition is not None
        assert self._inputs is not None
        inside.begin_case(self.seed)
        order = np.random.default_rng(self.seed).permutation(len(self._inputs))
        try:
            entry_point = inside.ask("get", name=competition.entry_point)
            answer = entry_point(self._inputs[order])
        except Exception as error:  # noqa: BLE001 - whatever the student's function raises is its result
            missing = isinstance(error, KeyError) and inside.raised is None
            status = Status.OUT_OF_MEMORY if inside.out_of_memory else Status.ERRORED
            text = "it is not defined" if missing else f"it raised {type(error).__name__}: {error}"
            return Predictions(
                status=Status.FAILED if missing else status, message=f"{competition.entry_point}: {text}"
            )
        read = probabilities_of if competition.metric in PROBABILITY_METRICS else predictions_of
        predictions, places = read(answer, len(self._inputs), competition.entry_point), np.argsort(order)
        values, probabilities = predictions.values, predictions.probabilities
        return replace(
            predictions,
            values=tuple(values[place] for place in places) if values else (),
            probabilities=tuple(probabilities[place] for place in places) if probabilities else (),
        )

    def predictions(self) -> Predictions:
        """What the entry point gave; what was never asked says why."""
        status, text = self._why_not_reached()
        return self._predictions or Predictions(status=status, message=text)

    def _why_not_reached(self) -> tuple[Status, str]:
        if self._out_of_time:
            return Status.TIMED_OUT, "the submission had used all its time"
        return Status.NOT_RUN, "the notebook ended its process too often"

    def question(self, name: str) -> QuestionResult:
        """The result of a question; what was never asked earns nothing and says why."""
        question = self._questions[name]
        status, text = self._why_not_reached()
        cases = tuple(self._cases.get((name, case.name)) or unasked(case, status, text) for case in question.cases)
        points = sum(case.points for case in cases)
        return QuestionResult(name=name, points=points, max_points=question.points, cases=cases)

    def notebook(self, report: Report) -> Notebook:
        """The notebook as it ran, with the verdict under each check cell."""
        results = {question.name: question for question in report.questions}
        cells: list[Notebook] = []
        for index, cell in enumerate(self._submission.cells):
            node: Notebook = {"cell_type": cell.kind, "id": f"cell-{index + 1}", "metadata": {}, "source": cell.source}
            if cell.kind == "code":
                outputs = list(self._outputs.get(index, []))
                verdicts = [verdict(results[name]) for name in checks_in(cell.source) if name in results]
                if verdicts:
                    outputs.append({"output_type": "stream", "name": "stdout", "text": "\n".join(verdicts)})
                node.update(execution_count=None, outputs=outputs)
            cells.append(node)
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def _until(deadline: float) -> float:
    return deadline - time.monotonic()
