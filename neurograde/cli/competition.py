"""The command line of a competition: held-out data, who stands where, what the score is worth, what is worth a look."""

import json
import sys
from pathlib import Path
from typing import Literal

import click

from autograder.model.bundle import load_assignment
from autograder.model.errors import ConfigError
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE, said_in
from grading.common.directory import open_course
from grading.records.database import Database
from neurograde.cli.author import console, find_house, main, source_of
from neurograde.cli.staff import course_option, settings_of

__all__ = ["main"]


@main.command("heldout")
@click.argument("assignment")
@click.option(
    "--correct",
    "corrections",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV of Category,Id with the rows whose label is wrong, and what it should be.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@course_option
def heldout_set(assignment: str, corrections: Path | None, as_json: bool, course: Path | None) -> None:
    """Draw the held-out set of an assignment, or show the one that is there.

    Inputs, labels and the split into public and private rows are kept in the course directory, readable by you only.
    A set is drawn once: scores on another would not compare. Labels that are wrong can be corrected, which makes a new
    version of the set; `neurograde rescore` then brings every score and grade up to date.
    """
    from grading.scoring import heldout_store as heldout

    house = find_house()
    competition = settings_of(house, assignment).competition
    if competition is None:
        raise ConfigError(f"{assignment} has no [competition] in its assignment.toml, so nothing is held out for it.")
    where = open_course(course)
    kept = heldout.ready(house / "source", where, assignment, public_share=competition.public_share)
    if corrections is not None:
        before, kept = heldout.correct(where, assignment, heldout.read_corrections(corrections))
        changed = int((before.labels != kept.labels).sum())
        click.echo(
            f"{changed} label{'s' * (changed > 1)} corrected: version {before.version} is {kept.version} now. "
            f"To score everyone anew: neurograde rescore {assignment}"
            if changed
            else "Every label is so already; nothing was changed.",
            err=as_json,
        )
    found = heldout.facts(kept)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(f"{where.heldout / assignment}")
    for name, value in found.items():
        click.echo(f"  {name:8} {value}")


@main.command()
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
@course_option
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
) -> None:
    """Who stands where: public scores before the deadline, private ones after it.

    \b
    neurograde leaderboard fashionmnist_kaggle
    neurograde leaderboard fashionmnist_kaggle --format html --pseudonyms -o board.html
    neurograde leaderboard fashionmnist_kaggle --student ada
    """
    from grading.competition.page import board_page
    from grading.competition.table import board_csv, board_object
    from neurograde.cli.tables import board_table, entries_table
    from neurograde.services.competition.standings import Standings

    house = find_house()
    source_of(house, assignment)
    with Standings.open(house / "source", open_course(course), assignment, moment) as standing:
        title = said_in(standing.settings.title, language)
        if student is not None:
            entries, left = standing.entries(student)
            console(sys.stdout).print(entries_table(entries, left))
            return
        board = standing.board(pseudonyms=not names, ranks_only=ranks)
    if form == "table" and output is None:
        console(sys.stdout).print(board_table(board, title))
        return
    made = {
        "csv": lambda: board_csv(board),
        "json": lambda: json.dumps(board_object(board, assignment), ensure_ascii=False).encode() + b"\n",
        "html": lambda: board_page(board, title, language).encode(),
        "table": lambda: board_csv(board),
    }[form]()
    if output is None:
        click.echo(made.decode(), nl=False)
    else:
        output.write_bytes(made)
        click.echo(f"{len(board.rows)} rows: {output}", err=True)


@main.command()
@click.argument("assignment")
@click.argument("student")
@click.argument("entries", nargs=-1, required=True)
@course_option
def select(assignment: str, student: str, entries: tuple[str, ...], course: Path | None) -> None:
    """Note which claims a student wants to stand by on the private board.

    ENTRIES are the first digits of their hashes, as `neurograde leaderboard ASSIGNMENT --student STUDENT` lists them.
    Whoever selects none stands by the best on the public rows.
    """
    from neurograde.services.competition.standings import Standings

    with Standings.open(find_house() / "source", open_course(course), assignment, None) as standing:
        chosen = standing.select(student, entries)
    click.echo(f"{student} stands by {', '.join(one[:12] for one in chosen)}.")


