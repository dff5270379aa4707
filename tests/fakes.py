"""Stand-ins for outside things: a room that holds nothing back, for code of our own."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from autograder.sandbox.inside import wire
from autograder.sandbox.room import Usage


class FakeRoom:
    """The clerk in this process, over real frames, with `namespace` as the student's. For tests: it holds nothing back.

    Cells are run by plain `exec`, so that tests need neither a container nor IPython.
    """

    name = "fake-room"

    def __init__(self, namespace: Mapping[str, Any] | None = None) -> None:
        self._namespace = dict(namespace or {})

    def ready(self) -> None:
        pass

    def open(self, *, wall_seconds: float) -> "FakeSession":
        return FakeSession(dict(self._namespace))

    def close(self) -> None:
        pass


class FakeSession:
    """One submission in a FakeRoom."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        from autograder.sandbox.inside.clerk import Clerk

        self._namespace = namespace
        self._clerk = Clerk(namespace, self._run)

    def request(self, header: Mapping[str, Any], body: Sequence[bytes], seconds: float) -> tuple[dict[str, Any], bytes]:
        frame = wire.pack(wire.REQUEST, {**header, "seconds": seconds}, body)
        reply = self._clerk.answer(*_opened(frame))
        return _opened(reply)

    def close(self) -> Usage:
        return Usage()

    def _run(self, source: str, number: int) -> dict[str, Any]:
        from autograder.sandbox.inside.clerk import describe

        try:
            exec(compile(source, f"cell {number}", "exec"), self._namespace)
        except Exception as error:  # noqa: BLE001 - a cell may raise anything
            return {"outputs": [], "cut": False, "error": describe(error)}
        return {"outputs": [], "cut": False, "error": None}


def _opened(frame: bytes) -> tuple[dict[str, Any], bytes]:
    start = wire.FRAME.size
    _, header, _ = wire.frame_size(frame[:start])
    return wire.unpack_header(frame[start : start + header]), frame[start + header :]


class FakeRooms:
    """What grades notebooks in such rooms, in the place of worker processes with containers."""

    def __init__(self, *, stop_at=None, lost=()):
        """An interrupt comes when the student `stop_at` is to be graded; the room is lost with those of `lost`."""
        self.graded = []
        """The students whose code was run."""
        self.asked = []
        """How it was asked for, batch by batch: (jobs, fresh)."""
        self._stop_at = stop_at
        self._lost = lost

    def grade_many(self, submissions, assignment, *, jobs, inputs, fresh):
        """As autograder.engine.local.autograde_many."""
        from autograder.engine.examiner import Examiner
        from autograder.engine.job import GradedSubmission
        from autograder.engine.run import autograde
        from autograder.model.errors import RoomLostError

        examiner = Examiner(assignment)
        self.asked.append((jobs, fresh))
        for submission in submissions:
            if submission.student == self._stop_at:
                raise KeyboardInterrupt
            if submission.student in self._lost:
                yield GradedSubmission(submission=submission, problem=RoomLostError("The room ended."))
                continue
            self.graded.append(submission.student)
            done = autograde(submission, examiner, assignment, FakeRoom(), inputs=inputs)
            yield GradedSubmission(submission=submission, report=done.report, notebook=json.dumps(done.notebook))


def fake_trial(content, assignment):
    """Grades a notebook in such a room; as one of neurograde.services.author.release.trials."""
    from autograder.engine.examiner import Examiner
    from autograder.engine.run import autograde
    from autograder.intake.uploads import Upload, receive

    when = datetime.now(UTC)
    upload = Upload(student="author", origin=assignment.name, handed_in=when, content=content)
    return autograde(receive(upload), Examiner(assignment), assignment, FakeRoom()).report
