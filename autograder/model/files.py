"""Files, read strictly and written whole."""

import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError

from autograder.model.errors import ConfigError, PlatformError
from autograder.model.report import REPORT, Report
from autograder.model.settings import Settings, in_words

S = TypeVar("S", bound=Settings)


def read_toml(path: Path, model: type[S], *, example: str) -> S:
    """Read a TOML file strictly. Raises ConfigError naming the file, the key and the nearest valid key.

    `example` is what a file that is missing needs at least.
    """
    try:
        return model.model_validate(tomllib.loads(path.read_text()))
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing. Write one; it needs at least {example}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}. Mend that line and run the command again.") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {in_words(error, model)}") from None


def read_phrases(path: Path) -> Mapping[str, Mapping[str, str]]:
    """The texts of a page, by language and name. The file comes with the program, so nothing in it is looked at."""
    return MappingProxyType(tomllib.loads(path.read_text(encoding="utf-8")))


def read_report(path: Path) -> Report:
    """Read what `to_json` wrote. Raises OSError, or pydantic.ValidationError for anything else."""
    return REPORT.validate_json(path.read_bytes())


def write_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file as `replace_whole` does. Raises PlatformError saying that it could not, and why."""
    try:
        replace_whole(path, content, private=private)
    except OSError as error:
        raise PlatformError(
            f"{path} could not be written: {error.strerror}. It is as it was; make room and run the command again."
        ) from None


def replace_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file in one step, its folder too: nobody ever finds half of it, and of several writers the last wins.

    What is `private` only its owner may read. Raises OSError; then the old file is what it was, and nothing else is
    left behind.
    """
    with _beside(path, content, private) as part:
        part.replace(path)


def create_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file whole unless there is one: of several writers at once the first wins, the others' are dropped.

    Raises OSError as `replace_whole` does.
    """
    with _beside(path, content, private) as part:
        try:
            os.link(part, path)
        except FileExistsError:
            pass


@contextmanager
def _beside(path: Path, content: bytes, private: bool) -> Iterator[Path]:
    """A file of this content on the same disk, for one writer alone: threads share the number of their process.

    It lies in a folder of its own, for `tempfile` makes its files private, and only the system knows the umask.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".part-", ignore_cleanup_errors=True) as folder:
        part = Path(folder) / "part"
        part.touch(mode=0o600 if private else 0o666)
        part.write_bytes(content)
        yield part
