"""The name that neurograde.nbgrader had before 0.3; an older course's `nbgrader_config.py` may still hold it."""

import warnings

from grading.exchange.nbgrader.plugins import CourseGrades, LatePenalty

__all__ = ["CourseGrades", "LatePenalty"]

warnings.warn("grading.plugins is called neurograde.nbgrader now", FutureWarning, stacklevel=2)
