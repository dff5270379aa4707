"""The real room: a container where student code runs. The only module that starts containers.

A `DockerRoom` is warm and serves one submission at a time; a `DockerSession` is one submission in it.
"""

import os
import secrets
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.model.assignment import Limits
from autograder.model.errors import EngineUnavailableError, IsolationMissingError, RoomLostError
from autograder.sandbox.image import find_engine, image_exists, image_tag
from autograder.sandbox.inside import wire
from autograder.sandbox.room import SessionEndedError, Usage

START_SECONDS = 120.0
SLACK_SECONDS = 30.0
"""How much longer than the supervisor the host waits: on a busy machine an answer may be on its way."""
SUBMISSIONS_PER_CONTAINER = 200
PIDS_LIMIT = 128
SUPERVISOR_CAPABILITIES = 1 << 5 | 1 << 6 | 1 << 7
"""KILL, SETGID and SETUID, as bits of the kernel's capability sets."""


def container_flags(limits: Limits, name: str, data_mb: int, pipes: Path) -> list[str]:
    """The room's walls, as flags of `docker run` (podman takes the same)."""
    memory = f"{limits.memory_mb}m"
    return [
        *("--rm", "--interactive", "--name", name, "--label", f"neurograde.room={os.getpgrp()}"),
        *("--network", "none", "--read-only", "--ipc", "private", "--pids-limit", str(PIDS_LIMIT)),
        *("--cap-drop", "ALL", "--cap-add", "SETUID", "--cap-add", "SETGID", "--cap-add", "KILL"),
        *("--security-opt", "no-new-privileges"),
        *("--memory", memory, "--memory-swap", memory, "--cpus", "1"),
        *("--ulimit", "core=0", "--shm-size", "64m", "--log-driver", "none"),
        *("--tmpfs", f"/work:rw,mode=1777,size={limits.disk_mb}m,nr_inodes=4000,nodev,nosuid,noexec"),
        # Of the two named pipes only the supervisor can open an end: the folder above is root's alone.
        *("--volume", f"{pipes}:/run/host/pipes:ro"),
        *("--tmpfs", f"/data:rw,mode=755,size={data_mb}m,nodev,nosuid,noexec"),
    ]


def check_facts(facts: Mapping[str, Any], limits: Limits) -> list[str]:
    """What does not hold inside a fork of the room, in words. Empty when the isolation is in force."""
    memory = facts["memory_limit"]
    pids = facts["pids_limit"]
    holds = {
        "student code runs as a user of its own": facts["uid"] > 0 and facts["groups"] == [],
        "no capability is left": facts["capabilities"] == 0,
        "no capability but three can be had": facts["bounding"] & ~SUPERVISOR_CAPABILITIES == 0,
        "no_new_privs is set": facts["no_new_privs"] is True,
        "the engine's seccomp filter is on": facts["seccomp"] is True,
        "there is no network": facts["interfaces"] in ([], ["lo"]),
        "the root file system is read-only": facts["root_read_only"] is True,
        "no descriptor is inherited": facts["descriptors"] == [0, 1, 2, 3],
        "the environment is cleared": "HOSTNAME" not in facts["environment"],
        f"memory is limited to {limits.memory_mb} MiB": memory is not None and memory <= limits.memory_mb << 20,
        f"processes are limited to {PIDS_LIMIT}": pids is not None and pids <= PIDS_LIMIT,
        "nothing is left behind": facts["dirty"] == [],
    }
    return [text for text, held in holds.items() if not held]


