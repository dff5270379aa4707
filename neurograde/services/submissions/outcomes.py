"""What comes of things that were handed in: for people as records, for programs as the documented JSON objects."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from autograder.model.errors import CourseError
from autograder.model.notebook import Submission
from autograder.model.report import Report, Status
from grading.records.attempts import Attempt
from grading.rules.policy import Grade
from grading.scoring.score import PUBLIC_DIGITS


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of one upload: a report and a grade, a claim's scores, or whose problem it is."""

    student: str
    origin: str
    is_claim: bool = False
    submission: Submission | None = None
    report: Report | None = None
    grade: Grade | None = None
    problem: CourseError | None = None
    kept: bool = False
    """Graded, or scored, before, and not again."""
    claim: Attempt | None = None
    notes: tuple[str, ...] = ()
    """For the student whose claim it is: what is odd in the file."""

    @property
    def public_score(self) -> float | None:
        """What a student may read of a claim: the score on the public rows, to two decimals."""
        scores = self.claim.scores if self.claim else None
        return round(scores.public.value, PUBLIC_DIGITS) if scores else None


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedIn:
    """One file that was found among what is to be graded."""

    origin: str
    student: str
    taken: bool
    reason: str = ""
    """Why it was not taken."""
    is_copy: bool = False
    """It is another one's bytes, which are graded once."""


class JsonObject(BaseModel):
    """One line of `--json`: null is what there is none of, never zero."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class FileObject(JsonObject):
    """A file that was found among what is to be graded, before anything is graded."""

    kind: Literal["file"] = "file"
    file: str = Field(description="Its path; of a member of an archive, the archive's, a colon and the member's.")
    taken: bool = Field(description="Whether it goes on: a notebook to be graded, a claim to be validated.")
    student: str = Field(description="Whose it is, by the name it was handed in under.")
    assignment: str = Field(description="Its name: that of its folder in `source/`.")
    reason: str | None = Field(description="Why it was not taken, for a person.")


class QuestionObject(JsonObject):
    """One question of a submission."""

    name: str = Field(description="As the notebook has it: `q2`.")
    status: Status = Field(description="The worst of its tests.")
    points: float = Field(description="What its tests earn together.")
    max_points: float = Field(description="The most that they could.")
    hidden: bool = Field(description="Whether any of its tests is hidden.")


class SubmissionObject(JsonObject):
    """A notebook, and what came of it."""

    kind: Literal["submission"] = "submission"
    student: str = Field(description="Whose it is, by the name it was handed in under.")
    assignment: str = Field(description="Its name.")
    submission: str | None = Field(description="SHA-256 of the uploaded bytes; null for what is no notebook.")
    status: Status = Field(description="The worst of its questions; `NOT_RUN` for what got no mark.")
    points: float | None = Field(description="On questions; null for what got no mark.")
    max_points: float | None = Field(description="The most that they could be.")
    questions: list[QuestionObject] = Field(description="In the order of the assignment; empty for what got no mark.")
    score: float | None = Field(
        description="On held-out data, from 0 to 1: on the private rows where students make claims, else on all."
    )
    grade: float | None = Field(description="In grade points, net of lateness, without marks by hand.")
    seconds: float | None = Field(description="Wall time of its run.")


class ClaimObject(JsonObject):
    """A file of predictions, scored or refused."""

    kind: Literal["claim"] = "claim"
    student: str = Field(description="Whose it is, by the name it was handed in under.")
    assignment: str = Field(description="Its name.")
    submission: str | None = Field(description="SHA-256 of the uploaded bytes; null for one that was refused.")
    file: str = Field(description="Its path, as in the object of the file.")
    status: Literal["SCORED", "REFUSED"] = Field(description="Whether it counts.")
    public_score: float | None = Field(description="On the public rows, to two decimals.")
    kept: bool = Field(description="Scored before, and not scored again.")
    notes: list[str] = Field(description="What is odd in the file, for its student.")
    problem: str | None = Field(description="Why it was refused, for its student.")


class SummaryObject(JsonObject):
    """The last line: how many of each there were."""

    kind: Literal["summary"] = "summary"
    assignment: str = Field(description="Its name.")
    graded: int = Field(description="Notebooks graded now.")
    kept: int = Field(description="Notebooks and claims that stood already.")
    claims: int = Field(description="Claims scored now.")
    refused: int = Field(description="Files that a student has to mend.")
    failed: int = Field(description="Submissions that got no mark through no fault of theirs; grade them again.")
    exit_code: int = Field(description="What the command ends with.")


OUTPUT: TypeAdapter[FileObject | SubmissionObject | ClaimObject | SummaryObject] = TypeAdapter(
    Annotated[FileObject | SubmissionObject | ClaimObject | SummaryObject, Field(discriminator="kind")]
)
"""A line of `--json`, told by its `kind`."""


def schema() -> dict[str, Any]:
    """The JSON schema of a line of `--json`, as docs/output.schema.json has it."""
    return OUTPUT.json_schema(mode="serialization")


def submission_object(outcome: Outcome, assignment: str) -> SubmissionObject:
    """The documented object of a notebook."""
    report, grade = outcome.report, outcome.grade
    return SubmissionObject(
        student=outcome.student,
        assignment=assignment,
        submission=outcome.submission.id if outcome.submission else None,
        status=report.status if report else Status.NOT_RUN,
        points=report.points if report else None,
        max_points=report.max_points if report else None,
        questions=[
            QuestionObject(
                name=question.name,
                status=question.status,
                points=question.points,
                max_points=question.max_points,
                hidden=question.hidden,
            )
            for question in (report.questions if report else ())
        ],
        score=grade.score.value if grade and grade.score else None,
        grade=grade.value if grade else None,
        seconds=report.seconds if report else None,
    )


def claim_object(outcome: Outcome, assignment: str) -> ClaimObject:
    """The documented object of a claim."""
    return ClaimObject(
        student=outcome.student,
        assignment=assignment,
        submission=outcome.claim.submission if outcome.claim else None,
        file=outcome.origin,
        status="SCORED" if outcome.claim else "REFUSED",
        public_score=outcome.public_score,
        kept=outcome.kept,
        notes=list(outcome.notes),
        problem=str(outcome.problem) if outcome.problem else None,
    )


def file_object(handed_in: HandedIn, assignment: str) -> FileObject:
    """The documented object of a file."""
    return FileObject(
        file=handed_in.origin,
        taken=handed_in.taken,
        student=handed_in.student,
        assignment=assignment,
        reason=handed_in.reason or None,
    )
