"""The command line: `neurograde`. Reads arguments, calls the pipeline, prints what came of it.

`autograder/cli.py` has what needs no gradebook, `grading/course_cli.py` what becomes of grades.
"""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from autograder.model.bundle import load_assignment
from autograder.model.house import load_syllabus
from autograder.model.language import SOURCE_LANGUAGE
from autograder.model.report import Status
from neurograde.cli.author import console, find_house, main, progress, release, source_of, working
from neurograde.cli.competition import leaderboard
from neurograde.cli.staff import course_option, export
from neurograde.cli.staff import grades as grades_command

if TYPE_CHECKING:
    from neurograde.services.submissions.grade import Outcome, Pipeline

COLOURS = {Status.PASSED: "green", Status.FAILED: "yellow", Status.NOT_RUN: "dim"}

__all__ = ["main"]


def default_jobs() -> int:
    """One room per core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@main.command()
@click.argument("assignment")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@course_option
@click.option("--jobs", "-j", type=click.IntRange(1, 64), default=default_jobs, help="Rooms at work [one per core].")
@click.option("--regrade", is_flag=True, help="Grade again what was graded before with the same tests.")
@click.option(
    "--isolation",
    type=click.Choice(["warm", "container"]),
    default="warm",
    show_default=True,
    help="warm: a container serves many submissions, one at a time; container: a new one for each.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a submission on stdout; all else on stderr.")
def grade(
    assignment: str,
    paths: tuple[Path, ...],
    course: Path | None,
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
    """
    outcomes = run(
        assignment, paths, course, jobs=jobs, regrade=regrade, fresh=isolation == "container", as_json=as_json
    )
    if not as_json:
        console(sys.stdout).print(table(outcomes))
    kept = sum(outcome.kept for outcome in outcomes)
    if kept:
        console().print(f"{kept} were graded before with the same tests (--regrade grades them again).")
    raise click.exceptions.Exit(max((o.problem.exit_code for o in outcomes if o.problem), default=0))


@main.command()
@click.argument("assignment")
@course_option
def rescore(assignment: str, course: Path | None) -> None:
    """Score and grade all that was handed in anew, by the labels and rules of now, and show who moves.

    For labels that were corrected (`neurograde heldout --correct`), and for a metric, anchors, gates, extensions or a
    late policy that changed. Nobody's code is run, marks by hand stay, and the ledger keeps what was. A second time
    nothing changes.
    """
    from grading.analysis import rescoring
    from neurograde.cli.tables import rescored_table

    done = []
    with progress() as bar:
        task = bar.add_task("Scoring", total=None)
        for one in open_pipeline(assignment, course).rescore():
            done.append(one)
            bar.update(task, completed=len(done), description=f"Scored {one.before.student}")
    if any(one.is_changed for one in done):
        console(sys.stdout).print(rescored_table(done))
    click.echo(rescoring.summary(done))


@main.command()
@click.option("--jobs", "-j", type=click.IntRange(1, 64), default=default_jobs, help="Rooms at work [one per core].")
@click.pass_context
def demo(context: click.Context, jobs: int) -> None:
    """The main job on a small class, from source notebooks to course grades.

    Releases neuron_pytorch and the Fashion-MNIST competition, hands in one sample submission of each kind (perfect,
    half done, untouched, subtly wrong, crashing, looping for ever, eating memory, cheating) and the claims of a few
    networks that are trained for it, grades all that in the room, and ends with the leaderboard, the course grades and
    an export. Everything is left in demo/ to be looked at.
    """
    from neurograde.services.admin import demo as small_class

    house = find_house()
    desk, samples = house / "demo", house / "tests" / "submissions"
    course = desk / "course"
    shutil.rmtree(course, ignore_errors=True)
    lesson, competition = small_class.LESSON, small_class.COMPETITION
    context.invoke(release, assignments=(lesson, competition), languages=(SOURCE_LANGUAGE,))
    handed_in = small_class.hand_in(samples / lesson, load_assignment(house / "bundles" / lesson), desk / lesson)
    click.echo("\nHanded in:")
    for sample in handed_in:
        click.echo(f"  {sample.name:22} {sample.expected.says}")
    show = console(sys.stdout)
    show.print(table(run(lesson, [desk / lesson], course, jobs=jobs)))
    click.echo(f"Four of them compete on Fashion-MNIST ({competition}):")
    with working("Training their networks"):
        small_class.compete(samples / competition, load_assignment(house / "bundles" / competition), desk / competition)
    show.print(table(run(competition, [desk / competition], course, jobs=jobs)))
    context.invoke(leaderboard, assignment=competition, course=course)
    page, grades = desk / "leaderboard.html", desk / "grades.csv"
    context.invoke(leaderboard, assignment=competition, course=course, form="html", output=page)
    context.invoke(grades_command, course=course)
    context.invoke(export, form="csv", course=course, output=grades)
    click.echo(f"Reports and executed notebooks: {course}/reports/")
    click.echo(f"Leaderboard to open in a browser: {page}")
    click.echo(f"How a grade came about: neurograde explain perfect --course {course.relative_to(house)}")
    click.echo(f"Read and mark by hand: neurograde formgrader --course {course.relative_to(house)}")