class DockerRoom:
    """A container that has imported everything and forks for each submission.

    It starts at once and `ready` waits for it. A container is replaced after a number of
    submissions, after anything it could not clean up, and after every submission where `fresh` is asked for; the
    next one then warms up while the present one works.
    """

    def __init__(self, limits: Limits, files: Mapping[str, bytes], *, fresh: bool = False) -> None:
        self._engine = find_engine()
        self.name = image_tag()
        if not image_exists(self._engine, self.name):
            raise EngineUnavailableError(f"The room's image {self.name} is not built. Build it: make setup")
        self._limits = limits
        self._files = files
        self._fresh = fresh
        self._container = self._start()
        self._next = self._start() if fresh else None

    def ready(self) -> None:
        if self._container.spent:
            self._container.close()
            self._container, self._next = self._next or self._start(), None
        if self._fresh and self._next is None:
            self._next = self._start()
        self._container.ready()

    def open(self, *, wall_seconds: float) -> "DockerSession":
        while True:
            self.ready()
            session = DockerSession(self._container, wall_seconds, fresh=self._fresh)
            if not self._container.spent:
                return session

    def close(self) -> None:
        for container in (self._container, self._next):
            if container is not None:
                container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> "Container":
        return Container(self._engine, self.name, self._limits, self._files)


