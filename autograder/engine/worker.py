"""A process that grades: an examiner and a warm room of its own."""

import contextlib
import json
import resource
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from autograder.model.bundle import load_assignment
from autograder.model.errors import CourseError, RoomLostError
from autograder.model.notebook import Submission
from autograder.model.report import REPORT

EXAMINER_MEMORY = 8 << 30


def work(pipe: Connection, order: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the batch, which then hangs up
    # What a student returns is bounded, what a test makes of it (x @ x.T) is not.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (EXAMINER_MEMORY, hard))
    with contextlib.suppress(EOFError, BrokenPipeError):
        try:
            _grade_all(pipe, order)
        except CourseError as problem:
            pipe.send((None, "", problem))


def _grade_all(pipe: Connection, order: dict[str, Any]) -> None:
    from autograder.sandbox.container import DockerRoom

    assignment = load_assignment(Path(order["bundle"]))
    # The container warms up while this process imports torch and otter.
    with DockerRoom(assignment.settings.limits, assignment.files(), fresh=order["fresh"]) as room:
        import torch

        from autograder.engine.examiner import Examiner
        from autograder.engine.run import autograde

        torch.set_num_threads(1)
        examiner = Examiner(assignment)
        room.ready()
        while True:
            submission: Submission = pipe.recv()
            for last_try in (False, True):
                try:
                    graded = autograde(submission, examiner, assignment, room, inputs=order["inputs"])
                except RoomLostError as problem:
                    if last_try:
                        pipe.send((None, "", problem))
                else:
                    pipe.send(
                        (
                            REPORT.dump_json(graded.report),
                            json.dumps(graded.notebook, indent=1, ensure_ascii=False),
                            None,
                        )
                    )
                    break
