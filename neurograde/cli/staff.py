"""What whoever looks after the course types: grades, exports, the roster, formgrader, the platform's health."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import click

from autograder.model.errors import ConfigError, PlatformError
from autograder.model.house import find_house
from grading.exchange.exports import MoodleKey
from neurograde.cli.base import Command, Group, console, course_option, house_option, leave, place_options, plain, say
from neurograde.cli.tables import grades_table
from neurograde.services.admin import doctor as doctor_service
from neurograde.services.admin import formgrader as formgrader_service
from neurograde.services.marks import explain as explain_service
from neurograde.services.marks import export as export_service
from neurograde.services.marks import grades as grades_service
from neurograde.services.marks.grades import Waiting
from neurograde.services.people import roster as roster_service
from neurograde.services.places import find_course

MARKS = {
    doctor_service.Health.WELL: "[green]✓[/]",
    doctor_service.Health.NOTE: "[yellow]![/]",
    doctor_service.Health.ILL: "[bold red]✗[/]",
}


@click.command(cls=Command)
@place_options
def grades(course: Path | None, house: Path | None) -> None:
    """Everyone's grades, assignment by assignment, and the course grade they make."""
    home = find_house(house)
    found = grades_service.class_grades(home, find_course(course, home))
    _tell_waiting(found.waiting)
    console(sys.stdout).print(grades_table(found))
    for match in found.doubtful:
        click.echo(f"in doubt: {match}", err=True)


@click.command(cls=Command)
@click.argument("student")
@click.argument("assignments", nargs=-1)
@place_options
def explain(student: str, assignments: tuple[str, ...], course: Path | None, house: Path | None) -> None:
    """Derive a student's grades, from the run of the code to the course grade: every number with its rule.

    STUDENT is any name of theirs: the roster's id, full name, login or e-mail, or what the file was called.
    """
    home = find_house(house)
    derived = explain_service.explain(home, find_course(course, home), student, assignments)
    for part in derived.assignments:
        click.echo("\n".join(part.lines or (part.assignment, "  nothing was handed in")) + "\n")
    if derived.course:
        click.echo("\n".join(derived.course))


@click.command(cls=Command)
@click.argument("assignment", required=False)
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Choice(export_service.TARGETS),
    help="canvas, moodle: for their gradebooks; csv, xlsx: for people; gradescope: a results.json a submission.",
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The file [exports/ of the course directory].")
@click.option(
    "--by",
    type=click.Choice(get_args(MoodleKey)),
    default="email",
    show_default=True,
    help="What Moodle finds students by.",
)
@click.option("--scale", is_flag=True, help="Convert grades where Canvas's Points Possible differ from ours.")
@place_options
def export(
    assignment: str | None,
    target: str,
    output: Path | None,
    by: MoodleKey,
    scale: bool,
    course: Path | None,
    house: Path | None,
) -> None:
    """Write everyone's grades, net of lateness and with marks by hand, for an LMS or for people.

    Of ASSIGNMENT alone, or of all and with the course grade.

    \b
    neurograde export --to canvas
    neurograde export mlp_pytorch --to xlsx -o grades.xlsx
    neurograde export fashionmnist_kaggle --to gradescope

    Names that are not certainly one student of the roster are listed, and are not in a file for an LMS.
    """
    home = find_house(house)
    wanted = export_service.Export(target=target, assignment=assignment, by=by, scale=scale)
    done = export_service.export(home, find_course(course, home), wanted, output)
    _tell_waiting(done.waiting)
    if target == "gradescope":
        click.echo(f"{done.students} results.json for Gradescope: {done.path}")
        return
    click.echo(f"{done.students} students, {done.assignments} assignments: {done.path}")
    for match in done.doubtful:
        click.echo(f"in doubt: {match}", err=True)
    for student in done.left_out:
        click.echo(f"not in the file: {student}", err=True)
    leave(ConfigError.exit_code if done.left_out else 0)


def _tell_waiting(waiting: tuple[Waiting, ...]) -> None:
    for entry in waiting:
        say(f"{entry.assignment}: {entry.answers} waiting for a mark by hand. Open them: neurograde formgrader")


@click.group(cls=Group)
def roster() -> None:
    """Who is in the course, and under which names the platforms know them."""


@roster.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--add", is_flag=True, help="Lines like nobody's become new students, even where a name is much alike.")
@click.option("--dry-run", is_flag=True, help="Say what would change; write nothing.")
@place_options
def roster_import(file: Path, add: bool, dry_run: bool, course: Path | None, house: Path | None) -> None:
    """Take a class list from Canvas, Moodle or a CSV into the roster, and say what changed.

    One student is found by LMS id, SIS id, e-mail, login or competition name. A name that is not certain is listed
    with the nearest candidates and left out, never guessed.
    """
    home = find_house(house)
    done = roster_service.take_over(home, find_course(course, home), file, add=add, dry_run=dry_run)
    for line in done.lines:
        click.echo(line)
    leave(ConfigError.exit_code if done.in_doubt else 0)


@roster.command("link")
@click.argument("name")
@click.argument("student")
@place_options
def roster_link(name: str, student: str, course: Path | None, house: Path | None) -> None:
    """Say that NAME, of a file, a competition or a list, is STUDENT, who is known by any other name of theirs."""
    owner = roster_service.link(find_course(course, find_house(house)), name, student)
    click.echo(f"{name} is {owner} from now on.")


@click.command(cls=Command)
@place_options
@click.option("--port", default=8888, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
def formgrader(port: int, no_browser: bool, course: Path | None, house: Path | None) -> None:
    """Open nbgrader's formgrader on the course, the pages on which to read submissions, mark by hand and comment."""
    home = find_house(house)
    directory = find_course(course, home)
    server = formgrader_service.prepare(home, directory, port=port, browser=not no_browser)
    try:
        done = subprocess.run(server.command, cwd=server.folder, check=False)
    finally:
        formgrader_service.settle(directory)
    leave(PlatformError.exit_code if done.returncode else 0)


@click.command(cls=Command)
@course_option
@house_option
def doctor(course: Path | None, house: Path | None) -> None:
    """Look at everything that grading stands on.

    Checks the container engine, the room's image, that isolation and limits are really in force on this host, disk
    space, programs and data sets, and says what to do about each that is not well.
    """
    try:
        place = find_course(course, find_house(house)).root
    except ConfigError:  # the machine can be looked at where there is no course yet
        place = (course or Path.cwd()).absolute()
    ill = 0
    for finding in doctor_service.examine(place):
        line = f"{MARKS[finding.health]} {finding.part}: {plain(finding.text)}"
        console(sys.stdout).print(line, highlight=False, soft_wrap=True)
        ill += finding.health is doctor_service.Health.ILL
    leave(4 if ill else 0)
