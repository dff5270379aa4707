"""Which engine and which image the room runs on. `docker/setup.sh` makes what is missing and asks here for names."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from autograder.model.errors import EngineUnavailableError

CHECKOUT = Path(__file__).resolve().parents[2]
ENGINES = ("docker", "podman")
PACKAGES_RECIPE = ("docker/install-packages.sh", "docker/room-requirements.lock")
ROOM_RECIPE = (*PACKAGES_RECIPE, "docker/Dockerfile")
INSIDE = "autograder/sandbox/inside"


def find_engine(*, patience: float = 10.0) -> str:
    """Return the command of an engine that answers: `$NEUROGRADE_ENGINE`, else docker, else podman.

    `patience` is in seconds per engine; a daemon that does not run refuses at once, only one that hangs takes so long.
    """
    chosen = os.environ.get("NEUROGRADE_ENGINE")
    if chosen and chosen not in ENGINES:
        raise EngineUnavailableError(f"NEUROGRADE_ENGINE is {chosen!r}: set it to docker or podman, or unset it")
    faults = []
    for engine in (chosen,) if chosen else ENGINES:
        fault = _fault(engine, patience)
        if fault is None:
            return engine
        faults.append(f"{engine}: {fault}")
    raise EngineUnavailableError(
        f"no container engine answers ({'; '.join(faults)}). Start Docker or podman and let this user reach it, "
        "or run `make setup` as root, which installs and starts Docker on Debian and Ubuntu"
    )


def packages_tag(checkout: Path = CHECKOUT) -> str:
    """Return the name of the image with the packages only; it changes with the lock, not with our code."""
    return f"neurograde-packages:{_digest(checkout, PACKAGES_RECIPE)}"


def image_tag(checkout: Path = CHECKOUT) -> str:
    """Return the name of the room's image, from the contents of all that goes into it."""
    room = sorted(path.relative_to(checkout).as_posix() for path in (checkout / INSIDE).rglob("*.py"))
    return f"neurograde-room:{_digest(checkout, (*ROOM_RECIPE, *room))}"


def image_exists(engine: str, tag: str) -> bool:
    """Say whether the engine has the image; an engine that fails to answer is an error, not a no."""
    answer = _run([engine, "images", "--quiet", tag], seconds=30)
    if isinstance(answer, str):
        raise EngineUnavailableError(f"{engine} cannot list its images ({answer}). See that `{engine} images` works")
    return bool(answer.stdout.strip())


def _fault(engine: str, patience: float) -> str | None:
    if shutil.which(engine) is None:
        return "not installed"
    answer = _run([engine, "ps", "--quiet"], seconds=patience)
    return answer if isinstance(answer, str) else None


def _run(command: list[str], *, seconds: float) -> subprocess.CompletedProcess[str] | str:
    """Return what the command answered, or in a few words why it did not."""
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {seconds:g} s"
    except OSError as error:
        return str(error)
    if answer.returncode == 0:
        return answer
    lines = answer.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {answer.returncode}"


def _digest(checkout: Path, names: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in names:
        try:
            content = (checkout / name).read_bytes()
        except FileNotFoundError as error:
            raise EngineUnavailableError(
                f"{checkout / name} is missing, so the room's image has no name: run from a complete checkout, "
                "installed with `pip install -e .`"
            ) from error
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]
