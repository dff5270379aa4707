"""The command line's other half for staff: what becomes of grades. `grading/cli.py` has what makes them."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from autograder.assignment import AssignmentSettings, load_assignment, load_settings
from autograder.cli import console, find_house, main, source_of
from autograder.errors import ConfigError
from autograder.language import LANGUAGES, SOURCE_LANGUAGE, said_in
from autograder.syllabus import Syllabus, load_syllabus
from grading.course import Course, open_course
from grading.database import Database

if TYPE_CHECKING:
    from autograder.report import Report
    from grading.exports import Column, Standing
    from grading.roster import Match

course_option = click.option(
    "--course", type=click.Path(path_type=Path), help="Course directory [$NEUROGRADE_COURSE or ./course]."
)

__all__ = ["main"]


@main.command("heldout")
@click.argument("assignment")
@course_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def heldout_set(assignment: str, course: Path | None, as_json: bool) -> None:
    """Draw the held-out set of an assignment, or show the one that is there.

    Inputs, labels and the split into public and private rows are kept in the course directory, readable by you only.
    A set is drawn once: scores on another would not compare.
    """
    from grading import heldout

    house = find_house()
    competition = _settings(house, assignment).competition
    if competition is None:
        raise ConfigError(f"{assignment} has no [competition] in its assignment.toml, so nothing is held out for it.")
    where = open_course(course)
    found = heldout.facts(heldout.ready(house / "source", where, assignment, public_share=competition.public_share))
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
    from grading import board_page, board_table
    from grading.standing import Standings

    house = find_house()
    source_of(house, assignment)
    with Standings.open(house / "source", open_course(course), assignment, moment) as standing:
        title = said_in(standing.settings.title, language)
        if student is not None:
            entries, left = standing.entries(student)
            console(sys.stdout).print(board_table.entries_table(entries, left))
            return
        board = standing.board(pseudonyms=not names, ranks_only=ranks)
    if form == "table" and output is None:
        console(sys.stdout).print(board_table.board_table(board, title))
        return
    made = {
        "csv": lambda: board_table.board_csv(board),
        "json": lambda: json.dumps(board_table.board_object(board, assignment), ensure_ascii=False).encode() + b"\n",
        "html": lambda: board_page.board_page(board, title, language).encode(),
        "table": lambda: board_table.board_csv(board),
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
    from grading.standing import Standings

    with Standings.open(find_house() / "source", open_course(course), assignment, None) as standing:
        chosen = standing.select(student, entries)
    click.echo(f"{student} stands by {', '.join(one[:12] for one in chosen)}.")


@main.command()
@click.argument("student")
@click.argument("assignments", nargs=-1)
@course_option
def explain(student: str, assignments: tuple[str, ...], course: Path | None) -> None:
    """Derive a student's grades, from the run of the code to the course grade: every number with its rule."""
    from grading.explanation import explain_course, explain_grade
    from grading.gradebook import Gradebook
    from grading.ledger import Kind, Ledger
    from grading.policy import course_grade

    house, where = find_house(), open_course(course)
    syllabus = load_syllabus(house / "source")
    with Gradebook(where.database) as gradebook:
        marks = gradebook.marks()
        counted = {
            one.assignment: one for one in Ledger(gradebook.database).attempts(student=student, kind=Kind.NOTEBOOK)
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
        lines = explain_grade(report, attempt.grade, _settings(house, name), recorded=results.get(name))
        click.echo("\n".join(lines) + "\n")
    if not assignments:
        click.echo("\n".join(explain_course(course_grade(results, syllabus), syllabus)))


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

    Nothing is changed. To put the new policy in force, copy it into source/ASSIGNMENT/assignment.toml and run the
    same `neurograde grade` again: nobody's code is run for it.
    """
    from grading import preview
    from grading.gradebook import Gradebook
    from grading.ledger import Kind, Ledger, latest

    house, where = find_house(), open_course(course)
    settings = _settings(house, assignment)
    new = preview.read_policy(changed, settings)
    old = settings.competition
    assert old is not None
    with Gradebook(where.database) as gradebook:
        standing = latest(Ledger(gradebook.database).attempts(assignment, kind=Kind.NOTEBOOK))
    scored = [(one.student, one.grade.score) for one in standing.values() if one.grade is not None and one.grade.score]
    if not scored:
        raise ConfigError(f"Nobody has a score in {assignment} yet. Grade first: neurograde grade {assignment} PATH...")
    moved = preview.moves(old, new, scored, {one.student: one.evidence for one in standing.values()})
    shown = console(sys.stdout)
    click.echo(preview.sketch(old, new, scored, colour=shown.is_terminal))
    click.echo(preview.summary(moved, len(scored), old, new))
    if moved:
        shown.print(preview.moves_table(moved))
    if picture is not None:
        form: Literal["svg", "png"] = "png" if picture.suffix == ".png" else "svg"
        picture.write_bytes(preview.plot(old, new, scored, title=f"{assignment}: points for the score", form=form))
        click.echo(f"The plot: {picture}")


@main.command("formgrader")
@course_option
@click.option("--port", default=8888, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
def formgrader_server(course: Path | None, port: int, no_browser: bool) -> None:
    """Open nbgrader's formgrader on the course: read submissions, change marks, comment."""
    import subprocess

    from grading import formgrader

    house, where = find_house(), open_course(course)
    names = [one.name for one in load_syllabus(house / "source").assignments]
    formgrader.furnish(where, house / "source", names)
    command = formgrader.server_command(where, port=port)
    command += ["--no-browser"] if no_browser else []
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    raise click.exceptions.Exit(subprocess.run(command, cwd=where.root, check=False).returncode)


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
    from grading import heldout
    from grading.integrity import examine, load_thresholds, read_notebooks, read_template
    from grading.integrity_page import write_pages
    from grading.ledger import Kind, Ledger

    house, where = find_house(), open_course(course)
    competition = _settings(house, assignment).competition
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
    students = len({one.student for one in attempts if one.kind is not Kind.BASELINE})
    click.echo(f"{len(findings.cases)} worth a look among {students} students: {index}")
    for note in findings.notes:
        click.echo(note)


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
    from grading.enrolment import described, import_roster
    from grading.gradebook import Enrolled, Gradebook

    house, where = find_house(), open_course(course)
    titles = {}
    for one in load_syllabus(house / "source").assignments:
        title = _settings(house, one.name).title
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
    from grading.roster import link, load_roster, save_roster

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
    from grading import exports

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


def _standings(house: Path, where: Course) -> "tuple[list[Standing], tuple[Match, ...], list[Column]]":
    from grading import exports
    from grading.gradebook import Gradebook
    from grading.roster import load_roster

    syllabus = load_syllabus(house / "source")
    roster = load_roster(where)
    with Gradebook(where.database) as gradebook:
        marks = gradebook.marks()
    results = {
        one.name: {student: found[one.name].result for student, found in marks.items() if one.name in found}
        for one in syllabus.assignments
    }
    columns = [
        exports.column_of(load_assignment(house / "bundles" / name), roster) for name in _graded(house, syllabus)
    ]
    standings, doubtful = exports.standings(results, roster, syllabus)
    return standings, doubtful, columns


def _export_gradescope(where: Course, assignment: str, output: Path | None) -> int:
    from grading.exports import gradescope_json
    from grading.gradebook import Gradebook
    from grading.ledger import Kind, Ledger, latest

    with Gradebook(where.database) as gradebook:
        standing = latest(Ledger(gradebook.database).attempts(assignment, kind=Kind.NOTEBOOK))
    folder = output or where.exports / "gradescope" / assignment
    for student, attempt in standing.items():
        if attempt.grade is None:
            continue
        report = _report(where, assignment, student, attempt.submission)
        public = attempt.scores.public if attempt.scores else None
        (folder / student).mkdir(parents=True, exist_ok=True)
        (folder / student / "results.json").write_bytes(gradescope_json(report, attempt.grade, public=public))
    return len(standing)


def _graded(house: Path, syllabus: Syllabus) -> Sequence[str]:
    """The assignments that there is a bundle of."""
    return [one.name for one in syllabus.assignments if (house / "bundles" / one.name / "bundle.json").is_file()]


def _settings(house: Path, assignment: str) -> AssignmentSettings:
    return load_settings(source_of(house, assignment) / "assignment.toml")


def _report(where: Course, assignment: str, student: str, submission: str) -> "Report":
    from autograder.report import read_report

    return read_report(where.report_folder(assignment, student, submission) / "report.json")


def _nobody(student: str, known: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(student, known, n=3)
    hint = f"The nearest are {', '.join(near)}." if near else f"There are {len(known)} students in the gradebook."
    return f"{student} has no grades in this course. {hint}"
