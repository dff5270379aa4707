"""`make mutants`, the second half: every test asked of the solution again and again, each time with another seed.

A test that draws its inputs can fail a right solution once in a thousand submissions, which no corpus shows. Prints the
tests that did, with a seed to look into; exit code 1 when there are any.

    python -m tests.seeds                                    every assignment
    python -m tests.seeds fashionmnist_kaggle --seconds 60   one, more thoroughly
"""

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from autograder.engine.examiner import Examiner
from autograder.intake.uploads import Upload, receive
from autograder.model.bundle import Assignment, Case, load_assignment
from autograder.model.report import Status
from autograder.sandbox.channel import Channel
from autograder.sandbox.container import DockerRoom
from neurograde.cli.base import progress

ROOT = Path(__file__).parent.parent
SEEDS = 1500
A_DAY = 86_400.0
SEED_STEP = 2_654_435_761
"""Odd, so that all multiples of it differ in 32 bits."""


def main() -> None:
    """Ask, print, and fail where a right solution was failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assignments", nargs="*", help="all that are released, unless named")
    parser.add_argument("--seconds", type=float, default=5, help=f"for each test, or until {SEEDS} seeds were drawn")
    chosen = parser.parse_args()
    flawed = 0
    for name in chosen.assignments or sorted(path.name for path in (ROOT / "bundles").iterdir()):
        asked = 0
        for case, seeds, failed in ask_all(load_assignment(ROOT / "bundles" / name), chosen.seconds):
            asked += seeds
            if failed:
                flawed += 1
                print(f"{name}: {case.name} failed the solution with {len(failed)} of {seeds} seeds, e.g. {failed[0]}")
        print(f"{name}: its tests were asked {asked:,} times")
    sys.exit(1 if flawed else 0)


def ask_all(assignment: Assignment, seconds: float) -> Iterator[tuple[Case, int, list[int]]]:
    """Each case, how many seeds it was asked with, and those with which it failed.

    Cases are asked as often as they can be without the rest of the notebook: one that goes on training an object of
    the student's own finds it changed, so only hidden cases are asked, which make their own.
    """
    examiner, limits = Examiner(assignment), assignment.settings.limits
    content = (assignment.bundle / "solution.ipynb").read_bytes()
    solution = receive(Upload(student="solution", origin="solution", handed_in=datetime.now(UTC), content=content))
    with DockerRoom(limits.model_copy(update={"wall_seconds": A_DAY}), assignment.files()) as room, progress() as bar:
        room.ready()
        opened = room.open(wall_seconds=A_DAY)
        inside = Channel(opened, seed=1, seconds=limits.cell_seconds, left=lambda: A_DAY)
        for number, cell in enumerate(solution.cells, 1):
            if cell.kind == "code":
                inside.cell(cell.source, number, limits.cell_seconds)
        cases = [(question.name, case) for question in assignment.questions for case in question.cases if case.hidden]
        for question, case in bar.track(cases, description=assignment.name):
            failed, asked, until = [], 0, time.monotonic() + seconds
            while asked < SEEDS and time.monotonic() < until:
                seed = SEED_STEP * (asked + 1) % 2**32
                asked += 1
                if examiner.ask(question, case, inside, seed).status is not Status.PASSED:
                    failed.append(seed)
            yield case, asked, failed
        opened.close()


if __name__ == "__main__":
    main()
