"""The command line's other half for staff: what becomes of grades. `grading/cli.py` has what makes them."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.model.assignment import AssignmentSettings
from autograder.model.bundle import load_assignment, load_settings
from autograder.model.errors import ConfigError
from autograder.model.house import load_syllabus
from grading.common.directory import CourseDirectory, open_course
from neurograde.cli.author import console, find_house, main, source_of, with_bundle

if TYPE_CHECKING:
    from autograder.model.report import Report
    from grading.exchange.exports import Column, CourseStanding
    from grading.people.roster import Match

course_option = click.option(
    "--course", type=click.Path(path_type=Path), help="Course directory [$NEUROGRADE_COURSE or ./course]."
)

__all__ = ["main"]


@main.command()
@click.argument("student")
@click.argument("assignments", nargs=-1)
@course_option
def explain(student: str, assignments: tuple[str, ...], course: Path | None) -> None:
    """Derive a student's grades, from the run of the code to the course grade: every number with its rule."""
    from grading.analysis.explanation import explain_course, explain_grade
    from grading.records.attempts import AttemptKind
    from grading.records.gradebook import Gradebook
    from grading.records.ledger import Ledger
    from grading.rules.policy import course_grade

    house, where = find_house(), open_course(course)
    syllabus = load_syllabus(house / "source")
    with Gradebook(where.database) as gradebook:
        marks = gradebook.marks()
        counted = {
            one.assignment: one
            for one in Ledger(gradebook.database).attempts(student=student, kind=AttemptKind.NOTEBOOK)
        }
    if student not in marks:
        raise ConfigError(_nobody(student, list(marks)))
    results = {name: mark.result for name, mark in marks[student].items()}
    for name in assignments or [one.name for one in syllabus.assignments]:
        attempt = counted.get(name)
        if attempt is None or attempt.grade is None:
            click.echo(f"{name}\n  nothing was handed in\n")
            continue
        report = _report(where, name, student, attempt.submission)
        lines = explain_grade(report, attempt.grade, settings_of(house, name), recorded=results.get(name))
        click.echo("\n".join(lines) + "\n")
    if not assignments:
        click.echo("\n".join(explain_course(course_grade(results, syllabus), syllabus)))


