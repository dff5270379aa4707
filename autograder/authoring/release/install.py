"""Puts what was built in the place of what was there, whole or not at all."""

import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, TypeAlias

from autograder.authoring.source.parse import Problem, Source, SourceQuestion, read_source
from autograder.authoring.source.lint import lint
from autograder.model.bundle import Assignment, load_assignment, load_settings
from autograder.model.errors import ReleaseError
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE
from autograder.model.report import Report
from autograder.authoring.release.proofs import fault, listing, plant_canaries, prove_canaries_stay, prove_notebook_opens, prove_nothing_secret, prove_points, prove_same_code, read_notebook
from autograder.authoring.release.setup_cell import setup_cell
from autograder.authoring.source.translation import hints, in_language, translate_otter, untranslated


# --- files


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
