"""What `assignment.toml` says. Pure: reading it is for `bundle`."""

from datetime import datetime
from typing import Literal

from pydantic import Field, FiniteFloat, model_validator

from autograder.model.language import Text
from autograder.model.report import PROBABILITY_METRICS
from autograder.model.settings import Settings


class Limits(Settings):
    """What one submission may use."""

    wall_seconds: float = Field(default=300, gt=0, description="The whole submission, tests included.")
    cell_seconds: float = Field(default=60, gt=0, description="One cell, or one call from a test.")
    memory_mb: int = Field(default=2048, ge=512, description="The room's cgroup, MiB.")
    output_kb: int = Field(default=256, gt=0, description="Printed text kept of one cell, KiB.")
    disk_mb: int = Field(default=64, gt=0, description="The work directory, MiB (counts as memory).")


class Competition(Settings):
    """The part that is scored on held-out data."""

    entry_point: str = Field(
        default="predict", description="The student's function: inputs -> class numbers, or probabilities for log_loss."
    )
    metric: str = Field(default="accuracy", description="How predictions are compared with labels.")
    anchors: list[tuple[FiniteFloat, FiniteFloat]] = Field(
        description="[score, grade points], rising; linear: flat outside; steps: 0 before the first.", min_length=1
    )
    between: Literal["linear", "steps"] = Field(default="linear", description="What a score between anchors earns.")
    public_share: float = Field(default=0.3, gt=0, lt=1, description="Of the rows, shown before the deadline.")
    baseline: str | None = Field(default=None, description="The instructor's frozen predictions, a CSV in the source.")
    must_beat_baseline: bool = Field(default=False, description="Gate: 0 points unless better, by McNemar's test.")
    must_reproduce: bool = Field(default=False, description="Gate: 0 points when the claim is far above the re-run.")
    ceiling: float | None = Field(default=None, gt=0, le=1, description="Accuracy above which a person should look.")
    claims: bool = Field(default=False, description="Students also upload submission.csv with predictions.")
    daily_limit: int = Field(default=5, ge=1, description="Claims that count per student and day.")
    selected: int = Field(default=2, ge=1, description="Claims that a student may select for the private board.")

    @model_validator(mode="after")
    def anchors_rise(self) -> "Competition":
        for (low, less), (high, more) in zip(self.anchors, self.anchors[1:], strict=False):
            if not (low < high and less <= more):
                raise ValueError(f"anchors must rise: [{low}, {less}] is followed by [{high}, {more}]")
        if any(not 0 <= score <= 1 or points < 0 for score, points in self.anchors):
            raise ValueError("an anchor is [score from 0 to 1, grade points from 0 up]")
        if self.must_beat_baseline and self.baseline is None:
            raise ValueError("must_beat_baseline needs a baseline to beat")
        if self.claims and self.metric in PROBABILITY_METRICS:
            raise ValueError(f"claims are files of class numbers, which {self.metric} cannot score: set claims = false")
        return self


class LatePolicy(Settings):
    """What lateness costs."""

    grace_minutes: float = Field(default=0, ge=0, description="Late by less is not late.")
    percent_per_day: float = Field(default=0, ge=0, le=100, description="Of what was earned, per day begun.")
    most_days: int | None = Field(default=None, ge=0, description="Days late after which nothing counts.")


class AssignmentSettings(Settings):
    """`source/<assignment>/assignment.toml`."""

    title: Text = Field(min_length=1, description="Shown to students.")
    due: datetime | None = Field(default=None, description="With a time zone.")
    limits: Limits = Limits()
    competition: Competition | None = None
    late: LatePolicy | None = Field(default=None, description="Instead of the course's.")

    @model_validator(mode="after")
    def due_has_a_zone(self) -> "AssignmentSettings":
        if self.due is not None and self.due.tzinfo is None:
            raise ValueError("due needs a time zone, e.g. 2026-12-01T23:59:00+03:00")
        return self
