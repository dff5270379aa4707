"""Held-out data: inputs that the room may see, labels that never leave this side, and which rows are public.

`heldout/<assignment>/` in the course directory holds `inputs.npy`, `labels.npy`, `public.npy` and `manifest.json` (the
secret seed and the checksums); `heldout/split.secret` is the term's. All are readable by their owner only. Corrected
labels are a file of their own beside the old ones, named by the manifest.
"""

import contextlib
import fcntl
import hashlib
import io
import json
import os
import re
import runpy
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from autograder.model.assignment import Competition
from autograder.model.errors import ConfigError, PlatformError
from autograder.model.files import replace_whole
from autograder.model.settings import Settings
from grading.common.directory import CourseDirectory
from grading.common.secret import term_secret
from grading.common.spreadsheet import read_csv
from grading.scoring.claim import ClaimInvalidError, read_claim
from grading.scoring.heldout import HeldOut
from grading.scoring.split import assignment_secret, public_mask, split_hash

PUBLIC_SHARE: float = Competition.model_fields["public_share"].default
"""Where assignment.toml does not say."""
FORMAT: Literal[3] = 3
"""Of the manifest. Format 1 knew no split, and is brought up to date when it is read; format 2 no corrections."""


class Correction(Settings):
    """Labels that were found to be wrong, and put right."""

    replaced: str
    """The file that held them; it is kept."""
    rows: int
    at: datetime


class Manifest(Settings):
    """`manifest.json`: how the set was drawn and split, and the SHA-256 of each file."""

    format: Literal[2, 3] = FORMAT
    seed: int
    inputs: str
    labels: str
    public: str
    public_share: float = Field(gt=0, lt=1)
    split: str
    labels_file: str = "labels.npy"
    corrections: tuple[Correction, ...] = ()


class OldManifest(Settings):
    """`manifest.json` of format 1."""

    seed: int
    inputs: str
    labels: str


def is_drawn(course: CourseDirectory, assignment: str) -> bool:
    """Whether the assignment has a held-out set."""
    return _folder(course, assignment).exists()


def ready(source: Path, course: CourseDirectory, assignment: str, *, public_share: float | None = None) -> HeldOut:
    """The held-out set of an assignment: loaded, or drawn and split if there is none yet.

    It is what `heldout(seed)` of `source/<assignment>/data.py` returns, (inputs, labels); the seed is secret.
    `public_share` is what `assignment.toml` says; without it a new set gets Competition's default, and of one that is
    there it is not compared. Raises ConfigError when `data.py` gives no such pair, PlatformError when the set cannot be
    written, and what `load` does.
    """
    if is_drawn(course, assignment):
        return load(course, assignment, public_share=public_share)
    return _draw(source, course, assignment, PUBLIC_SHARE if public_share is None else public_share)


def _draw(source: Path, course: CourseDirectory, assignment: str, public_share: float) -> HeldOut:
    """Of several processes that draw at once the first one's set is the one, for all of them."""
    folder = _folder(course, assignment)
    seed, data_py = secrets.randbits(63), source / assignment / "data.py"
    inputs, labels = _call_data_py(data_py, seed)
    try:
        public = public_mask(labels, assignment_secret(term_secret(course), assignment), public_share)
    except ValueError as error:
        raise ConfigError(f"{data_py}: {error}. Let heldout(seed) return more rows.") from None
    with tempfile.TemporaryDirectory(prefix=f".{assignment}.", dir=course.heldout) as scratch:
        part = Path(scratch) / assignment
        try:
            part.mkdir(mode=0o700)
            manifest = Manifest(
                seed=seed,
                inputs=_write(part / "inputs.npy", _to_bytes(inputs)),
                labels=_write(part / "labels.npy", _to_bytes(labels)),
                public=_write(part / "public.npy", _to_bytes(public)),
                public_share=public_share,
                split=split_hash(public),
            )
            _write_manifest(part, manifest)
            part.rename(folder)
        except OSError as error:
            if not folder.exists():  # else another process was first, and its set is the one
                raise PlatformError(f"{folder} could not be written: {error}. Make room and run it again.") from None
    return load(course, assignment, public_share=public_share)


