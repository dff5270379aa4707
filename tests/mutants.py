"""`make mutants`: the corpus graded for real, and what the tests made of it.

A sample whose expected.toml names no lost question is a right solution: it must earn every point. Any other is a wrong
one: it must lose exactly the questions named. Prints what was caught, missed and falsely failed; exit code 1 unless
every verdict is the expected one.

    python -m tests.mutants                                  every assignment
    python -m tests.mutants mlp_pytorch no-bias transposed   two samples of one
    python -m tests.mutants mlp_pytorch --salt 3             other random numbers in the hidden tests
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from autograder.authoring.corpus.samples import Sample, load_sample
from autograder.engine.job import GradedSubmission
from autograder.engine.local import autograde_many
from autograder.intake.uploads import Upload, receive
from autograder.model.bundle import Assignment, load_assignment
from autograder.model.errors import SubmissionError
from autograder.model.notebook import Submission
from autograder.model.report import Report
from grading.common.directory import CourseDirectory
from grading.scoring import heldout_store
from neurograde.cli.base import progress

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "submissions"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one sample must get and what it got."""

    sample: Sample
    found: dict[str, str]
    """Status of every question that did not earn all its points."""
    points: float
    predictions: str | None
    met: bool
    """Whether an attack printed that it met what it attacks; true where nothing has to be met."""
    seconds: float

    @property
    def is_right(self) -> bool:
        return not self.sample.expected.lost

    @property
    def surplus(self) -> dict[str, str]:
        return {name: status for name, status in self.found.items() if self.sample.expected.lost.get(name) != status}

    @property
    def missing(self) -> set[str]:
        return set(self.sample.expected.lost) - set(self.found)

    @property
    def as_expected(self) -> bool:
        expected = self.sample.expected
        predicted = self.predictions in (None, expected.predictions)
        paid = expected.points is None or math.isclose(self.points, expected.points)
        return not self.surplus and not self.missing and predicted and paid and self.met

    @property
    def word(self) -> str:
        if self.as_expected:
            return "passed" if self.is_right else "caught"
        if self.is_right:
            return "falsely failed"
        return "missed" if self.missing else "caught elsewhere"


def main() -> None:
    """Grade, print, and fail where a verdict is not the expected one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assignment", nargs="?", help="one assignment instead of all that have a corpus")
    parser.add_argument("names", nargs="*", help="some of its samples instead of all")
    parser.add_argument("--jobs", type=int, default=2, help="rooms at work")
    parser.add_argument("--salt", type=int, default=0, help="another number, other random numbers in the tests")
    chosen = parser.parse_args()
    console = Console()
    wrong = 0
    for name in [chosen.assignment] if chosen.assignment else sorted(path.name for path in CORPUS.iterdir()):
        assignment = load_assignment(ROOT / "bundles" / name)
        samples = [load_sample(CORPUS / name / one, assignment) for one in chosen.names or names_of(name)]
        samples = [sample for sample in samples if sample.expected.refused is None]
        verdicts = sorted(judge(samples, assignment, chosen.jobs, chosen.salt), key=lambda v: v.sample.name)
        console.print(table(name, verdicts))
        console.print(summary(name, verdicts))
        wrong += sum(not verdict.as_expected for verdict in verdicts)
    sys.exit(1 if wrong else 0)


def names_of(assignment: str) -> list[str]:
    """Every sample of an assignment's corpus."""
    return sorted(path.parent.name for path in (CORPUS / assignment).glob("*/expected.toml"))


def judge(samples: Sequence[Sample], assignment: Assignment, jobs: int, salt: int) -> Iterator[Verdict]:
    """Grade the samples in rooms; a verdict for each as it comes."""
    handed_in = [submission(sample, salt) for sample in samples]
    by_id = {one.id: sample for one, sample in zip(handed_in, samples, strict=True)}
    inputs = trial_inputs(assignment)
    with progress() as bar:
        task = bar.add_task(assignment.name, total=len(handed_in))
        for result in autograde_many(handed_in, assignment, jobs=jobs, inputs=inputs):
            bar.update(task, advance=1)
            yield verdict(by_id[result.submission.id], result)


def trial_inputs(assignment: Assignment) -> NDArray[Any] | None:
    """Held-out inputs for a trial run, drawn anew and never kept; None when there is no competition."""
    if assignment.settings.competition is None:
        return None
    with TemporaryDirectory() as folder:
        course = CourseDirectory(root=Path(folder))
        course.make()
        return heldout_store.ready(ROOT / "source", course, assignment.name).inputs


def submission(sample: Sample, salt: int) -> Submission:
    """The sample as a submission; a salt is white space at its end, which makes it another with other seeds."""
    content = sample.content + b"\n" * salt + b" "
    upload = Upload(student=sample.name, origin=sample.name, handed_in=datetime.now(UTC), content=content)
    try:
        return receive(upload)
    except SubmissionError as error:
        sys.exit(f"{sample.name}: {error}")


def verdict(sample: Sample, result: GradedSubmission) -> Verdict:
    """Raises the platform's own problem: then there is no verdict."""
    if result.report is None:
        raise result.problem or RuntimeError(sample.name)
    report: Report = result.report
    found = {q.name: str(q.status) for q in report.questions if q.points < q.max_points - 1e-9}
    return Verdict(
        sample=sample,
        found=found,
        points=report.points,
        predictions=str(report.predictions.status) if report.predictions else None,
        met=json.dumps(sample.expected.met or "")[1:-1] in result.notebook,
        seconds=report.seconds,
    )


def table(name: str, verdicts: Sequence[Verdict]) -> Table:
    """A row a sample: what it is, what it must lose, what it lost."""
    shown = Table("sample", "kind", "must lose", "lost", "verdict", "s", title=name)
    for verdict in verdicts:
        expected = verdict.sample.expected
        must = ", ".join(f"{question} {status}" for question, status in expected.lost.items())
        lost = ", ".join(f"{question} {status}" for question, status in verdict.found.items())
        if expected.points is not None and not math.isclose(verdict.points, expected.points):
            lost += f" {verdict.points:g} points instead of {expected.points:g}"
        if verdict.predictions not in (None, expected.predictions):
            lost += f" predictions {verdict.predictions}"
        if not verdict.met:
            lost += " did not meet what it attacks"
        colour = "green" if verdict.as_expected else "red"
        kind = "right" if verdict.is_right else "wrong"
        shown.add_row(verdict.sample.name, kind, must, lost, f"[{colour}]{verdict.word}[/]", f"{verdict.seconds:.1f}")
    return shown


def summary(name: str, verdicts: Sequence[Verdict]) -> str:
    """Counts of right and wrong solutions, and of each verdict."""
    right = [one for one in verdicts if one.is_right]
    wrong = [one for one in verdicts if not one.is_right]
    failed = sum(not one.as_expected for one in right)
    elsewhere = sum(one.word == "caught elsewhere" for one in wrong)
    missed = sum(one.word == "missed" for one in wrong)
    return (
        f"{name}: {len(right)} right, {failed} falsely failed; {len(wrong)} wrong, "
        f"{len(wrong) - missed - elsewhere} caught at the right question, {elsewhere} elsewhere, {missed} missed."
    )


if __name__ == "__main__":
    main()
