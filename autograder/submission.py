"""An upload, opened safely. Nothing here runs or parses the student's Python."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.model.errors import NotebookUnreadable, SubmissionError, UploadUnsafe
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE

MAX_BYTES = 32 << 20
MAX_CELLS = 1000
MAX_SOURCE = 2 << 20
MAX_MEMBERS = 5000
# The text of a check cell is only looked for, never parsed: it is the student's.
CHECK = re.compile(r"^[^#\n]*\bgrader\.check\(\s*[\"']([^\"'\n]+)[\"']", re.MULTILINE)
NOTEBOOK, CLAIM = ".ipynb", ".csv"
"""What is handed in, by the end of its name: a notebook, or a file of predictions called submission.csv or so."""
CLAIM_NAME = "submission"
REMEDY = "Open it in Jupyter, save it, and hand in that file."
STUDENT_NAME = re.compile(r"\w[\w.@+-]{0,99}")

# How learning platforms name what students hand in, beside `<student>.ipynb` and `<student>/<assignment>.ipynb`.
CANVAS = re.compile(r"(?P<student>[^_/]+)_(?:LATE_)?\d+_\d+_.+\.(?:ipynb|csv)")
MOODLE = re.compile(r"(?P<student>[^/]+)_\d+_assignsubmission_file_?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell of the notebook: `kind` is "code", "markdown" or "raw"."""

    kind: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """One notebook of one student, named by the hash of its bytes: the same upload is the same submission."""

    id: str
    student: str
    handed_in: datetime
    cells: tuple[Cell, ...]
    content: bytes
    language: str = SOURCE_LANGUAGE
    """Of the release that it was made from, by the notebook's own word: hints are given in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """One file that was handed in: whose, from where, and its bytes or why they could not be had."""

    student: str
    origin: str
    handed_in: datetime
    content: bytes = b""
    problem: SubmissionError | None = None

    @property
    def is_claim(self) -> bool:
        return self.origin.endswith(CLAIM)


def receive(upload: Upload) -> Submission:
    """Open an upload. Raises SubmissionError with a text for the student."""
    if upload.problem is not None:
        raise upload.problem
    tree = read_tree(upload.content, upload.origin)
    return Submission(
        id=identity(upload.content),
        student=upload.student,
        handed_in=upload.handed_in,
        cells=cells_of(tree, upload.origin),
        content=upload.content,
        language=language_of(tree),
    )


def checks_in(source: str) -> list[str]:
    """The questions that a code cell checks."""
    return CHECK.findall(source)


def identity(content: bytes) -> str:
    """SHA-256 of what was handed in, by which it is named."""
    return hashlib.sha256(content).hexdigest()


def uploads(paths: Sequence[Path], assignment: str, *, claims: bool = False) -> Iterator[Upload]:
    """Every notebook in files, folders and zips, with the student's name by the customs of Jupyter and LMS.

    `alice.ipynb` and `alice/<assignment>.ipynb` are alice's; so is `alice_123_456_anything.ipynb` from Canvas, and
    `Alice_123_assignsubmission_file/anything.ipynb` from Moodle. With `claims`, the same for files of predictions:
    `alice.csv`, `alice/submission.csv`.
    """
    wanted = {NOTEBOOK, CLAIM} if claims else {NOTEBOOK}
    for path in paths:
        if path.is_dir():
            for inner in sorted(path.rglob("*")):
                if inner.suffix in wanted and ".ipynb_checkpoints" not in inner.parts:
                    yield _from_file(inner, inner.relative_to(path.parent), assignment)
        elif path.suffix == ".zip":
            yield from _from_zip(path, assignment, wanted)
        else:
            yield _from_file(path, Path(*path.absolute().parts[-2:]), assignment)


def _from_file(path: Path, name: Path, assignment: str) -> Upload:
    student, origin = student_of(PurePosixPath(name.as_posix()), assignment), str(path)
    try:
        found = path.stat()
        when = datetime.fromtimestamp(found.st_mtime, UTC)
        if found.st_size > MAX_BYTES:
            return Upload(student=student, origin=origin, handed_in=when, problem=_too_large(origin))
        return Upload(student=student, origin=origin, handed_in=when, content=path.read_bytes())
    except OSError as error:
        problem = SubmissionError(f"{path} cannot be read: {error.strerror}. Check the path and who may read it.")
        return Upload(student=student, origin=origin, handed_in=datetime.now(UTC), problem=problem)


def _from_zip(path: Path, assignment: str, wanted: set[str]) -> Iterator[Upload]:
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > MAX_MEMBERS:
                raise UploadUnsafe(f"{path} holds more than {MAX_MEMBERS} files. Hand in notebooks only.")
            for member in archive.infolist():
                name = PurePosixPath(member.filename)
                if name.suffix in wanted and not {".ipynb_checkpoints", "__MACOSX"} & set(name.parts):
                    yield _from_member(archive, member, path, assignment)
    except UploadUnsafe as problem:
        yield Upload(student=_safe(path.stem), origin=str(path), handed_in=datetime.now(UTC), problem=problem)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        unreadable = NotebookUnreadable(f"{path} is not a zip that can be opened: {error}. Download it again.")
        yield Upload(student=_safe(path.stem), origin=str(path), handed_in=datetime.now(UTC), problem=unreadable)


def _from_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, assignment: str) -> Upload:
    name, origin = PurePosixPath(member.filename), f"{path}:{member.filename}"
    content, problem = b"", None
    if ".." in name.parts or name.is_absolute():
        problem = UploadUnsafe(f"{origin} reaches outside the archive. Zip it afresh.")
    else:
        with archive.open(member) as file:  # the size in the directory may lie: read no more than we take
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            content, problem = b"", _too_large(origin)
    return Upload(
        student=student_of(name, assignment, default=path.stem),
        origin=origin,
        handed_in=datetime(*member.date_time).astimezone(UTC),  # a zip knows only local time
        content=content,
        problem=problem,
    )


def _too_large(origin: str) -> UploadUnsafe:
    return UploadUnsafe(f"{origin} is larger than {MAX_BYTES >> 20} MiB. Clear its outputs and hand it in again.")


def student_of(name: PurePosixPath, assignment: str, default: str | None = None) -> str:
    """Whose upload a file is, by its name."""
    canvas = CANVAS.fullmatch(name.name)
    moodle = MOODLE.fullmatch(name.parent.name)
    if moodle:
        return _safe(moodle["student"])
    if name.stem in (assignment, CLAIM_NAME):
        folder = name.parent.name
        # nbgrader's own layout: submitted/<student>/<assignment>/<assignment>.ipynb
        folder = name.parent.parent.name if folder == assignment and name.parent.parent.name else folder
        return _safe(folder or default or name.stem)
    return _safe(canvas["student"] if canvas else name.stem)


def _safe(name: str) -> str:
    """A name that is also a folder's: what is neither letter, digit nor one of .@+- becomes a dash."""
    cleaned = re.sub(r"[^\w.@+-]+", "-", name).strip(".-")[:100]
    return cleaned if STUDENT_NAME.fullmatch(cleaned) else "unknown"