def load(course: CourseDirectory, assignment: str, *, public_share: float | None = None) -> HeldOut:
    """Read the held-out set; one that was drawn before there were splits is split first.

    Raises PlatformError naming the file that is missing or not what was drawn, and ConfigError when the set was split
    by another share than `public_share`.
    """
    folder = _folder(course, assignment)
    manifest = _read_manifest(course, assignment, PUBLIC_SHARE if public_share is None else public_share)
    if public_share is not None and public_share != manifest.public_share:
        raise ConfigError(
            f"assignment.toml says public_share = {public_share:g}, but {folder} was split with "
            f"{manifest.public_share:g}, and another split would tell which rows are public. Set it back; or, before "
            "any public score was shown, move that folder away."
        )
    inputs = _read(folder / "inputs.npy", manifest.inputs)
    labels = _read(folder / manifest.labels_file, manifest.labels)
    public = _read(folder / "public.npy", manifest.public)
    version = hashlib.sha256((manifest.inputs + manifest.labels).encode()).hexdigest()[:16]
    return HeldOut(inputs=inputs, labels=labels, public=public, version=version, split=manifest.split)


def correct(course: CourseDirectory, assignment: str, labels: Mapping[int, int]) -> tuple[HeldOut, HeldOut]:
    """Put wrong labels right, given by Id: the set before and after; the same one where nothing was wrong.

    It is a new version of the set, split as it was: a new split would tell which rows are public. The old labels are
    kept. Raises ConfigError for an Id or class that there is none of, or a class that nothing is left of, and what
    `load` raises.
    """
    folder = _folder(course, assignment)
    with _one_at_a_time(folder):  # two that read the same manifest would each write over the other's labels
        return _correct(course, assignment, folder, labels)


def _correct(
    course: CourseDirectory, assignment: str, folder: Path, labels: Mapping[int, int]
) -> tuple[HeldOut, HeldOut]:
    before = load(course, assignment)
    manifest = _read_manifest(course, assignment, PUBLIC_SHARE)
    n, truth = len(before.labels), before.labels.copy()
    for row, label in labels.items():
        if not (0 <= row < n and 0 <= label < before.classes):
            raise ConfigError(
                f"Id {row} cannot be class {label}: {assignment} has Ids from 0 to {n - 1} and classes from 0 to "
                f"{before.classes - 1}. Nothing was changed. Mend that line and run it again."
            )
        truth[row] = label
    wrong = int(np.count_nonzero(truth != before.labels))
    if not wrong:
        return before, before
    if gone := sorted(set(range(before.classes)) - set(truth.tolist())):
        raise ConfigError(f"Nothing would be left of class {gone[0]}. Nothing was changed: look at the file again.")
    content = _to_bytes(truth)
    name = f"labels-{len(manifest.corrections) + 1}.npy"
    correction = Correction(replaced=manifest.labels_file, rows=wrong, at=datetime.now(UTC))
    try:
        changed = {
            "format": FORMAT,
            "labels": _write(folder / name, content),
            "labels_file": name,
            "corrections": (*manifest.corrections, correction),
        }
        _write_manifest(folder, manifest.model_copy(update=changed))  # last: until then the set is what it was
    except OSError as error:
        raise PlatformError(f"{folder} could not be written: {error}. Nothing was changed; make room first.") from None
    return before, load(course, assignment)


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the folder of a set: of several processes that change it each waits for the one before."""
    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError:
        raise _damaged(folder / "manifest.json") from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def read_corrections(path: Path) -> dict[int, int]:
    """Labels by Id of a CSV whose header is Category and Id, in any order, and which lists wrong rows only.

    Raises ConfigError for anything else, naming the line.
    """
    rows = list(read_csv(path.read_bytes(), path.name))
    names = [name.casefold() for name in rows[0][1]] if rows else []
    if sorted(names) != ["category", "id"]:
        raise ConfigError(f"{path} must begin with the header Category,Id, and list only rows whose label is wrong.")
    labels: dict[int, int] = {}
    for line, cells in rows[1:]:
        if len(cells) != len(names) or not all(re.fullmatch(r"\d{1,9}", cell) for cell in cells):
            raise ConfigError(f"{path}, line {line}: a class number and an Id are needed, whole numbers from 0.")
        row = dict(zip(names, map(int, cells), strict=True))
        if labels.setdefault(row["id"], row["category"]) != row["category"]:
            raise ConfigError(f"{path}, line {line}: Id {row['id']} has another class on an earlier line.")
    return labels


def facts(heldout: HeldOut) -> dict[str, Any]:
    """What may be said of a held-out set without telling a label or a row's side, ready for a table or JSON."""
    public = int(np.count_nonzero(heldout.public))
    return {
        "rows": len(heldout.labels),
        "classes": heldout.classes,
        "public": public,
        "private": len(heldout.labels) - public,
        "inputs": f"{heldout.inputs.dtype} {heldout.inputs.shape}",
        "version": heldout.version,
        "split": heldout.split,
    }