def run(
    name: str,
    paths: Sequence[Path],
    course: Path | None,
    *,
    jobs: int,
    regrade: bool = False,
    fresh: bool = False,
    as_json: bool = False,
) -> "list[Outcome]":
    """Grade with a progress bar; print each outcome as JSON where asked, and each problem, when it is there."""
    from autograder.intake.uploads import uploads

    pipeline = open_pipeline(name, course)
    handed_in = list(uploads(paths, name, claims=pipeline.takes_claims))
    outcomes: list[Outcome] = []
    with progress() as bar:
        task = bar.add_task("Opening a room", total=len(handed_in))
        for outcome in pipeline.run(handed_in, jobs=jobs, regrade=regrade, fresh=fresh):
            outcomes.append(outcome)
            bar.update(task, advance=1, description=f"Graded {outcome.student}")
            if outcome.problem is not None:
                bar.console.print(
                    f"{outcome.student}: {outcome.problem}", markup=False, highlight=False, soft_wrap=True
                )
            for line in claim_lines(outcome):
                bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
            if as_json and outcome.claim is None:
                click.echo(json.dumps(as_object(outcome, name)))
    if pipeline.by_hand and any(outcome.report for outcome in outcomes):
        asked = ", ".join(question.name for question in pipeline.by_hand)
        console().print(f"To be marked by hand: {asked}. Open them: neurograde formgrader")
    return outcomes


def open_pipeline(name: str, course: Path | None) -> "Pipeline":
    """The pipeline of an assignment that was released. Raises ConfigError for any other."""
    from grading.common.directory import open_course
    from neurograde.services.submissions.grade import Pipeline

    house = find_house()
    source_of(house, name)
    assignment, syllabus = load_assignment(house / "bundles" / name), load_syllabus(house / "source")
    return Pipeline(assignment, house / "source", open_course(course), syllabus)


def claim_lines(outcome: "Outcome") -> list[str]:
    """What a student may read of a claim: the public score to two decimals, and what is odd in the file."""
    if outcome.claim is None or outcome.claim.scores is None:
        return []
    from grading.scoring.score import PUBLIC_DIGITS

    when = "scored before" if outcome.kept else "scored"
    score = f"{outcome.claim.scores.public.value:.{PUBLIC_DIGITS}f} on the public rows"
    return [f"{outcome.student}: {Path(outcome.origin).name} {when}, {score}", *(f"  {note}" for note in outcome.notes)]


def as_object(outcome: "Outcome", assignment: str) -> dict[str, object]:
    """The documented JSON object of one submission; what there is no report of is null, never zero."""
    report, grade = outcome.report, outcome.grade
    return {
        "student": outcome.student,
        "assignment": assignment,
        "submission": outcome.submission.id if outcome.submission else None,
        "status": report.status if report else Status.NOT_RUN,
        "points": report.points if report else None,
        "max_points": report.max_points if report else None,
        "questions": [
            {
                "name": question.name,
                "status": question.status,
                "points": question.points,
                "max_points": question.max_points,
                "hidden": question.hidden,
            }
            for question in (report.questions if report else ())
        ],
        "score": grade.score.value if grade and grade.score else None,
        "grade": grade.value if grade else None,
        "seconds": report.seconds if report else None,
    }


def table(outcomes: Sequence["Outcome"]) -> Table:
    """Students, questions, score, grade, seconds."""
    outcomes = [outcome for outcome in outcomes if outcome.claim is None]
    names = next(([q.name for q in o.report.questions] for o in outcomes if o.report), [])
    shown = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("student", overflow="fold")
    shown.add_column("status", no_wrap=True)
    for name in (*names, "points", "score", "grade", "seconds"):
        shown.add_column(name, justify="right", no_wrap=True)
    for outcome in sorted(outcomes, key=lambda o: o.student):
        shown.add_row(*_cells(outcome, len(names)))
    return shown


def _cells(outcome: "Outcome", questions: int) -> list[str]:
    report, grade = outcome.report, outcome.grade
    if report is None or grade is None:
        return [outcome.student, "[red]no report[/]", *[""] * (questions + 4)]
    colour = COLOURS.get(report.status, "red")
    score = f"{grade.score.value:.3f} ±{(grade.score.high - grade.score.low) / 2:.3f}" if grade.score else "-"
    return [
        outcome.student,
        f"[{colour}]{report.status}[/]",
        *(f"[{COLOURS.get(q.status, 'red')}]{q.points:g}[/]" for q in report.questions),
        f"{report.points:g}/{report.max_points:g}",
        score,
        f"{grade.value:.2f}/{grade.max_value:g}",
        f"{report.seconds:.2f}",
    ]