def read_tree(content: bytes, origin: str) -> dict[str, Any]:
    """The JSON of a notebook. Raises NotebookUnreadable naming the file and what to do."""
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotebookUnreadable(f"{origin} is not a notebook: {str(error)[:200]}. {REMEDY}") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("nbformat"), int):
        raise NotebookUnreadable(f"{origin} is JSON, but not a notebook: it has no nbformat. {REMEDY}")
    return tree


def language_of(tree: dict[str, Any]) -> str:
    """The language that the release wrote into the notebook; English for one that says nothing we know."""
    place: Any = tree
    for key in ("metadata", "neurograde", "language"):
        place = place.get(key) if isinstance(place, dict) else None
    return place if isinstance(place, str) and place in LANGUAGES else SOURCE_LANGUAGE


def cells_of(tree: dict[str, Any], origin: str) -> tuple[Cell, ...]:
    """The cells of a notebook of any nbformat. Raises NotebookUnreadable."""
    try:
        cells = list(_raw_cells(tree))
        found = tuple(Cell(kind=_kind(cell), source=_source(cell)) for cell in cells)
    except (TypeError, KeyError, AttributeError, ValueError, RecursionError):
        raise NotebookUnreadable(f"{origin} is a damaged notebook: a cell in it is not one. {REMEDY}") from None
    if len(found) > MAX_CELLS or sum(len(cell.source) for cell in found) > MAX_SOURCE:
        raise NotebookUnreadable(
            f"{origin} has {len(found)} cells; "
            f"at most {MAX_CELLS} cells and {MAX_SOURCE >> 20} MiB of text are graded. "
            "Delete what does not belong to the homework."
        )
    return found


def _raw_cells(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if tree["nbformat"] >= 4:
        yield from tree["cells"]
        return
    for sheet in tree.get("worksheets", []):
        for cell in sheet["cells"]:
            yield {**cell, "source": cell.get("input", cell.get("source", ""))}


def _kind(cell: dict[str, Any]) -> str:
    kind = cell["cell_type"]
    return kind if kind in ("code", "raw") else "markdown"


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    return text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be sent on
