"""The secret of the term, from which the split and pseudonyms are drawn."""

import os
import secrets
import tempfile
from pathlib import Path

from autograder.model.errors import PlatformError
from grading.common.directory import CourseDirectory

SECRET = "split.secret"  # noqa: S105 - the name of the file
SECRET_BYTES = 32


def term_secret(course: CourseDirectory) -> bytes:
    """The term's secret, made when there is none. Raises PlatformError when it cannot be had."""
    path = course.heldout / SECRET
    try:
        if not path.exists():
            _create(path, secrets.token_hex(SECRET_BYTES).encode())
        secret = bytes.fromhex(path.read_text())
        if len(secret) == SECRET_BYTES:
            return secret
    except (OSError, ValueError) as error:
        raise PlatformError(f"{path} could not be made or read: {error}. Mend that and run it again.") from None
    raise PlatformError(f"{path} is damaged: {len(secret)} bytes instead of {SECRET_BYTES}. Restore it from a backup.")


def _create(path: Path, content: bytes) -> None:
    """Write a file whole; of several processes that do so at once the first wins, and the others' are dropped."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as part:  # made with mode 0600
        part.write(content)
        part.flush()
        try:
            os.link(part.name, path)
        except FileExistsError:
            pass
