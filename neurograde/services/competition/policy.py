"""What another policy would make of the class, before anything changes."""

from dataclasses import dataclass
from pathlib import Path

from autograder.model.assignment import Competition
from autograder.model.errors import ConfigError
from autograder.model.house import House
from grading.analysis import preview as analysis
from grading.analysis.preview import Move
from grading.common.directory import CourseDirectory
from grading.records.database import Database
from grading.records.ledger import Ledger
from grading.scoring.score import Score


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyPreview:
    """Two policies, and who would move by how much."""

    assignment: str
    old: Competition
    new: Competition
    scores: tuple[tuple[str, Score], ...]
    """Of everybody who has one."""
    moves: tuple[Move, ...]
    """Those who move most first."""

    @property
    def summary(self) -> str:
        return analysis.summary(self.moves, len(self.scores), self.old, self.new)

    def sketch(self, *, colour: bool) -> str:
        """Both curves as text."""
        return analysis.sketch(self.old, self.new, self.scores, colour=colour)

    def plot(self, form: analysis.Form) -> bytes:
        """Both curves as a picture."""
        title = f"{self.assignment}: points for the score"
        return analysis.plot(self.old, self.new, self.scores, title=title, form=form)


def preview(house: House, course: CourseDirectory, assignment: str, changed: Path) -> PolicyPreview:
    """Compare the policy of now with a changed copy of `assignment.toml`.

    Raises ConfigError for a file that changes more than a policy, and where nobody has a score.
    """
    settings = house.settings(assignment)
    new = analysis.read_policy(changed, settings)
    old = settings.competition
    assert old is not None
    course.require()
    with Database(course.database) as database:
        standing = Ledger(database).counting(assignment)
    scores = tuple(
        (attempt.student, attempt.grade.score) for attempt in standing.values() if attempt.grade and attempt.grade.score
    )
    if not scores:
        raise ConfigError(f"Nobody has a score in {assignment} yet. Grade first: neurograde grade {assignment} PATH...")
    evidence = {attempt.student: attempt.evidence for attempt in standing.values()}
    moves = analysis.moves(old, new, scores, evidence)
    return PolicyPreview(assignment=assignment, old=old, new=new, scores=scores, moves=tuple(moves))
