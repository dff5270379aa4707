"""Keeps one warm interpreter and forks it for each submission. Knows frames and clocks, never a test or a value.

Theory of operation. Everything is imported once, with one thread, and one optimiser step is made, which imports the
other half of torch. The host speaks over this process's stdin and stdout:

    PIPES     go on over the named pipes in /run/host/pipes if they lead to the host; READY says whether
    STAGE     a file that students have anyway, put into /data before the first submission
    OPEN      fork, jail the fork, answer OPENED
    REQUEST   pass the frame to the fork, pass its REPLY back; `seconds` is how long that may take. At the limit the
              fork gets SIGINT, as from Jupyter's stop button; if it does not answer to that, SIGKILL and ENDED
    CLOSE     kill, answer CLOSED with what was used, and wipe; the next OPENED names what could not be wiped

A frame from the fork is passed on unread but for its size.
"""

import errno
import gc
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from autograder.sandbox.inside import jail, wire

INTERRUPT_GRACE = 2.0
PIPES = Path("/run/host/pipes")
# A first figure loads fonts and writers: half a second that every fork would pay.
FIRST_PLOT = """
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([0, 1], [1, 2], "o--", label="$x^2$")
axes.contourf([[0, 1], [1, 2]])
axes.scatter([0, 1], [1, 2], c=[0, 1])
axes.imshow([[0, 1], [1, 2]])
axes.set_title("warm")
axes.legend()
plt.show()
"""


class HungUpError(Exception):
    """The host closed our stdin: there is nobody to work for."""


class EndedError(Exception):
    """The fork is no longer there to answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def warm_up() -> Any:
    """Import what notebooks use and pay once for what torch does at its first step. Returns the shell for cells."""
    os.environ["IPYTHONDIR"] = str(jail.WORK / ".ipython")
    import torch

    torch.set_num_threads(1)  # before the first operation: a pool of threads does not survive a fork
    torch.set_num_interop_threads(1)
    import pandas  # noqa: F401 - imported for the forks
    import sklearn.linear_model  # noqa: F401 - imported for the forks
    import tqdm.auto  # noqa: F401 - imported for the forks

    from autograder.sandbox.inside import stubs
    from autograder.sandbox.inside.ipython import CellRunner

    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(8, 2))
    for kind in (torch.optim.SGD, torch.optim.Adam):
        optimizer = kind(model.parameters(), lr=0.1)
        torch.nn.functional.cross_entropy(model(torch.zeros(1, 1, 4, 4)), torch.zeros(1, dtype=torch.long)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    stubs.install()
    cells = CellRunner()
    cells.run(FIRST_PLOT, 0, 1000)
    cells.shell.reset(new_session=True)
    return cells


class Fork:
    """The process of one submission, seen from the supervisor."""

    def __init__(self, cells: Any, order: dict[str, Any]) -> None:
        self.uid: int = order["uid"]
        self._deadline = time.monotonic() + order["wall_seconds"]
        self._oom_kills = jail.oom_kills()
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            _live(cells, theirs, order)
        theirs.close()
        ours.setblocking(False)
        self._channel = ours
        self.peak_kb = 0

    def exchange(self, frame: bytes, seconds: float) -> bytes:
        """Pass a frame in and the next one out. Raises EndedError when the fork dies, floods, or must be killed."""
        deadline = min(time.monotonic() + seconds, self._deadline)
        self._partial = bytearray()
        try:
            self._send(frame, deadline)
            return self._receive(deadline)
        except TimeoutError:
            os.kill(self.pid, signal.SIGINT)
        try:
            return self._receive(time.monotonic() + INTERRUPT_GRACE)
        except TimeoutError:
            raise EndedError("time") from None

    def _send(self, frame: bytes, deadline: float) -> None:
        rest = memoryview(frame)
        while rest:
            self._wait(select.POLLOUT, deadline)
            try:
                rest = rest[self._channel.send(rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno in (errno.EPIPE, errno.ECONNRESET):
                    raise EndedError(self._cause()) from None
                raise

    def _receive(self, deadline: float) -> bytes:
        while True:
            size = self._wanted()
            if len(self._partial) == size:
                return bytes(self._partial)
            self._wait(select.POLLIN, deadline)
            try:
                data = self._channel.recv(min(1 << 20, size - len(self._partial)))
            except BlockingIOError:
                continue
            except ConnectionResetError:
                data = b""
            if not data:
                raise EndedError(self._cause())
            self._partial += data

    def _wanted(self) -> int:
        if len(self._partial) < wire.FRAME.size:
            return wire.FRAME.size
        try:
            kind, header, body = wire.frame_size(bytes(self._partial[: wire.FRAME.size]))
        except wire.WireError:
            raise EndedError("flood") from None
        if kind != wire.REPLY:
            raise EndedError("flood")
        return wire.FRAME.size + header + body

    def _wait(self, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(self._channel, event)
        poll.register(0, select.POLLIN)
        seconds = deadline - time.monotonic()
        ready = poll.poll(max(seconds, 0) * 1000)
        if any(fd == 0 for fd, _ in ready):  # the host says nothing while it waits, except that it is gone
            raise HungUpError
        if not ready:
            raise TimeoutError

    def _cause(self) -> str:
        code = self._collect()
        if jail.oom_kills() > self._oom_kills:
            return "memory"
        if code is not None and os.WIFSIGNALED(code) and os.WTERMSIG(code) == signal.SIGXCPU:
            return "time"
        return "exit"

    def _collect(self) -> int | None:
        if self.pid == 0:
            return None
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        _, code, usage = os.wait4(self.pid, 0)
        self.pid, self.peak_kb = 0, usage.ru_maxrss
        return code

    def close(self) -> dict[str, Any]:
        """Kill it; what it used, in MiB."""
        self._collect()
        self._channel.close()
        return {"peak_mb": self.peak_kb / 1024, "room_peak_mb": (jail.first_number(jail.MEMORY_PEAK) or 0) / (1 << 20)}


def _live(cells: Any, channel: socket.socket, order: dict[str, Any]) -> None:
    """The fork's whole life."""
    try:
        jail.enter(channel, order["uid"], order)
        if order.get("facts"):
            os.write(3, wire.pack(wire.REPLY, {"facts": jail.facts()}))
            return
        from autograder.sandbox.inside.clerk import Clerk, serve

        channel = socket.socket(fileno=3)
        clerk = Clerk(cells.namespace, lambda source, number: cells.run(source, number, order["output_kb"] << 10))
        serve(clerk, lambda: _read(channel), channel.sendall)
    finally:
        os._exit(0)