class Container:
    """One running container and the frames to and from its supervisor."""

    def __init__(self, engine: str, image: str, limits: Limits, files: Mapping[str, bytes]) -> None:
        self._engine = engine
        self._limits = limits
        self._files = files
        self.id = f"neurograde-{secrets.token_hex(6)}"
        self.spent = False
        self.served = 0
        data_mb = 8 + sum(map(len, files.values())) // (1 << 20)
        self._log = tempfile.TemporaryFile()
        self._folder = tempfile.TemporaryDirectory(prefix="neurograde-room-")
        self._pipes = Path(self._folder.name) / "pipes"
        self._pipes.mkdir()
        for name in ("in", "out"):
            os.mkfifo(self._pipes / name)
            (self._pipes / name).chmod(0o666)  # the room's root is not this user; the folder above keeps others out
        self._process = subprocess.Popen(
            [engine, "run", *container_flags(limits, self.id, data_mb, self._pipes), image],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for us: we close the room in our own time
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        self._received = bytearray()
        self._ready = self._closed = False

    def ready(self) -> None:
        """Wait until it is warm, give it its files, and see that its walls stand. Raises what `open` raises."""
        if self._ready:
            return
        self.receive(START_SECONDS, wire.READY)
        self._change_to_pipes()
        for path, content in self._files.items():
            self.send(wire.pack(wire.STAGE, {"path": path}, [content]), START_SECONDS)
        self.send(wire.pack(wire.OPEN, {**self.order(60.0), "probe": True}), START_SECONDS)
        _, header, _ = self.receive(START_SECONDS, wire.OPENED)
        missing = check_facts(header, self._limits)
        if missing:
            self.close()
            raise IsolationMissingError(
                "The room would not hold on this host, so nothing was graded. What should be true and is not: "
                + "; ".join(missing)
                + ". See: neurograde doctor"
            )
        self._ready = True

    def _change_to_pipes(self) -> None:
        """Leave the engine's own streams, which take a millisecond there and back, for a pair of named pipes.

        They lead somewhere only where the room's kernel is this host's; the room says over which of both it goes on.
        """
        to, back = os.open(self._pipes / "in", os.O_RDWR), os.open(self._pipes / "out", os.O_RDONLY | os.O_NONBLOCK)
        self.send(wire.pack(wire.PIPES, {}), START_SECONDS)
        poll = select.poll()
        poll.register(self._from, select.POLLIN)
        poll.register(back, select.POLLIN)
        answered = [descriptor for descriptor, _ in poll.poll(START_SECONDS * 1000)]
        if back in answered:
            os.set_blocking(to, False)
            self._to, self._from = to, back
        else:
            os.close(to)
            os.close(back)
        self.receive(START_SECONDS, wire.READY)

    def order(self, wall_seconds: float) -> dict[str, Any]:
        """What the supervisor needs to know to begin a submission."""
        limits = self._limits
        return {
            # Limits by user id count over the whole host: no two rooms may share one.
            "uid": 100_000 + secrets.randbelow(2**30),
            "wall_seconds": wall_seconds,
            "memory_mb": limits.memory_mb,
            "disk_mb": limits.disk_mb,
            "output_kb": limits.output_kb,
        }

    def send(self, frame: bytes, seconds: float) -> None:
        """Raises RoomLostError."""
        deadline, rest = time.monotonic() + seconds, memoryview(frame)
        while rest:
            self._wait(self._to, select.POLLOUT, deadline)
            try:
                rest = rest[os.write(self._to, rest) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._lost("the room ended") from None

    def receive(self, seconds: float, *kinds: int) -> tuple[int, dict[str, Any], bytes]:
        """The next frame, of one of `kinds`. Raises RoomLostError, or wire.WireError for a reply's header."""
        deadline = time.monotonic() + seconds
        kind, header_size, body_size = wire.frame_size(self._exactly(wire.FRAME.size, deadline))
        header, body = self._exactly(header_size, deadline), self._exactly(body_size, deadline)
        if kind not in kinds:
            raise self._lost(f"the room sent frame {kind} out of turn")
        return kind, wire.unpack_header(header), body

    def close(self) -> None:
        """Ask it to end by hanging up; kill it if it does not. May be called again."""
        self.spent = True
        if self._closed:
            return
        self._closed = True
        streams = (self._process.stdin, self._process.stdout)
        for descriptor in {self._to, self._from} - {stream.fileno() for stream in streams if stream is not None}:
            os.close(descriptor)
        for stream in (*streams, self._log):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            subprocess.run([self._engine, "kill", self.id], capture_output=True, timeout=60, check=False)
            self._process.wait(30)
        self._folder.cleanup()

    def _exactly(self, size: int, deadline: float) -> bytes:
        while len(self._received) < size:
            self._wait(self._from, select.POLLIN, deadline)
            part = os.read(self._from, 1 << 20)
            if not part:
                raise self._lost("the room ended")
            self._received += part
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def _wait(self, descriptor: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
            raise self._lost("the room fell silent")

    def _lost(self, what: str) -> RoomLostError:
        self.spent = True
        self._log.seek(0)
        log = self._log.read()[-2000:].decode(errors="replace").strip()
        last_words = f" It said: {log}." if log else ""
        return RoomLostError(
            f"{what.capitalize()} ({self.id}).{last_words} No mark was given; grade the submission again. "
            "If it comes back: neurograde doctor"
        )


class DockerSession:
    """One submission in a container."""

    def __init__(self, container: Container, wall_seconds: float, *, fresh: bool) -> None:
        self._container = container
        self._fresh = fresh
        self._ended: SessionEndedError | None = None
        container.send(wire.pack(wire.OPEN, container.order(wall_seconds)), SLACK_SECONDS)
        _, header, _ = container.receive(SLACK_SECONDS, wire.OPENED)
        container.spent = bool(header["dirty"])  # of the last submission: nothing runs beside what it left

    def request(self, header: Mapping[str, Any], body: Sequence[bytes], seconds: float) -> tuple[dict[str, Any], bytes]:
        if self._ended is not None:
            raise self._ended
        frame = wire.pack(wire.REQUEST, {**header, "seconds": seconds}, body)
        self._container.send(frame, seconds + SLACK_SECONDS)
        kind, reply, data = self._container.receive(seconds + SLACK_SECONDS, wire.REPLY, wire.ENDED)
        if kind == wire.ENDED:
            self._ended = SessionEndedError(str(reply.get("reason")))
            raise self._ended
        return reply, data

    def close(self) -> Usage:
        container = self._container
        if container.spent:
            return Usage()
        container.send(wire.pack(wire.CLOSE, {}), SLACK_SECONDS)
        _, header, _ = container.receive(SLACK_SECONDS, wire.CLOSED)
        container.served += 1
        container.spent = self._fresh or container.served >= SUBMISSIONS_PER_CONTAINER
        return Usage(peak_mb=header["peak_mb"], room_peak_mb=header["room_peak_mb"])
