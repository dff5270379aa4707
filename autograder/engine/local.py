"""Grades many submissions at once: each worker is a process with an examiner and a warm room of its own.

A worker is a process because tests set global random seeds, and so that one that hangs can be killed. What it sends
back is JSON text, ready to be stored.
"""

import contextlib
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from typing import Any, Self

import numpy as np

from autograder.engine.job import GradedSubmission
from autograder.engine.worker import work
from autograder.model.bundle import Assignment
from autograder.model.errors import PlatformError, RoomLostError, TestBrokenError
from autograder.model.notebook import Submission
from autograder.model.report import REPORT

PATIENCE_SECONDS = 240.0
"""Beyond the submission's own limit: the start of a room on a busy machine, a second try."""


def autograde_many(
    submissions: Sequence[Submission],
    assignment: Assignment,
    *,
    jobs: int,
    inputs: np.ndarray | None = None,
    fresh: bool = False,
) -> Iterator[GradedSubmission]:
    """Grade in `jobs` rooms; results come as they are ready.

    `inputs` are the held-out inputs for the entry point, `fresh` asks for a new container per submission. Raises
    PlatformError when no room can be opened at all; the loss of one room is that submission's `problem`.
    """
    waiting = deque(submissions)
    order = {"bundle": str(assignment.bundle), "inputs": inputs, "fresh": fresh}
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worker(order)) for _ in range(min(jobs, len(waiting)))]
        while busy := [worker for worker in workers if worker.take(waiting)]:
            ready = wait([worker.pipe for worker in busy], timeout=1.0)
            for worker in busy:
                if worker.pipe in ready:
                    yield worker.result()
                elif worker.overdue(assignment):
                    yield worker.replace(order)


class Worker:
    """One process that grades, seen from the batch."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._submission: Submission | None = None
        self._since = 0.0
        self._start(order)

    def _start(self, order: dict[str, Any]) -> None:
        spawn = multiprocessing.get_context(
            "spawn"
        )  # a fork would inherit the threads of torch and of the progress bar
        self.pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=work, args=(theirs, order), daemon=True)
        self._process.start()
        theirs.close()

    def take(self, waiting: "deque[Submission]") -> bool:
        """Begin the next submission unless one is being graded; whether the worker is busy."""
        if self._submission is None and waiting:
            self._submission, self._since = waiting.popleft(), time.monotonic()
            with contextlib.suppress(OSError):  # a worker that has died says so when its result is read
                self.pipe.send(self._submission)
        return self._submission is not None

    def overdue(self, assignment: Assignment) -> bool:
        return time.monotonic() - self._since > assignment.settings.limits.wall_seconds + PATIENCE_SECONDS

    def result(self) -> GradedSubmission:
        """What the worker sent. Raises PlatformError for what would stop every other submission too."""
        assert self._submission is not None
        submission, self._submission = self._submission, None
        try:
            report, notebook, problem = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(5)
            raise PlatformError(
                f"The examiner ended (exit code {self._process.exitcode}) at {submission.student}'s submission. "
                "What was graded before it is stored; run the command again to go on."
            ) from None
        if problem is not None and not isinstance(problem, RoomLostError):
            raise problem
        return GradedSubmission(
            submission=submission,
            report=REPORT.validate_json(report) if report else None,
            notebook=notebook,
            problem=problem,
        )

    def replace(self, order: dict[str, Any]) -> GradedSubmission:
        """Give up on the submission at hand and on the process that does not come back from it."""
        assert self._submission is not None
        submission, self._submission = self._submission, None
        self._process.kill()
        self.pipe.close()
        self._start(order)
        problem = TestBrokenError(
            f"The tests did not come back from {submission.student}'s submission. No mark was given; "
            "look at the submission and at the tests by hand."
        )
        return GradedSubmission(submission=submission, problem=problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pipe.close()  # the worker reads the end of its pipe, closes its room and goes
        self._process.join(20)
        if self._process.is_alive():
            self._process.kill()
