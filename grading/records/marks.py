"""What goes into a gradebook and what comes out of it."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from autograder.model.report import Report
from grading.rules.policy import POINT_DIGITS, Grade, Result

ACCURACY = "accuracy"
"""The grade cell that holds what the score earns."""
COURSE_ID = "course"
"""nbgrader's name of the one course in a gradebook."""

RowKey = TypeVar("RowKey", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class GradebookRow:
    """One graded submission on its way into the gradebook."""

    report: Report
    grade: Grade
    timestamp: datetime
    """When it was handed in, with a time zone."""

    @property
    def student(self) -> str:
        return self.report.student


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolled:
    """A student of the roster, as nbgrader's table has it."""

    id: str
    """The name that submissions go by: it is also a folder's."""
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    lms_user_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignmentMark:
    """What one student has for one assignment: what staff gave counted in, what lateness takes not yet."""

    points: float
    late_penalty: float
    max_points: float
    waiting: int = 0
    """Cells that wait for a mark of the staff, or for another look at one."""

    @property
    def result(self) -> Result:
        """Net of the late penalty."""
        return Result(value=max(0.0, round(self.points - self.late_penalty, POINT_DIGITS)), max_value=self.max_points)
