"""Extensions: more time for one student. Personal, so they live in the course directory and not in source/. Pure."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, Strict, model_validator

from autograder.model.settings import Settings

EVERY = "*"
"""Stands for every assignment."""
MOST_DAYS = 366


class Extension(Settings):
    """More time for one student."""

    student: str = Field(min_length=1)
    assignment: str = Field(min_length=1, description='Its name, or "*" for all.')
    until: Annotated[datetime, Strict()] | None = Field(default=None, description="With a time zone.")
    days: int | None = Field(default=None, gt=0, le=MOST_DAYS, description="By the clock: due at 23:59 stays 23:59.")
    reason: str = Field(default="", description="For staff.")

    @model_validator(mode="after")
    def says_how_long(self) -> "Extension":
        if (self.until is None) == (self.days is None):
            raise ValueError("give either `until` or `days`")
        if self.until is not None and self.until.tzinfo is None:
            raise ValueError("until needs a time zone, e.g. 2026-12-24T23:59:00+03:00")
        if self.student == EVERY:
            raise ValueError("an extension is one student's; for everybody change `due` in assignment.toml")
        return self


class Extensions(Settings):
    """`extensions.toml`."""

    extensions: tuple[Extension, ...] = ()