@main.command("formgrader")
@course_option
@click.option("--port", default=8888, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
def formgrader_server(course: Path | None, port: int, no_browser: bool) -> None:
    """Open nbgrader's formgrader on the course: read submissions, change marks, comment."""
    import subprocess

    from grading.exchange.nbgrader import formgrader
    from grading.records.gradebook import Gradebook

    house, where = find_house(), open_course(course)
    names = [one.name for one in load_syllabus(house / "source").assignments]
    formgrader.prepare_directory(where, house / "source", names)
    command = formgrader.server_command(where, port=port)
    command += ["--no-browser"] if no_browser else []
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    try:
        done = subprocess.run(command, cwd=where.root, check=False)
    finally:
        with Gradebook(where.database) as gradebook:
            gradebook.settle()
    raise click.exceptions.Exit(done.returncode)


@main.command()
@course_option
def grades(course: Path | None) -> None:
    """Everyone's grades, assignment by assignment, and the course grade they make."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    standings, doubtful, columns = _standings(find_house(), open_course(course))
    shown = Table(
        header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title="Course grades", title_justify="left"
    )
    shown.add_column("student", overflow="fold")
    for column in columns:
        shown.add_column(f"{column.name} /{column.max_value:g}", justify="right")
    for name in ("share", "grade", "letter"):
        shown.add_column(name, justify="right", no_wrap=True)
    for standing in standings:
        found = [standing.grades.get(column.name) for column in columns]
        cells = [f"{result.value:.2f}" if result else "-" for result in found]
        whole = standing.course
        shown.add_row(str(standing.student), *cells, f"{whole.share:.1%}", f"{whole.ten_point:.2f}", whole.letter)
    console(sys.stdout).print(shown)
    for match in doubtful:
        click.echo(f"in doubt: {match}", err=True)


@main.group("roster")
def roster_group() -> None:
    """Who is in the course, and under which names the platforms know them."""


@roster_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--add", is_flag=True, help="Lines like nobody's become new students, even where a name is much alike.")
@click.option("--dry-run", is_flag=True, help="Say what would change; write nothing.")
@course_option
def roster_import(file: Path, add: bool, dry_run: bool, course: Path | None) -> None:
    """Take a class list from Canvas, Moodle or a CSV into the roster, and say what changed.

    One student is found by LMS id, SIS id, e-mail, login or competition name. A name that is not certain is listed
    with the nearest candidates and left out, never guessed.
    """
    from grading.people.merge import described, import_roster
    from grading.records.gradebook import Gradebook
    from grading.records.marks import Enrolled

    house, where = find_house(), open_course(course)
    titles = {}
    for one in load_syllabus(house / "source").assignments:
        title = settings_of(house, one.name).title
        titles[one.name] = [title] if isinstance(title, str) else list(title.values())
    done = import_roster(where, file, titles, add=add, dry_run=dry_run)
    if not dry_run:
        enrolled = [
            Enrolled(id=one.id, last_name=one.name, email=one.email, lms_user_id=one.lms_id)
            for one in done.roster.students
        ]
        with Gradebook(where.database) as gradebook:
            gradebook.update_students(enrolled)
    for line in described(done):
        click.echo(line)
    if done.doubts:
        raise click.exceptions.Exit(ConfigError.exit_code)


@roster_group.command("link")
@click.argument("name")
@click.argument("student", metavar="ID")
@course_option
def roster_link(name: str, student: str, course: Path | None) -> None:
    """Say that NAME, of a file, a competition or a list, is the student ID."""
    from grading.people.roster import link, load_roster, save_roster

    where = open_course(course)
    save_roster(where, link(load_roster(where), name, student))
    click.echo(f"{name} is {student} from now on.")


@main.command()
@click.argument("assignment", required=False)
@click.option(
    "--to",
    "form",
    required=True,
    type=click.Choice(["canvas", "moodle", "csv", "xlsx", "gradescope"]),
    help="canvas, moodle: for their gradebooks; csv, xlsx: for people; gradescope: a results.json a submission.",
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The file [exports/ of the course directory].")
@click.option(
    "--by",
    type=click.Choice(["email", "login", "sis_id"]),
    default="email",
    show_default=True,
    help="What Moodle finds students by.",
)
@click.option("--scale", is_flag=True, help="Convert grades where Canvas's Points Possible differ from ours.")
@course_option
def export(assignment: str | None, form: str, output: Path | None, by: str, scale: bool, course: Path | None) -> None:
    """Write everyone's grades, net of lateness and with marks by hand, for an LMS or for people.

    \b
    neurograde export --to canvas
    neurograde export --to xlsx -o grades.xlsx
    neurograde export --to gradescope fashionmnist_kaggle

    Names that are not certainly one student of the roster are listed, and are not in a file for an LMS.
    """
    from grading.exchange import exports

    house, where = find_house(), open_course(course)
    if form == "gradescope":
        if assignment is None:
            raise ConfigError("Gradescope takes one assignment. Name it: neurograde export --to gradescope ASSIGNMENT")
        click.echo(f"{_export_gradescope(where, assignment, output)} results.json for Gradescope")
        return
    standings, doubtful, columns = _standings(house, where)
    made = {
        "canvas": lambda: exports.canvas_csv(standings, columns, scale=scale),
        "moodle": lambda: exports.moodle_csv(standings, columns, by=by),  # type: ignore[arg-type]
        "csv": lambda: exports.plain_csv(standings, columns),
        "xlsx": lambda: exports.excel(standings, columns),
    }[form]()
    suffix = "xlsx" if form == "xlsx" else "csv"
    path = output or where.exports / f"grades-{form}.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made)
    click.echo(f"{len(standings)} students, {len(columns)} assignments: {path}")
    for match in doubtful:
        click.echo(f"in doubt: {match}", err=True)
    left_out = (
        exports.left_out_of_canvas(standings)
        if form == "canvas"
        else exports.left_out_of_moodle(standings, by=by)  # type: ignore[arg-type]
        if form == "moodle"
        else ()
    )
    for student in left_out:
        click.echo(f"not in the file: {student}", err=True)
    if left_out:
        raise click.exceptions.Exit(ConfigError.exit_code)


def _standings(house: Path, where: CourseDirectory) -> "tuple[list[CourseStanding], tuple[Match, ...], list[Column]]":
    from grading.exchange import exports
    from grading.people.roster import load_roster
    from grading.records.gradebook import Gradebook

    syllabus = load_syllabus(house / "source")
    roster = load_roster(where)
    with Gradebook(where.database) as gradebook:
        marks = gradebook.marks()
    for one in syllabus.assignments:
        if waiting := sum(found[one.name].waiting for found in marks.values() if one.name in found):
            click.echo(f"{one.name}: {waiting} waiting for a mark by hand. Open them: neurograde formgrader", err=True)
    results = {
        one.name: {student: found[one.name].result for student, found in marks.items() if one.name in found}
        for one in syllabus.assignments
    }
    graded = [load_assignment(house / "bundles" / one.name) for one in with_bundle(house, syllabus)]
    columns = [exports.column_of(assignment, roster) for assignment in graded]
    standings, doubtful = exports.standings(results, roster, syllabus)
    return standings, doubtful, columns


def _export_gradescope(where: CourseDirectory, assignment: str, output: Path | None) -> int:
    from grading.exchange.gradescope import gradescope_json
    from grading.records.attempts import AttemptKind, latest
    from grading.records.gradebook import Gradebook
    from grading.records.ledger import Ledger

    with Gradebook(where.database) as gradebook:
        standing = latest(Ledger(gradebook.database).attempts(assignment, kind=AttemptKind.NOTEBOOK))
    folder = output or where.exports / "gradescope" / assignment
    for student, attempt in standing.items():
        if attempt.grade is None:
            continue
        report = _report(where, assignment, student, attempt.submission)
        public = attempt.scores.public if attempt.scores else None
        (folder / student).mkdir(parents=True, exist_ok=True)
        (folder / student / "results.json").write_bytes(gradescope_json(report, attempt.grade, public=public))
    return len(standing)


def settings_of(house: Path, assignment: str) -> AssignmentSettings:
    return load_settings(source_of(house, assignment) / "assignment.toml")


def _report(where: CourseDirectory, assignment: str, student: str, submission: str) -> "Report":
    from autograder.model.files import read_report

    return read_report(where.report_folder(assignment, student, submission) / "report.json")


def _nobody(student: str, known: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(student, known, n=3)
    hint = f"The nearest are {', '.join(near)}." if near else f"There are {len(known)} students in the gradebook."
    return f"{student} has no grades in this course. {hint}"
