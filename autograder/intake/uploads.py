"""An upload, opened safely. Nothing here runs or parses the student's Python."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from autograder.intake.attribution import safe_name, student_of
from autograder.model.errors import NotebookUnreadableError, SubmissionError, UploadUnsafeError
from autograder.model.notebook import Submission, cells_of, identity, language_of, read_tree

MAX_BYTES = 32 << 20
MAX_MEMBERS = 5000
NOTEBOOK, CLAIM = ".ipynb", ".csv"
"""What is handed in, by the end of its name: a notebook, or a file of predictions called submission.csv or so."""


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


def uploads(paths: Sequence[Path], assignment: str, *, claims: bool = False) -> Iterator[Upload]:
    """Every notebook in files, folders and zips, with the student's name by the customs of Jupyter and LMS.

    `alice.ipynb` and `alice/<assignment>.ipynb` are alice's; so is `alice_123_456_anything.ipynb` from Canvas, and
    `Alice_123_assignsubmission_file/anything.ipynb` from Moodle. With `claims`, the same for files of predictions:
    `alice.csv`, `alice/submission.csv`.
    """
    suffixes = {NOTEBOOK, CLAIM} if claims else {NOTEBOOK}
    for path in paths:
        if path.is_dir():
            for inner in sorted(path.rglob("*")):
                if inner.suffix in suffixes and ".ipynb_checkpoints" not in inner.parts:
                    yield _from_file(inner, inner.relative_to(path.parent), assignment)
        elif path.suffix == ".zip":
            yield from _from_zip(path, assignment, suffixes)
        else:
            yield _from_file(path, Path(*path.absolute().parts[-2:]), assignment)


def _from_file(path: Path, name: Path, assignment: str) -> Upload:
    student, origin = student_of(PurePosixPath(name.as_posix()), assignment), os.fsencode(path).decode(errors="replace")
    try:
        stat = path.stat()
        when = datetime.fromtimestamp(stat.st_mtime, UTC)
        if stat.st_size > MAX_BYTES:
            return Upload(student=student, origin=origin, handed_in=when, problem=_too_large(origin))
        return Upload(student=student, origin=origin, handed_in=when, content=path.read_bytes())
    except OSError as error:
        problem = SubmissionError(f"{path} cannot be read: {error.strerror}. Check the path and who may read it.")
        return Upload(student=student, origin=origin, handed_in=datetime.now(UTC), problem=problem)


def _from_zip(path: Path, assignment: str, suffixes: set[str]) -> Iterator[Upload]:
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > MAX_MEMBERS:
                raise UploadUnsafeError(f"{path} holds more than {MAX_MEMBERS} files. Hand in notebooks only.")
            for member in archive.infolist():
                name = PurePosixPath(member.filename)
                if name.suffix in suffixes and not {".ipynb_checkpoints", "__MACOSX"} & set(name.parts):
                    yield _from_member(archive, member, path, assignment)
    except UploadUnsafeError as problem:
        yield Upload(student=safe_name(path.stem), origin=str(path), handed_in=datetime.now(UTC), problem=problem)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        unreadable = NotebookUnreadableError(f"{path} is not a zip that can be opened: {error}. Download it again.")
        yield Upload(student=safe_name(path.stem), origin=str(path), handed_in=datetime.now(UTC), problem=unreadable)


def _from_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, assignment: str) -> Upload:
    name, origin = PurePosixPath(member.filename), f"{path}:{member.filename}"
    content, problem = b"", None
    if ".." in name.parts or name.is_absolute():
        problem = UploadUnsafeError(f"{origin} reaches outside the archive. Zip it afresh.")
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


def _too_large(origin: str) -> UploadUnsafeError:
    return UploadUnsafeError(f"{origin} is larger than {MAX_BYTES >> 20} MiB. Clear its outputs and hand it in again.")
