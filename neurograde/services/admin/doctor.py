"""Looks at every part that grading stands on, and says what to do about each that is not well."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from autograder.authoring.datasets import find_fashion_mnist
from autograder.model.assignment import Limits
from autograder.model.errors import ConfigError, CourseError
from autograder.sandbox.image import find_engine, image_exists, image_tag

FREE_GB = 5
PROBE_MEMORY_MB = 768
# Four processes that each stay below the limit of one, and together want twice the room: only the cgroup can stop them.
HUNGRY = """
import mmap, os, time
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        held = mmap.mmap(-1, {megabytes} << 19)
        for page in range(0, len(held), 4096):
            held[page] = 1
        time.sleep(2)
        os._exit(0)
    children.append(child)
got = any(os.waitpid(child, 0)[1] == 9 for child in children)
"""
DEAF = """
import time
while True:
    try:
        time.sleep(60)
    except BaseException:
        pass
"""


class Health(StrEnum):
    """How a part is: WELL, NOTE (grading works without it) or ILL (grading refuses to start)."""

    WELL = "well"
    NOTE = "note"
    ILL = "ill"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One part, how it is, and the next step when it is not well."""

    part: str
    health: Health
    text: str


def examine(course: Path) -> Iterator[Finding]:
    """Findings one by one, since the room takes seconds to open."""
    engine = _try("container engine", lambda: f"{find_engine()} answers")
    yield engine
    image = _try("room image", _image) if engine.health is Health.WELL else _skipped("room image", "the engine")
    yield image
    for part, look in (("isolation", _isolation), ("memory limit", _memory_limit), ("time limit", _time_limit)):
        yield _try(part, look) if image.health is Health.WELL else _skipped(part, "the room image")
    yield _disk(course)
    yield _program("alembic", "nbgrader's own commands need it on PATH")
    yield _program("nbgrader", "`nbgrader export` and formgrader come with it")
    yield _dataset()


def _try(part: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(part=part, health=Health.WELL, text=look())
    except CourseError as error:
        return Finding(part=part, health=Health.ILL, text=str(error))


def _skipped(part: str, needed: str) -> Finding:
    return Finding(part=part, health=Health.ILL, text=f"not looked at: {needed} comes first")


def _image() -> str:
    tag = image_tag()
    if not image_exists(find_engine(), tag):
        raise CourseError(f"{tag} is not built, or the room's code changed since. Build it: make setup")
    return f"{tag} is current"


def _isolation() -> str:
    from autograder.sandbox.container import DockerRoom

    with DockerRoom(Limits(), {}) as room:
        room.open(wall_seconds=30).close()
    return "user, capabilities, seccomp, network, file system, descriptors and limits hold inside a room"


def _memory_limit() -> str:
    from autograder.sandbox.channel import Channel
    from autograder.sandbox.container import DockerRoom

    with DockerRoom(Limits(memory_mb=PROBE_MEMORY_MB, disk_mb=8), {}) as room:
        session = room.open(wall_seconds=60)
        inside = Channel(session, seed=0, seconds=30, left=lambda: 60)
        inside.cell(HUNGRY.format(megabytes=PROBE_MEMORY_MB), 1, 30)
        held = inside.ask("get", name="got") is True
        session.close()
        if not held:
            raise CourseError(
                f"processes that together take twice the {PROBE_MEMORY_MB} MiB of a room were let live. The engine "
                "does not enforce the limit on this host; look at `docker info` for warnings about memory."
            )
    return f"processes that together want more than a room's {PROBE_MEMORY_MB} MiB are killed, the room goes on"


def _time_limit() -> str:
    from autograder.sandbox.container import DockerRoom
    from autograder.sandbox.room import SessionEndedError

    with DockerRoom(Limits(disk_mb=8), {}) as room:
        session = room.open(wall_seconds=60)
        try:
            session.request({"op": "cell", "source": DEAF, "number": 1}, [], 1)
        except SessionEndedError:
            session.close()
        else:
            raise CourseError("a loop that ignores every interrupt was let live. This is a bug of the room: report it.")
        room.open(wall_seconds=30).close()
    return "a loop that ignores every interrupt is ended, the room goes on"


def _disk(course: Path) -> Finding:
    place = next(folder for folder in (course, *course.parents) if folder.exists())
    free = shutil.disk_usage(place).free / (1 << 30)
    health = Health.WELL if free >= FREE_GB else Health.ILL
    advice = "" if health is Health.WELL else f"; free some, grading wants {FREE_GB} GiB"
    return Finding(part="disk", health=health, text=f"{free:.0f} GiB free at {place}{advice}")


def _program(name: str, why: str) -> Finding:
    if shutil.which(name):
        return Finding(part=name, health=Health.WELL, text=str(shutil.which(name)))
    beside = Path(sys.executable).parent
    remedy = f"`source {beside}/activate`" if (beside / name).exists() else "make setup"
    return Finding(part=name, health=Health.NOTE, text=f"not on PATH ({why}). Put it there: {remedy}")


def _dataset() -> Finding:
    try:
        return Finding(
            part="Fashion-MNIST", health=Health.WELL, text=f"{find_fashion_mnist()}, every file as published"
        )
    except ConfigError as error:
        return Finding(part="Fashion-MNIST", health=Health.NOTE, text=f"{error} fashionmnist_kaggle needs it.")
