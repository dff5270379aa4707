"""Held-out data: inputs that the room may see, and labels that never leave this side.

`heldout/<assignment>/` in the course directory holds `inputs.npy`, `labels.npy` and `manifest.json` (the secret seed
and the checksums), readable by its owner only.
"""

import hashlib
import io
import runpy
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from autograder.assignment import Settings
from autograder.errors import ConfigError, PlatformError
from grading.course import Course

ARRAYS = ("inputs", "labels")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class HeldOut:
    """The held-out set of an assignment, in the order it is kept in."""

    inputs: NDArray[Any]
    """(n, ...), as the student's entry point takes them."""
    labels: NDArray[np.int64]
    """(n,) class numbers."""
    version: str
    """SHA-256 over both, first 16 hex digits."""


class Manifest(Settings):
    """`manifest.json`: how the set was drawn, and the SHA-256 of both files."""

    seed: int
    inputs: str
    labels: str


def ready(source: Path, course: Course, assignment: str) -> HeldOut:
    """The held-out set of an assignment: loaded, or prepared if there is none yet."""
    return load(course, assignment) if _folder(course, assignment).exists() else prepare(source, course, assignment)


def prepare(source: Path, course: Course, assignment: str) -> HeldOut:
    """Draw the held-out set: `heldout(seed)` of `source/<assignment>/data.py` -> (inputs, labels), secret seed.

    Raises ConfigError when `data.py` gives no such pair, or when the set was drawn before.
    """
    folder = _folder(course, assignment)
    if folder.exists():
        raise ConfigError(
            f"{folder} is drawn already, and scores given with it would not compare with another. "
            "To draw it anew, move that folder away and grade everyone again."
        )
    seed = secrets.randbits(63)
    arrays = dict(zip(ARRAYS, _call_data_py(source / assignment / "data.py", seed), strict=True))
    with tempfile.TemporaryDirectory(prefix=f".{assignment}.", dir=course.heldout) as scratch:
        part = Path(scratch) / assignment
        try:
            part.mkdir(mode=0o700)
            sums = {name: _write(part / f"{name}.npy", _to_bytes(array)) for name, array in arrays.items()}
            _write(part / "manifest.json", Manifest(seed=seed, **sums).model_dump_json(indent=2).encode())
            part.rename(folder)
        except OSError as error:
            if not folder.exists():  # else another process was first, and its set is the one
                raise PlatformError(f"{folder} could not be written: {error}. Make room and run it again.") from None
    return load(course, assignment)


def load(course: Course, assignment: str) -> HeldOut:
    """Read the held-out set. Raises PlatformError naming the file that is missing or not what was drawn."""
    folder = _folder(course, assignment)
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    except (OSError, ValidationError):
        raise _damaged(folder / "manifest.json") from None
    inputs, labels = (_read(folder / f"{name}.npy", getattr(manifest, name)) for name in ARRAYS)
    version = hashlib.sha256((manifest.inputs + manifest.labels).encode()).hexdigest()[:16]
    return HeldOut(inputs=inputs, labels=labels, version=version)


def _folder(course: Course, assignment: str) -> Path:
    return course.heldout / assignment


def _call_data_py(path: Path, seed: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if not path.is_file():
        raise ConfigError(f"{path} is missing. Write it: a competition needs heldout(seed) -> (inputs, labels).")
    try:
        inputs, labels = runpy.run_path(str(path))["heldout"](seed)
        inputs, labels = np.asarray(inputs), np.asarray(labels)
    except Exception as error:
        raise ConfigError(f"{path}: heldout(seed) did not work: {type(error).__name__}: {error}") from error
    if inputs.dtype.hasobject or labels.dtype.kind not in "iu" or labels.ndim != 1 or labels.size == 0:
        raise ConfigError(
            f"{path}: heldout(seed) must return arrays (inputs, labels), labels of shape (n,) and an integer type; "
            f"it returned {inputs.dtype}{list(inputs.shape)} and {labels.dtype}{list(labels.shape)}."
        )
    if len(inputs) != len(labels):
        raise ConfigError(f"{path}: heldout(seed) returned {len(inputs)} inputs and {len(labels)} labels.")
    return inputs, labels.astype(np.int64)


def _to_bytes(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> str:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _read(path: Path, checksum: str) -> NDArray[Any]:
    try:
        content = path.read_bytes()
    except OSError:
        raise _damaged(path) from None
    if hashlib.sha256(content).hexdigest() != checksum:
        raise _damaged(path)
    array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    array.setflags(write=False)
    return array


def _damaged(path: Path) -> PlatformError:
    return PlatformError(
        f"{path} is missing or is not the file that was drawn. Nobody was scored. Restore it from a backup; without "
        f"one, move {path.parent} away and grade everyone again, on a held-out set drawn anew."
    )
