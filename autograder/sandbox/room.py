"""What a room and a session in it promise, whoever makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from autograder.model.report import Status

REASONS = {
    "time": (Status.TIMED_OUT, "it did not stop within its time, not even when interrupted"),
    "memory": (Status.OUT_OF_MEMORY, "it used more memory than the room has"),
    "exit": (Status.ERRORED, "it ended the Python process"),
    "flood": (Status.ERRORED, "it sent something that is not a reply"),
}


class SessionEndedError(Exception):
    """The submission's process is gone, by its own doing. `reason` is a key of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason if reason in REASONS else "exit"

    @property
    def status(self) -> Status:
        return REASONS[self.reason][0]

    def __str__(self) -> str:
        return REASONS[self.reason][1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What one session used, MiB."""

    peak_mb: float = 0.0
    """Resident memory of the submission's process, what it shares with the warm interpreter included."""
    room_peak_mb: float = 0.0
    """The whole container since it started."""


class Session(Protocol):
    """One submission in a room."""

    def request(self, header: Mapping[str, Any], body: Sequence[bytes], seconds: float) -> tuple[dict[str, Any], bytes]:
        """Ask the clerk; its reply. Raises SessionEndedError, RoomLostError, or WireError for a malformed reply."""

    def close(self) -> Usage:
        """Kill and wipe. May be called once."""


class Room(Protocol):
    """A warm room of one assignment."""

    name: str
    """What made it, for the report: the image's tag."""

    def ready(self) -> None:
        """Wait until it is warm and its walls are seen to stand. Raises RoomLostError or IsolationMissingError."""

    def open(self, *, wall_seconds: float) -> Session:
        """Begin a submission. Raises what `ready` raises."""

    def close(self) -> None:
        """End the room and everything in it."""
