"""A small class to see the main job on: notebooks of many kinds, and claims by networks that are really trained."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from autograder.authoring.corpus.samples import Sample, load_sample
from autograder.model.bundle import Assignment

LESSON, COMPETITION = "neuron_pytorch", "fashionmnist_kaggle"
SAMPLES = Path(__file__).parents[2] / "demo_class"
"""The class's notebooks, an assignment a folder."""

BATCH = 240
"""Images; 60,000 are a whole number of them."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Competitor:
    """A student of the class in the competition: a notebook of the corpus, and a network whose answers are claimed."""

    student: str
    sample: str
    width: int
    """Of the hidden layer; 0 for none."""
    rate: float
    epochs: tuple[int, ...] = (1, 3)
    """After which the student hands in a claim, a day after the other."""


COMPETITORS = (
    Competitor(student="perfect", sample="perfect", width=256, rate=2e-3),
    Competitor(student="half-done", sample="half-done", width=0, rate=1e-3),
    Competitor(student="subtly-wrong", sample="normalisation-forgotten-at-predict", width=64, rate=1e-3),
    Competitor(student="crashing", sample="file-written-by-somebody-better", width=128, rate=3e-3),
)


def hand_in(assignment: Assignment, folder: Path) -> list[Sample]:
    """Write the class's uploads into `folder`, afresh; what each of them is."""
    _make_room(folder)
    handed_in = [load_sample(SAMPLES / LESSON / name, assignment) for name in CLASS]
    for sample in handed_in:
        _write(folder / f"{sample.name}{sample.suffix}", sample.content, _day(assignment, before=1))
    return handed_in


def compete(assignment: Assignment, folder: Path) -> None:
    """Write the competitors' notebooks and claims into `folder`, afresh."""
    _make_room(folder)
    with np.load(assignment.bundle / "files/train.npz") as train, np.load(assignment.bundle / "files/test.npz") as test:
        images, labels, unseen = train["images"], train["labels"], test["images"]
    for competitor in COMPETITORS:
        sample = load_sample(SAMPLES / COMPETITION / competitor.sample, assignment)
        _write(folder / f"{competitor.student}.ipynb", sample.content, _day(assignment, before=1))
        for number, answers in enumerate(_answers(competitor, images, labels, unseen)):
            rows = "".join(f"{answer},{row}\n" for row, answer in enumerate(answers))
            before = len(competitor.epochs) - number + 1
            claim = folder / f"claims-{number + 1}" / f"{competitor.student}.csv"
            _write(claim, f"Category,Id\n{rows}".encode(), _day(assignment, before=before))


def _answers(competitor: Competitor, images: Any, labels: Any, unseen: Any) -> Iterator[Sequence[int]]:
    """Train a small network, and answer with it after each of the epochs at which it hands in."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(len(competitor.student))
    pixels, truth, asked = torch.tensor(images) / 255, torch.tensor(labels), torch.tensor(unseen) / 255
    sizes = (pixels.shape[1], competitor.width, 10) if competitor.width else (pixels.shape[1], 10)
    layers = [part for size, more in pairwise(sizes) for part in (nn.Linear(size, more), nn.ReLU())]
    network = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(network.parameters(), lr=competitor.rate)
    for epoch in range(1, max(competitor.epochs) + 1):
        for batch in torch.randperm(len(pixels)).reshape(-1, BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(pixels[batch]), truth[batch]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if epoch in competitor.epochs:
            with torch.no_grad():
                yield network(asked).argmax(dim=1).tolist()


def _make_room(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _day(assignment: Assignment, *, before: int) -> datetime:
    """A time before the deadline and before now, so that nothing is late, whenever the demo is run."""
    now = datetime.now(UTC)
    return min(now, assignment.settings.due or now) - timedelta(days=before)


def _write(path: Path, content: bytes, handed_in: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (handed_in.timestamp(), handed_in.timestamp()))
