"""What a course teaches and how it counts: `source/course.toml`, read strictly."""

import zoneinfo
from typing import Annotated

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from autograder.model.assignment import LatePolicy
from autograder.model.language import Text
from autograder.model.settings import Settings


def _is_zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError(f'there is no time zone "{name}"; they are named like Europe/Moscow')
    return name


def _is_address(address: str) -> str:
    if not address.startswith(("https://", "http://")):
        raise ValueError(f'"{address}" is not an address: it begins with https://')
    return address.rstrip("/")


Address = Annotated[str, AfterValidator(_is_address)]


class Weighted(Settings):
    """An assignment's share of the course grade."""

    name: str = Field(min_length=1, description="The folder beside course.toml.")
    weight: FiniteFloat = Field(ge=0, description="Relative to the other weights.")


class Site(Settings):
    """Where release/ is published."""

    files: Address | None = Field(default=None, description="As plain files; a notebook fetches what it misses there.")
    colab: Address | None = Field(default=None, description="As Colab opens it, up to release/ or what stands for it.")


class Link(Settings):
    """A link of the lesson page."""

    text: Text
    url: Address


class LessonStep(Settings):
    """One step of the lesson plan: something to watch or read, and perhaps an assignment to do."""

    title: Text
    text: Text = ""
    links: tuple[Link, ...] = ()
    assignment: str | None = Field(default=None, description="One of the assignments, worked on in this step.")


class Lesson(Settings):
    """What the lesson page says beside its table of notebooks."""

    intro: Text = ""
    plan: tuple[LessonStep, ...] = ()


class Scale(Settings):
    """From the share of all that could be earned (0 to 1) to the final course grade."""

    ten_point: list[tuple[FiniteFloat, FiniteFloat]] = Field(
        default=[(0.0, 0.0), (1.0, 10.0)], description="[share, grade], rising; linear between, flat outside."
    )
    letters: list[tuple[FiniteFloat, str]] = Field(
        default=[(0.9, "A"), (0.8, "B"), (0.7, "C"), (0.6, "D"), (0.0, "F")],
        description="[least share, letter], best first; the first that is reached.",
    )

    @model_validator(mode="after")
    def scales_are_in_order(self) -> "Scale":
        for (low, less), (high, more) in zip(self.ten_point, self.ten_point[1:], strict=False):
            if not (low < high and less <= more):
                raise ValueError(f"ten_point must rise: [{low}, {less}] is followed by [{high}, {more}]")
        for (high, letter), (low, worse) in zip(self.letters, self.letters[1:], strict=False):
            if not low < high:
                raise ValueError(f"letters must fall: {letter} from {high} is followed by {worse} from {low}")
        if not self.ten_point or not self.letters or self.letters[-1][0] != 0:
            raise ValueError("ten_point needs an anchor, and the last letter a least share of 0")
        return self


class Syllabus(Settings):
    """`source/course.toml`."""

    title: Text = Field(min_length=1, description="Shown to students.")
    timezone: Annotated[str, AfterValidator(_is_zone)] = Field(default="UTC", description="Of deadlines and of days.")
    assignments: list[Weighted] = Field(description="In the order they are taught.", min_length=1)
    drop_lowest: int = Field(default=0, ge=0, description="How many of the worst assignments do not count.")
    late: LatePolicy = LatePolicy()
    scale: Scale = Scale()
    site: Site = Site()
    lesson: Lesson = Lesson()

    @model_validator(mode="after")
    def every_assignment_counts_once(self) -> "Syllabus":
        names = [assignment.name for assignment in self.assignments]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"assignments lists {', '.join(twice)} more than once")
        if self.drop_lowest >= len(names):
            raise ValueError(f"drop_lowest is {self.drop_lowest}, but there are only {len(names)} assignments")
        if strange := [
            step.assignment for step in self.lesson.plan if step.assignment and step.assignment not in names
        ]:
            raise ValueError(f"lesson.plan speaks of {', '.join(strange)}, which assignments does not list")
        return self

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)
