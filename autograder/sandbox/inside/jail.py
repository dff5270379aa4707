"""Turns a fresh fork of the supervisor into the place where one student's code runs, and cleans up after it."""

import ctypes
import os
import resource
import shutil
import signal
import socket
import stat
from pathlib import Path
from typing import Any

WORK = Path("/work")
DATA = Path("/data")
WRITABLE = (WORK, Path("/dev/shm"), Path("/dev/mqueue"))  # noqa: S108 - what a submission may have written to
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
MAX_PROCESSES = 96
MAX_OPEN_FILES = 256


def prctl(option: int, value: int) -> None:
    """Raises OSError when the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def enter(channel: socket.socket, uid: int, limits: dict[str, Any]) -> None:
    """Become `uid` with only `channel` (as descriptor 3), an empty work directory, and the limits. No way back."""
    os.setsid()
    Path("/proc/self/oom_score_adj").write_text("1000")  # the kernel takes this process before the supervisor
    _keep_only(channel)
    _limit(limits)
    become(uid)
    prctl(PR_SET_DUMPABLE, 1)  # libraries read /proc/self; it shows the student nothing but their own process
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    home = WORK / str(uid)
    home.mkdir(mode=0o700)
    os.chdir(home)
    for path in DATA.iterdir():
        (home / path.name).symlink_to(path)
    os.environ.clear()
    os.environ.update(
        HOME=str(home),
        TMPDIR=str(home),
        MPLCONFIGDIR=str(home),
        PATH="/usr/local/bin:/usr/bin:/bin",
        LANG="C.UTF-8",
        OMP_NUM_THREADS="1",
        USER="student",
    )


def become(uid: int) -> None:
    """Drop every identity but `uid`, for good."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _keep_only(channel: socket.socket) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    kept = os.dup(channel.fileno())
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.dup2(kept, 3)
    os.closerange(4, 65536)


def _limit(limits: dict[str, Any]) -> None:
    mib = 1 << 20
    virtual = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    cpu = int(limits["wall_seconds"]) + 5
    for kind, value in (
        # Below the cgroup's limit, so that most code meets a MemoryError and not the kernel's SIGKILL.
        (resource.RLIMIT_AS, virtual + int(limits["memory_mb"] * 0.8) * mib),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, limits["disk_mb"] * mib),
        (resource.RLIMIT_NPROC, MAX_PROCESSES),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def clean(uid: int) -> list[str]:
    """Kill and delete everything of `uid`; what is left afterwards (nothing, or the room must not be used again)."""
    for _ in range(3):
        sweeper = os.fork()
        if sweeper == 0:
            _sweep(uid)
        os.waitpid(sweeper, 0)
        _reap()
        remains = leftovers(uid)
        if not remains:
            break
    return remains


def _sweep(uid: int) -> None:
    # As the student's own uid: the supervisor has no right to another user's files, and -1 then means only theirs.
    try:
        os.setsid()
        become(uid)
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        for folder in WRITABLE:
            for entry in os.scandir(folder):
                if entry.stat(follow_symlinks=False).st_uid == uid:
                    _delete(entry)
    finally:
        os._exit(0)


def _delete(entry: "os.DirEntry[str]") -> None:
    if entry.is_dir(follow_symlinks=False):
        for folder, _, _ in os.walk(entry.path):
            os.chmod(folder, stat.S_IRWXU)
        shutil.rmtree(entry.path, ignore_errors=True)
    else:
        os.unlink(entry.path)


def leftovers(uid: int) -> list[str]:
    """Processes and files of `uid`."""
    remains = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and path.stat().st_uid == uid:
                remains.append(f"process {path.name}")
        except FileNotFoundError:
            continue
    for folder in WRITABLE:
        remains += [path.path for path in os.scandir(folder) if path.stat(follow_symlinks=False).st_uid == uid]
    return remains


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def facts() -> dict[str, Any]:
    """What is in force for the process that asks, for the host to check before any student code runs."""
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return {
        "uid": os.getuid(),
        "groups": os.getgroups(),
        "capabilities": int(status["CapEff"], 16) | int(status["CapPrm"], 16) | int(status["CapInh"], 16),
        "bounding": int(status["CapBnd"], 16),
        "no_new_privs": status.get("NoNewPrivs") == "1",
        "seccomp": status.get("Seccomp") == "2",
        "interfaces": sorted(name for _, name in socket.if_nameindex()),
        "root_read_only": any(m[1] == "/" and "ro" in m[3].split(",") for m in mounts),
        "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1],
        "environment": sorted(os.environ),
        "memory_limit": first_number(MEMORY_LIMIT),
        "pids_limit": first_number(PIDS_LIMIT),
        "processes": resource.getrlimit(resource.RLIMIT_NPROC)[0],
    }


CGROUP = Path("/sys/fs/cgroup")
MEMORY_LIMIT = (CGROUP / "memory.max", CGROUP / "memory/memory.limit_in_bytes")
MEMORY_PEAK = (CGROUP / "memory.peak", CGROUP / "memory/memory.max_usage_in_bytes")
PIDS_LIMIT = (CGROUP / "pids.max", CGROUP / "pids/pids.max")


def first_number(paths: tuple[Path, ...]) -> int | None:
    """The number in the first of these files that is there: cgroup v2 and v1 name them differently."""
    for path in paths:
        try:
            return int(path.read_text().split()[0])
        except (OSError, ValueError):
            continue
    return None


def oom_kills() -> int:
    """How often the kernel has killed a process of this room for memory."""
    for path in (CGROUP / "memory.events", CGROUP / "memory/memory.oom_control"):
        try:
            table = dict(line.split() for line in path.read_text().splitlines())
        except OSError:
            continue
        return int(table.get("oom_kill", 0))
    return 0
