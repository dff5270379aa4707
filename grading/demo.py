"""A small class to see the main job on: one sample submission of each kind, as a student would hand it in."""

import shutil
from pathlib import Path

from autograder.assignment import Assignment
from autograder.errors import ConfigError
from autograder.samples import Sample, load_sample

CLASS = (
    "perfect",
    "half-done",
    "untouched",
    "subtly-wrong",
    "crashing",
    "looping-for-ever",
    "eating-memory",
    "cheating-reads-tests",
    "cheating-always-equal",
)


def hand_in(samples: Path, assignment: Assignment, folder: Path) -> list[Sample]:
    """Write the class's uploads into `folder`, afresh; what each of them is."""
    if not samples.is_dir():
        raise ConfigError(f"{samples} is missing: the demo's submissions are part of a checkout. Run it in one.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    handed_in = [load_sample(samples / name, assignment) for name in CLASS]
    for sample in handed_in:
        (folder / f"{sample.name}{sample.suffix}").write_bytes(sample.content)
    return handed_in
