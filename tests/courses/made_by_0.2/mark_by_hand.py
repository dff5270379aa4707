"""A mark and a comment of the staff, put in as formgrader does it. Run in course/, with the interpreter of 0.2."""

from pathlib import Path

from nbgrader.api import Gradebook as NbgraderGradebook

from grading.gradebook import Gradebook

with NbgraderGradebook("sqlite:///gradebook.db?timeout=60", "course") as gradebook:
    grade = gradebook.find_grade("q3", "tiny", "tiny", "dan")
    grade.manual_score = 1.5
    grade.needs_manual_grade = False
    comment = gradebook.find_comment("q3", "tiny", "tiny", "dan")
    comment.manual_comment = "Right. Which number says it?"
    gradebook.db.commit()
with Gradebook(Path("gradebook.db")) as ours:
    ours.settle()  # as `neurograde formgrader` does when it is closed