@main.command()
@click.argument("assignment")
@click.option(
    "--preview",
    "changed",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A changed copy of assignment.toml, or its [competition] alone.",
)
@click.option("--plot", "picture", type=click.Path(dir_okay=False, path_type=Path), help="Write it as .svg or .png.")
@course_option
def policy(assignment: str, changed: Path, picture: Path | None, course: Path | None) -> None:
    """Show what another policy would make of the class: the curve, and who moves by how much.

    Nothing is changed. To put the new policy in force, copy it into source/ASSIGNMENT/assignment.toml and run
    `neurograde rescore ASSIGNMENT`: nobody's code is run for it.
    """
    from grading.analysis import preview
    from grading.records.attempts import AttemptKind, latest
    from grading.records.gradebook import Gradebook
    from grading.records.ledger import Ledger
    from neurograde.cli.tables import moves_table

    house, where = find_house(), open_course(course)
    settings = settings_of(house, assignment)
    new = preview.read_policy(changed, settings)
    old = settings.competition
    assert old is not None
    with Gradebook(where.database) as gradebook:
        standing = latest(Ledger(gradebook.database).attempts(assignment, kind=AttemptKind.NOTEBOOK))
    scored = [(one.student, one.grade.score) for one in standing.values() if one.grade is not None and one.grade.score]
    if not scored:
        raise ConfigError(f"Nobody has a score in {assignment} yet. Grade first: neurograde grade {assignment} PATH...")
    moved = preview.moves(old, new, scored, {one.student: one.evidence for one in standing.values()})
    shown = console(sys.stdout)
    click.echo(preview.sketch(old, new, scored, colour=shown.is_terminal))
    click.echo(preview.summary(moved, len(scored), old, new))
    if moved:
        shown.print(moves_table(moved))
    if picture is not None:
        form: Literal["svg", "png"] = "png" if picture.suffix == ".png" else "svg"
        picture.write_bytes(preview.plot(old, new, scored, title=f"{assignment}: points for the score", form=form))
        click.echo(f"The plot: {picture}")


@main.command()
@click.argument("assignment")
@course_option
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="A folder [integrity/ASSIGNMENT in the course directory]."
)
def integrity(assignment: str, course: Path | None, output: Path | None) -> None:
    """Show what is worth a look: work that is too alike, claims that are not reproduced, data inside code.

    Writes pages of evidence for a person, each measure beside the class's own. No grade is changed by it.
    """
    from grading.analysis.integrity.examine import examine
    from grading.analysis.integrity.page import write_pages
    from grading.analysis.integrity.reading import load_thresholds, read_notebooks, read_template
    from grading.records.attempts import AttemptKind
    from grading.records.ledger import Ledger
    from grading.scoring import heldout_store as heldout

    house, where = find_house(), open_course(course)
    competition = settings_of(house, assignment).competition
    with Database(where.database) as database:
        attempts = Ledger(database).attempts(assignment, predictions=True)
    if not attempts:
        raise ConfigError(f"Nobody handed in {assignment} yet. Grade first: neurograde grade {assignment} PATH...")
    findings = examine(
        assignment,
        attempts,
        heldout.load(where, assignment) if competition else None,
        read_notebooks(where, assignment, attempts),
        template=read_template(load_assignment(house / "bundles" / assignment)),
        thresholds=load_thresholds(house / "source", assignment),
        ceiling=competition.ceiling if competition else None,
    )
    index = write_pages(findings, output or where.root / "integrity" / assignment)
    students = len({one.student for one in attempts if one.kind is not AttemptKind.BASELINE})
    click.echo(f"{len(findings.cases)} worth a look among {students} students: {index}")
    for note in findings.notes:
        click.echo(note)
