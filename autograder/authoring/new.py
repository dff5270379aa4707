"""`neurograde new`: an assignment to begin with, which passes `neurograde release` as it stands."""

import shutil
from pathlib import Path

from autograder.model.errors import ConfigError

TEMPLATE = Path(__file__).parent / "templates" / "new_assignment"


def make(source: Path, title: str) -> list[Path]:
    """Make `source` (source/<a>) from the template; the files made.

    Raises ConfigError when the folder is there or its name cannot be an assignment's.
    """
    name = source.name
    require_name(name)
    if source.exists():
        raise ConfigError(f"{source} is there already, and nothing in it was changed. Choose another name.")
    files = []
    try:
        source.mkdir(parents=True)
        for path in sorted(TEMPLATE.iterdir()):
            if path.is_file():
                target = source / (f"{name}.ipynb" if path.suffix == ".ipynb" else path.name)
                text = path.read_text(encoding="utf-8").replace("NAME", name).replace("TITLE", title)
                target.write_text(text, encoding="utf-8")
                files.append(target)
    except OSError as error:
        shutil.rmtree(source, ignore_errors=True)
        raise ConfigError(f"{source} could not be made: {error.strerror}. Mend that and run it again.") from None
    return files


def require_name(name: str) -> None:
    """Raises ConfigError for what cannot be an assignment's name: a path to a folder elsewhere is none either."""
    if not (name.isidentifier() and name.isascii() and name == name.lower()):
        raise ConfigError(f'"{name}" cannot name an assignment. Use small letters, digits and _, e.g. mlp_pytorch.')
