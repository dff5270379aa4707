"""What whoever grades types: grade what came, bring it up to date, hand something back."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.model.house import find_house
from grading.analysis.rescoring import summary as rescored_summary
from neurograde.cli.base import (
    Command,
    Doors,
    console,
    jobs_option,
    json_option,
    leave,
    place_options,
    progress,
    say,
    worst,
    write_file,
)
from neurograde.cli.tables import outcomes_table, rescored_table
from neurograde.services.marks import feedback as feedback_service
from neurograde.services.places import find_course
from neurograde.services.submissions import rescore as rescore_service
from neurograde.services.submissions.grade import Grading, Options
from neurograde.services.submissions.outcomes import (
    HandedIn,
    Outcome,
    SummaryObject,
    claim_object,
    file_object,
    submission_object,
)

if TYPE_CHECKING:
    from rich.console import Console


@click.command(cls=Command)
@click.argument("assignment")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@place_options
@jobs_option
@click.option("--regrade", is_flag=True, help="Grade again what was graded before with the same tests.")
@click.option(
    "--isolation",
    type=click.Choice(["warm", "container"]),
    default="warm",
    show_default=True,
    help="warm: a container serves many submissions, one at a time; container: a new one for each.",
)
@json_option
@click.pass_obj
def grade(
    doors: Doors | None,
    assignment: str,
    paths: tuple[Path, ...],
    course: Path | None,
    house: Path | None,
    jobs: int,
    regrade: bool,
    isolation: str,
    as_json: bool,
) -> None:
    """Grade notebooks, and score files of predictions: files, folders, or zips from an LMS.

    \b
    neurograde grade neuron_pytorch alice.ipynb
    neurograde grade neuron_pytorch submissions/ late.zip --jobs 4
    neurograde grade neuron_pytorch submissions/ --json > grades.jsonl

    The student is the file's name (alice.ipynb), or the folder's (alice/neuron_pytorch.ipynb). In a competition that
    takes claims, alice.csv or alice/submission.csv is alice's claim: it is validated, scored and put on the
    leaderboard, and her notebook's own predictions stand beside it. Reports, executed notebooks and the gradebook are
    kept in the course directory. An interrupted batch goes on where it stopped.

    --json prints an object for every file, submission and claim, and a summary; docs/output.md lists their fields.
    """
    home = find_house(house)
    grading = Grading(home, find_course(course, home), assignment, grade_many=doors.grade_many if doors else None)
    outcomes = run(grading, paths, Options(jobs=jobs, regrade=regrade, fresh=isolation == "container"), as_json=as_json)
    if not as_json:
        console(sys.stdout).print(outcomes_table(outcomes))
    kept = sum(outcome.kept for outcome in outcomes)
    if kept:
        say(f"{kept} were graded before with the same tests (--regrade grades them again).")
    leave(code_of(outcomes))


def run(grading: Grading, paths: Sequence[Path], options: Options, *, as_json: bool = False) -> list[Outcome]:
    """Grade with a progress bar; print each outcome as JSON where asked, and each problem, when it is there."""
    name = grading.assignment.name
    intake = grading.take_in(paths)
    for handed_in in intake.files:
        _tell_file(handed_in, name, as_json=as_json)
    outcomes: list[Outcome] = []
    with progress() as bar:
        task = bar.add_task("Opening a room", total=len(intake.notebooks) + len(intake.claims))
        for outcome in grading.run(intake, options):
            outcomes.append(outcome)
            bar.update(task, advance=1, description=f"Graded {outcome.student}")
            _tell(outcome, name, bar.console, as_json=as_json)
    if grading.by_hand and any(outcome.report for outcome in outcomes):
        asked = ", ".join(question.name for question in grading.by_hand)
        say(f"To be marked by hand: {asked}. Open them: neurograde formgrader")
    if as_json:
        click.echo(_summary(outcomes, name).model_dump_json())
    return outcomes


def code_of(outcomes: Sequence[Outcome]) -> int:
    """The exit code of a batch."""
    return worst(outcome.problem.exit_code for outcome in outcomes if outcome.problem)


def _tell_file(handed_in: HandedIn, name: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(file_object(handed_in, name).model_dump_json())
    if handed_in.is_copy:
        say(f"{handed_in.student}: {handed_in.origin}: {handed_in.reason}")


def _tell(outcome: Outcome, name: str, shown: "Console", *, as_json: bool) -> None:
    if outcome.problem is not None:
        # Under --quiet the bar's console is silent, and an error is said all the same.
        told = console(always=True) if shown.quiet else shown
        told.print(f"{outcome.student}: {outcome.problem}", markup=False, highlight=False, soft_wrap=True)
    lines = []
    if outcome.public_score is not None:
        when = "scored before" if outcome.kept else "scored"
        file = Path(outcome.origin).name
        lines.append(f"{outcome.student}: {file} {when}, {outcome.public_score:.2f} on the public rows")
        lines += [f"  {note}" for note in outcome.notes]
    for line in lines:
        shown.print(line, markup=False, highlight=False, soft_wrap=True)
    if as_json:
        made = claim_object(outcome, name) if outcome.is_claim else submission_object(outcome, name)
        click.echo(made.model_dump_json())


def _summary(outcomes: Sequence[Outcome], name: str) -> SummaryObject:
    problems = [outcome.problem.exit_code for outcome in outcomes if outcome.problem]
    return SummaryObject(
        assignment=name,
        graded=sum(outcome.report is not None and not outcome.kept for outcome in outcomes),
        kept=sum(outcome.kept for outcome in outcomes),
        claims=sum(outcome.claim is not None and not outcome.kept for outcome in outcomes),
        refused=sum(code == 3 for code in problems),
        failed=sum(code != 3 for code in problems),
        exit_code=code_of(outcomes),
    )


@click.command(cls=Command)
@click.argument("assignment")
@place_options
def rescore(assignment: str, course: Path | None, house: Path | None) -> None:
    """Score and grade all that was handed in anew, by the labels and rules of now, and show who moves.

    For labels that were corrected (`neurograde heldout --correct`), and for a metric, anchors, gates, extensions or a
    late policy that changed. Nobody's code is run, marks by hand stay, and the ledger keeps what was. A second time
    nothing changes.
    """
    home = find_house(house)
    done = []
    with progress() as bar:
        task = bar.add_task("Scoring", total=None)
        for rescored in rescore_service.rescore(home, find_course(course, home), assignment):
            done.append(rescored)
            bar.update(task, completed=len(done), description=f"Scored {rescored.before.student}")
    if any(rescored.is_changed for rescored in done):
        console(sys.stdout).print(rescored_table(done))
    click.echo(rescored_summary(done))


@click.command(cls=Command)
@click.argument("assignment")
@click.argument("student")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write the executed notebook there."
)
@place_options
def feedback(assignment: str, student: str, output: Path | None, course: Path | None, house: Path | None) -> None:
    """What a student may see of the attempt that counts: points, public tests in full, hints of hidden ones."""
    home = find_house(house)
    seen = feedback_service.feedback(home, find_course(course, home), assignment, student)
    called = f"{seen.student} ({seen.name})" if seen.name not in ("", seen.student) else seen.student
    click.echo(f"{called}, {assignment}, handed in {seen.handed_in:%Y-%m-%d %H:%M %Z}")
    for question in seen.questions:
        click.echo(f"{question.name}: {question.points:g} of {question.max_points:g} points")
        for case in question.cases:
            click.echo(f"  {case.name}{' (hidden)' if case.hidden else ''}: {case.status}")
            for line in case.said.splitlines():
                click.echo(f"      {line}")
    for note in seen.notes:
        click.echo(note)
    if seen.grade is not None:
        click.echo(f"grade {seen.grade.value:g} of {seen.grade.max_value:g}")
    if output is not None:
        write_file(output, seen.notebook)
        say(f"The notebook as it ran: {output}")
