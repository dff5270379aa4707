"""Puts what was built in the place of what was there, whole or not at all."""

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder.model.errors import ReleaseError


def install(new: Mapping[Path, Path]) -> None:
    """Put a copy of each new folder in the place of its target, or leave every target as it was."""
    staged: dict[Path, Path] = {}
    with ExitStack() as stack:
        try:
            for target, folder in new.items():
                target.parent.mkdir(parents=True, exist_ok=True)
                # beside the target, so that the last step is a rename
                beside = Path(stack.enter_context(TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent)))
                shutil.copytree(folder, beside / "new")
                staged[target] = beside
            for target, beside in staged.items():
                if target.exists():
                    target.rename(beside / "old")
                (beside / "new").rename(target)
        except OSError as error:
            _put_back(staged)
            what = f"{error.filename}: {error.strerror}"
            raise ReleaseError(
                f"{what}. The previous release is as it was. Mend that and run the command again."
            ) from error


def _put_back(staged: Mapping[Path, Path]) -> None:
    for target, beside in staged.items():
        if not (beside / "new").exists():
            target.rename(beside / "new")
        if (beside / "old").exists():
            (beside / "old").rename(target)
