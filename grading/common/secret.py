"""The secret of the term, from which the split and pseudonyms are drawn."""

import secrets

from autograder.model.errors import ConfigError, PlatformError
from autograder.model.files import create_whole
from grading.common.directory import CourseDirectory

SECRET = "split.secret"  # noqa: S105 - the name of the file
SECRET_BYTES = 32


def read_term_secret(course: CourseDirectory) -> bytes:
    """The term's secret. Raises ConfigError where none was drawn yet: looking at a course draws nothing."""
    if not (course.heldout / SECRET).exists():
        raise ConfigError(f"{course.root} has no secret yet to draw pseudonyms from. Grade first: neurograde grade ...")
    return term_secret(course)


def term_secret(course: CourseDirectory) -> bytes:
    """The term's secret, made when there is none. Raises PlatformError when it cannot be had."""
    path = course.heldout / SECRET
    try:
        if not path.exists():
            create_whole(path, secrets.token_hex(SECRET_BYTES).encode(), private=True)
        secret = bytes.fromhex(path.read_text())
        if len(secret) == SECRET_BYTES:
            return secret
    except (OSError, ValueError) as error:
        raise PlatformError(f"{path} could not be made or read: {error}. Mend that and run it again.") from None
    raise PlatformError(f"{path} is damaged: {len(secret)} bytes instead of {SECRET_BYTES}. Restore it from a backup.")