def read_baseline(source: Path, assignment: str, name: str, heldout: HeldOut) -> NDArray[np.int64]:
    """The instructor's frozen predictions, (n,) class numbers by Id, from the CSV `name` in the assignment's source.

    It means something only where `data.py` gives every row the same Id in every course. Raises ConfigError when it is
    missing, or not what a student's claim would have to be.
    """
    path = source / assignment / name
    try:
        return read_claim(path.read_bytes(), len(heldout.labels), heldout.classes).predictions
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}. Put the baseline there, or mend competition.baseline in "
            "assignment.toml."
        ) from None
    except ClaimInvalidError as error:
        raise ConfigError(f"{path} is no baseline:\n{error.listed}\nMend it and run the command again.") from None


def _folder(course: CourseDirectory, assignment: str) -> Path:
    return course.heldout / assignment


def _call_data_py(path: Path, seed: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if not path.is_file():
        raise ConfigError(f"{path} is missing. Write it: a competition needs heldout(seed) -> (inputs, labels).")
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what data.py prints is for people: stdout may be JSON
            inputs, labels = runpy.run_path(str(path))["heldout"](seed)
        inputs, labels = np.asarray(inputs), np.asarray(labels)
    except Exception as error:
        raise ConfigError(f"{path}: heldout(seed) did not work: {type(error).__name__}: {error}") from error
    if inputs.dtype.hasobject or labels.dtype.kind not in "iu" or labels.ndim != 1 or labels.size == 0:
        raise ConfigError(
            f"{path}: heldout(seed) must return arrays (inputs, labels), labels of shape (n,) and an integer type; "
            f"it returned {inputs.dtype}{list(inputs.shape)} and {labels.dtype}{list(labels.shape)}."
        )
    if inputs.shape[:1] != labels.shape:
        raise ConfigError(
            f"{path}: heldout(seed) returned inputs of shape {inputs.shape} and {len(labels)} labels. "
            "Return one input a label."
        )
    classes = np.unique(labels)
    if len(classes) < 2 or classes[0] != 0 or classes[-1] != len(classes) - 1:
        raise ConfigError(
            f"{path}: heldout(seed) must return labels that count classes from 0 without a gap, at least two; "
            f"its classes are {', '.join(map(str, classes[:12]))}."
        )
    return inputs, labels.astype(np.int64)


def _read_manifest(course: CourseDirectory, assignment: str, public_share: float) -> Manifest:
    path = _folder(course, assignment) / "manifest.json"
    try:
        content = json.loads(path.read_bytes())
        form = content.get("format", 1)
        if isinstance(form, int) and form > FORMAT:
            raise PlatformError(
                f"{path} is of format {form}, and this neurograde knows up to {FORMAT}. Nobody was scored. "
                "Use the version that wrote it, or a newer one."
            )
        if form == 1:
            return _split(course, assignment, OldManifest.model_validate(content), public_share)
        return Manifest.model_validate(content)
    except (OSError, ValueError, AttributeError):  # pydantic's ValidationError is a ValueError
        raise _damaged(path) from None


def _split(course: CourseDirectory, assignment: str, old: OldManifest, public_share: float) -> Manifest:
    """Split a set that was drawn before there were splits. Its rows, and so its version, stay what they are."""
    folder = _folder(course, assignment)
    labels = _read(folder / "labels.npy", old.labels)
    try:
        public = public_mask(labels, assignment_secret(term_secret(course), assignment), public_share)
    except ValueError as error:
        raise ConfigError(f"{folder}: {error}. Move that folder away, and draw a larger set.") from None
    try:
        checksum = _write(folder / "public.npy", _to_bytes(public))
        manifest = Manifest(**old.model_dump(), public=checksum, public_share=public_share, split=split_hash(public))
        _write_manifest(folder, manifest)  # last: until then the set is an old one, and is split anew
    except OSError as error:
        raise PlatformError(f"{folder} could not be split: {error}. Mend that and run it again.") from None
    return manifest


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    replace_whole(folder / "manifest.json", manifest.model_dump_json(indent=2).encode(), private=True)


def _to_bytes(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> str:
    """Write a file for its owner only; its checksum."""
    replace_whole(path, content, private=True)
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
