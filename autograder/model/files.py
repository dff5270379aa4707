"""Files, read strictly and written whole."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from autograder.model.errors import ConfigError
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


def read_report(path: Path) -> Report:
    """Read what `to_json` wrote. Raises OSError, or pydantic.ValidationError for anything else."""
    return REPORT.validate_json(path.read_bytes())