def _read(channel: socket.socket) -> tuple[dict[str, Any], bytes]:
    _, header, body = wire.frame_size(_exactly(channel, wire.FRAME.size))
    return wire.unpack_header(_exactly(channel, header)), _exactly(channel, body)


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = channel.recv_into(view)
        if count == 0:
            raise EOFError
        view = view[count:]
    return bytes(data)


class Host:
    """The trusted side, at our stdin and stdout."""

    def receive(self) -> tuple[int, dict[str, Any], bytes, bytes]:
        """The next frame: kind, header, body, and the frame as it came."""
        prefix = self._exactly(wire.FRAME.size)
        kind, header, body = wire.frame_size(prefix)
        text, data = self._exactly(header), self._exactly(body)
        return kind, wire.unpack_header(text), data, prefix + text + data

    def send(self, frame: bytes) -> None:
        view = memoryview(frame)
        while view:
            view = view[os.write(1, view) :]

    def change_to_pipes(self) -> bool:
        """Take the named pipes for stdin and stdout. They lead nowhere where the engine is not on the host's kernel."""
        try:
            # Without waiting, opening for writing fails unless the host has the other end; the other then has it too.
            out = os.open(PIPES / "out", os.O_WRONLY | os.O_NONBLOCK)
            into = os.open(PIPES / "in", os.O_RDONLY)
        except OSError:
            return False
        os.set_blocking(out, True)
        for ours, standard in ((into, 0), (out, 1)):
            os.dup2(ours, standard)
            os.close(ours)
        return True

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = os.read(0, min(size - len(data), 1 << 20))
            if not part:
                raise HungUpError
            data += part
        return bytes(data)


def stage(path: str, content: bytes) -> None:
    """Put a file that students have anyway where every fork finds it and none can change it."""
    target = jail.DATA / path
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(0o444)


def probe(cells: Any, order: dict[str, Any]) -> dict[str, Any]:
    """What is in force inside a fork, asked before any student code has run here."""
    fork = Fork(cells, {**order, "facts": True})
    try:
        reply = fork.exchange(b"", 10)
        facts: dict[str, Any] = wire.unpack_header(reply[wire.FRAME.size :])["facts"]
    finally:
        fork.close()
    return {**facts, "dirty": jail.clean(fork.uid)}


def main() -> None:
    """Serve submissions until the host hangs up."""
    os.umask(0o022)
    jail.prctl(jail.PR_SET_DUMPABLE, 0)
    # Nothing but frames may reach the host: what libraries print goes nowhere.
    host_out = os.dup(1)
    os.dup2(2, 1)
    cells = warm_up()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)  # after a freeze little is old, and Python would look through all of it too often
    os.dup2(host_out, 1)
    os.close(host_out)
    host = Host()
    fork: Fork | None = None
    remains: list[str] = []
    try:
        host.send(wire.pack(wire.READY, {"python": sys.version.split()[0], "pid": os.getpid()}))
        while True:
            kind, header, body, frame = host.receive()
            if kind == wire.PIPES:
                host.send(wire.pack(wire.READY, {"pipes": host.change_to_pipes()}))
            elif kind == wire.STAGE:
                stage(header["path"], body)
            elif kind == wire.OPEN and header.get("probe"):
                host.send(wire.pack(wire.OPENED, probe(cells, header)))
            elif kind == wire.OPEN:
                fork = Fork(cells, header)
                host.send(wire.pack(wire.OPENED, {"dirty": remains}))
            elif kind == wire.REQUEST and fork is not None:
                host.send(_passed_on(fork, header, frame))
            elif kind == wire.CLOSE and fork is not None:
                host.send(wire.pack(wire.CLOSED, fork.close()))
                remains = jail.clean(fork.uid)  # while the host is busy with what it got
                fork = None
    except HungUpError:
        os._exit(0)  # the container ends with its first process, and everything in it


def _passed_on(fork: Fork, header: dict[str, Any], frame: bytes) -> bytes:
    try:
        return fork.exchange(frame, header["seconds"])
    except EndedError as ended:
        return wire.pack(wire.ENDED, {"reason": ended.reason})
