"""What was handed in: found, opened without trust, and every file accounted for."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.intake.uploads import Upload, receive
from autograder.intake.uploads import uploads as find_uploads
from autograder.model.assignment import LatePolicy
from autograder.model.bundle import Assignment
from autograder.model.errors import CourseError, SubmissionError
from autograder.model.files import write_whole
from autograder.model.notebook import Submission, identity
from autograder.model.report import Status
from grading.common.directory import CourseDirectory
from grading.competition.entries import admit
from grading.records.attempts import Attempt, AttemptKind
from grading.records.ledger import Ledger
from grading.rules.lateness import require_open
from grading.scoring.claim import read_claim
from grading.scoring.score import score
from neurograde.services.competition.heldout import Competing
from neurograde.services.people.extensions import Deadlines
from neurograde.services.submissions.outcomes import HandedIn, Outcome

log = logging.getLogger("neurograde.intake")


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A notebook that can be graded, and the file that it came in."""

    submission: Submission
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """All that was found among what is to be graded."""

    notebooks: tuple[Opened, ...]
    claims: tuple[Upload, ...]
    unreadable: tuple[Outcome, ...]
    files: tuple[HandedIn, ...]
    """Every file, in the order found."""


def take_in(assignment: Assignment, paths: Sequence[Path]) -> Intake:
    """Find and open what lies in files, folders and archives. Nothing is written, and nothing of it is run."""
    competition = assignment.settings.competition
    takes_claims = competition is not None and competition.claims
    return sort(list(find_uploads(paths, assignment.name, claims=takes_claims)), takes_claims=takes_claims)


def sort(uploads: Sequence[Upload], *, takes_claims: bool) -> Intake:
    """Uploads told apart: notebooks that open, claims, and what cannot be read."""
    notebooks: dict[tuple[str, str], Opened] = {}
    claims: list[Upload] = []
    unreadable: list[Outcome] = []
    files: list[HandedIn] = []
    for upload in uploads:
        if takes_claims and upload.is_claim:
            claims.append(upload)
            reason = str(upload.problem) if upload.problem else ""
            files.append(HandedIn(origin=upload.origin, student=upload.student, taken=not reason, reason=reason))
        else:
            files.append(_open(upload, notebooks, unreadable))
    for file in files:
        if not file.taken:
            log.warning("not taken: %s: %s", file.origin, file.reason, extra={"student": file.student})
    return Intake(
        notebooks=tuple(notebooks.values()),
        claims=tuple(sorted(claims, key=lambda upload: upload.handed_in)),
        unreadable=tuple(unreadable),
        files=tuple(files),
    )


def _open(upload: Upload, notebooks: dict[tuple[str, str], Opened], unreadable: list[Outcome]) -> HandedIn:
    """Add a notebook to one of the two; the same bytes of the same student, found twice, are graded once."""
    student, origin = upload.student, upload.origin
    try:
        submission = receive(upload)
    except SubmissionError as problem:
        unreadable.append(Outcome(student=student, origin=origin, problem=problem))
        return HandedIn(origin=origin, student=student, taken=False, reason=str(problem))
    key = submission.student, submission.id
    if key in notebooks:
        reason = f"the same bytes as {notebooks[key].origin}, graded once"
        return HandedIn(origin=origin, student=student, taken=False, reason=reason, is_copy=True)
    notebooks[key] = Opened(submission=submission, origin=origin)
    return HandedIn(origin=origin, student=student, taken=True)


def enter_claims(
    claims: Sequence[Upload],
    *,
    assignment: Assignment,
    competing: Competing,
    deadlines: Deadlines,
    course: CourseDirectory,
    ledger: Ledger,
) -> Iterator[Outcome]:
    """Validate and score files of predictions, in the order they were handed in; each is recorded before the next."""
    # A student has one daily limit, whichever names the files are under.
    owner_of = deadlines.names.owner_of
    standing: dict[str, list[Attempt]] = {}
    for attempt in ledger.attempts(assignment.name, kind=AttemptKind.CLAIM):
        standing.setdefault(owner_of(attempt.student), []).append(attempt)
    for upload in claims:
        earlier = standing.setdefault(owner_of(upload.student), [])
        known = next((attempt for attempt in earlier if attempt.submission == identity(upload.content)), None)
        about = {"assignment": assignment.name, "student": upload.student, "submission": identity(upload.content)}
        if known is not None:
            log.debug("claim scored before: %s", upload.origin, extra=about)
            yield Outcome(student=upload.student, origin=upload.origin, is_claim=True, claim=known, kept=True)
            continue
        try:
            attempt, notes = _score(upload, earlier, assignment, competing, deadlines)
            write_whole(
                course.report_folder(assignment.name, upload.student, attempt.submission) / "submission.csv",
                upload.content,
            )
        except SubmissionError as problem:
            log.warning("claim refused: %s: %s", upload.origin, problem, extra=about)
            yield _refused(upload, problem)
            continue
        ledger.record([attempt])
        earlier.append(attempt)
        log.info("claim scored: %s", upload.origin, extra=about)
        yield Outcome(student=upload.student, origin=upload.origin, is_claim=True, claim=attempt, notes=notes)


def _refused(upload: Upload, problem: CourseError) -> Outcome:
    return Outcome(student=upload.student, origin=upload.origin, is_claim=True, problem=problem)


def _score(
    upload: Upload, earlier: Sequence[Attempt], assignment: Assignment, competing: Competing, deadlines: Deadlines
) -> tuple[Attempt, tuple[str, ...]]:
    """The attempt that a claim is, and what is odd in its file. Raises SubmissionError for one that does not count."""
    settings, kept = assignment.settings, competing.heldout
    assert settings.competition is not None
    if upload.problem is not None:
        raise upload.problem
    # A competition has no late days.
    rules = LatePolicy(grace_minutes=deadlines.syllabus.late.grace_minutes, most_days=0)
    lateness = deadlines.lateness(upload.student, upload.handed_in, settings.model_copy(update={"late": rules}))
    require_open(lateness, assignment.name)
    claim = read_claim(upload.content, len(kept.labels), kept.classes)
    admit(earlier, upload.handed_in, settings.competition, deadlines.syllabus.zone)
    attempt = Attempt(
        assignment=assignment.name,
        student=upload.student,
        submission=identity(upload.content),
        kind=AttemptKind.CLAIM,
        handed_in=upload.handed_in,
        status=Status.PASSED,
        scores=score(claim.predictions, kept, settings.competition.metric),
        predictions=tuple(int(value) for value in claim.predictions),
        recorded=datetime.now(UTC),
    )
    return attempt, claim.warnings
