"""What nbgrader's own programs load from us, by names that courses' `nbgrader_config.py` hold. They are stable.

nbgrader export --exporter=neurograde.nbgrader.CourseGrades --to=exports/course.csv
"""

from grading.exchange.nbgrader.plugins import CourseGrades, LatePenalty

__all__ = ["CourseGrades", "LatePenalty"]
