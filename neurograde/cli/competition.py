"""What whoever runs a competition types: held-out data, who stands where, what a score earns, what is worth a look."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from autograder.model.house import find_house
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE, plural, said_in
from grading.analysis.preview import Form
from grading.competition.board import Board
from grading.competition.page import board_page
from grading.competition.table import board_csv, board_object
from neurograde.cli.base import Command, console, json_option, place_options, say, write_file
from neurograde.cli.tables import board_table, entries_table, moves_table
from neurograde.services.competition import heldout as heldout_service
from neurograde.services.competition import integrity as integrity_service
from neurograde.services.competition import policy as policy_service
from neurograde.services.competition.standings import Standings
from neurograde.services.places import find_course

PICTURES: Mapping[str, Form] = {".svg": "svg", ".png": "png"}
"""What a picture can be, by the end of its name."""


@click.command(cls=Command)
@click.argument("assignment")
@click.option(
    "--correct",
    "corrections",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV of Category,Id with the rows whose label is wrong, and what it should be.",
)
@json_option
@place_options
def heldout(assignment: str, corrections: Path | None, as_json: bool, course: Path | None, house: Path | None) -> None:
    """Draw the held-out set of an assignment, or show the one that is there.

    Inputs, labels and the split into public and private rows are kept in the course directory, readable by you only.
    A set is drawn once: scores on another would not compare. Labels that are wrong can be corrected, which makes a new
    version of the set; `neurograde rescore` then brings every score and grade up to date.
    """
    home = find_house(house)
    directory = find_course(course, home)
    if corrections is not None:
        done = heldout_service.correct(home, directory, assignment, corrections)
        click.echo(
            f"{done.changed} {plural(done.changed, 'label')} corrected: version {done.before} is {done.after} now. "
            f"To score everyone anew: neurograde rescore {assignment}"
            if done.changed
            else "Every label is so already; nothing was changed.",
            err=as_json,
        )
    kept = heldout_service.facts(home, directory, assignment)
    if as_json:
        click.echo(json.dumps(kept.facts))
        return
    click.echo(f"{kept.folder}")
    for name, value in kept.facts.items():
        click.echo(f"  {name:8} {value}")


@click.command(cls=Command)
@click.argument("assignment")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json", "html"]), default="table", show_default=True
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write there, not to stdout.")
@click.option(
    "--names/--pseudonyms",
    default=True,
    show_default=True,
    help="Call students by their names, or by made-up ones that stay the same all term.",
)
@click.option("--ranks", is_flag=True, help="Show ranks and no scores.")
@click.option("--at", "moment", help="The board as it was then, in the course's time zone: 2026-12-20T18:00.")
@click.option("--lang", "language", type=click.Choice(tuple(LANGUAGES)), default=SOURCE_LANGUAGE, show_default=True)
@click.option("--student", help="That student's own entries instead, and what is within noise of the best.")
@place_options
def leaderboard(
    assignment: str,
    form: str,
    output: Path | None,
    names: bool,
    ranks: bool,
    moment: str | None,
    language: str,
    student: str | None,
    course: Path | None,
    house: Path | None,
) -> None:
    """Who stands where: public scores before the deadline, private ones after it.

    \b
    neurograde leaderboard fashionmnist_kaggle
    neurograde leaderboard fashionmnist_kaggle --format html --pseudonyms -o board.html
    neurograde leaderboard fashionmnist_kaggle --student ada
    """
    if student is not None and (output is not None or form != "table"):
        raise click.UsageError("--student is a table on stdout. Leave out --format and --output, or --student.")
    home = find_house(house)
    with Standings.open(home, find_course(course, home), assignment, moment) as standings:
        title = said_in(standings.settings.title, language)
        if student is not None:
            own = standings.entries(student)
            console(sys.stdout).print(entries_table(own.entries, own.left_today))
            return
        board = standings.board(pseudonyms=not names, ranks_only=ranks)
    show_board(board, form, output, assignment=assignment, title=title, language=language)


def show_board(board: Board, form: str, output: Path | None, *, assignment: str, title: str, language: str) -> None:
    """Print a board, or write it to a file: as a table, CSV, JSON or a page."""
    if form == "table" and output is None:
        console(sys.stdout).print(board_table(board, title))
        return
    if form == "json":
        made = json.dumps(board_object(board, assignment), ensure_ascii=False).encode() + b"\n"
    elif form == "html":
        made = board_page(board, title, language).encode()
    else:
        made = board_csv(board)
    if output is None:
        click.echo(made.decode(), nl=False)
    else:
        write_file(output, made)
        say(f"{len(board.rows)} rows: {output}")


@click.command(cls=Command)
@click.argument("assignment")
@click.argument("student")
@click.argument("entries", nargs=-1, required=True)
@place_options
def select(assignment: str, student: str, entries: tuple[str, ...], course: Path | None, house: Path | None) -> None:
    """Note which claims a student wants to stand by on the private board.

    ENTRIES are the first digits of their hashes, as `neurograde leaderboard ASSIGNMENT --student STUDENT` lists them.
    Whoever selects none stands by the best on the public rows.
    """
    home = find_house(house)
    with Standings.open(home, find_course(course, home), assignment, None) as standings:
        chosen = standings.select(student, entries)
    click.echo(f"{chosen.person} stands by {', '.join(entry[:12] for entry in chosen.entries)}.")


@click.command(cls=Command)
@click.argument("assignment")
@click.option(
    "--preview",
    "changed",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A changed copy of assignment.toml, or its [competition] alone.",
)
@click.option("--plot", "picture", type=click.Path(dir_okay=False, path_type=Path), help="Write it as .svg or .png.")
@place_options
def policy(assignment: str, changed: Path, picture: Path | None, course: Path | None, house: Path | None) -> None:
    """Show what another policy would make of the class: the curve, and who moves by how much.

    Nothing is changed. To put the new policy in force, copy it into source/ASSIGNMENT/assignment.toml and run
    `neurograde rescore ASSIGNMENT`: nobody's code is run for it.
    """
    if picture is not None and picture.suffix not in PICTURES:
        raise click.BadParameter(f"{picture} ends in neither {' nor '.join(PICTURES)}.", param_hint="--plot")
    home = find_house(house)
    preview = policy_service.preview(home, find_course(course, home), assignment, changed)
    shown = console(sys.stdout)
    click.echo(preview.sketch(colour=shown.is_terminal))
    click.echo(preview.summary)
    if preview.moves:
        shown.print(moves_table(preview.moves))
    if picture is not None:
        write_file(picture, preview.plot(PICTURES[picture.suffix]))
        click.echo(f"The plot: {picture}")


@click.command(cls=Command)
@click.argument("assignment")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="A folder [integrity/ASSIGNMENT in the course directory]."
)
@place_options
def integrity(assignment: str, output: Path | None, course: Path | None, house: Path | None) -> None:
    """Show what is worth a look: work that is too alike, claims that are not reproduced, data inside code.

    Writes pages of evidence for a person, each measure beside the class's own. No grade is changed by it.
    """
    home = find_house(house)
    seen = integrity_service.look(home, find_course(course, home), assignment, output)
    click.echo(f"{len(seen.findings.cases)} worth a look among {seen.students} students: {seen.index}")
    for note in seen.findings.notes:
        click.echo(note)
