"""The command line's half that needs no gradebook: `release` and `doctor`. `grading/cli.py` adds the rest."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from autograder.model.bundle import Assignment, load_assignment
from autograder.model.errors import ConfigError, CourseError
from autograder.model.house import load_syllabus
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE
from autograder.model.report import Report
from autograder.model.syllabus import Syllabus, Weighted
from autograder.sandbox.image import CHECKOUT

INTERRUPTED = 130
WIDTH_OF_A_FILE = 140


class Commands(click.Group):
    """Turns what went wrong into a message and an exit code; anything else is a bug and shows its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CourseError as error:
            console().print(f"[bold red]Error:[/] {_plain(str(error))}", highlight=False, soft_wrap=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            console().print("\nStopped. What was graded is kept; run the same command to go on.")
            ctx.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="neurograde", prog_name="neurograde")
def main() -> None:
    """Autograded PyTorch homework: from an instructor's notebook to a course grade.

    \b
    An instructor writes    source/<assignment>/     and runs   neurograde release
    students work in        release/<assignment>/
    a TA grades what came   *.ipynb, folders, zips   with       neurograde grade

    Exit codes: 0 done, 2 the instructor's to mend, 3 a student's, 4 the platform's.
    """


@main.command()
@click.argument("assignments", nargs=-1)
@click.option(
    "--lang",
    "languages",
    multiple=True,
    type=click.Choice(tuple(LANGUAGES)),
    default=(SOURCE_LANGUAGE,),
    show_default=True,
    help="A language to release in; may be given more than once.",
)
def release(assignments: tuple[str, ...], languages: tuple[str, ...]) -> None:
    """Build and prove what students get.

    Makes release/ASSIGNMENT/ (for students) and bundles/ASSIGNMENT/ (for graders, with the hidden tests) from
    source/ASSIGNMENT/, for every assignment unless some are named. Before anything is replaced it proves that the
    solution earns every point in the room, that the untouched release earns no hidden points, and that no hidden
    test or solution is in what students get. A translation goes to release/LANGUAGE/ASSIGNMENT/; its code is that of
    the source. At the end the lesson page, release/README.md, is made from source/course.toml.

    \b
    neurograde release                          all of the course, in English
    neurograde release --lang en --lang ru      in English and in Russian
    neurograde release mlp_pytorch --lang ru    one assignment, in Russian
    """
    from autograder.authoring.release.build import release as build_and_prove

    house = find_house()
    syllabus = load_syllabus(house / "source")
    languages = tuple(dict.fromkeys(languages))
    for name in assignments or [assignment.name for assignment in syllabus.assignments]:
        source, bundle = source_of(house, name), house / "bundles" / name
        folders = {language: release_folder(house, language) / name for language in languages}
        addresses = {one: f"{syllabus.site.files}{_below(one)}/{name}" for one in languages if syllabus.site.files}
        with grader() as grade, working(f"Building and proving {name}"):
            done = build_and_prove(source, folders, bundle, grade, addresses=addresses)
        for advice in done.advice:
            console().print(f"[yellow]Note:[/] {_plain(advice)}", highlight=False)
        places = ", ".join(f"{folder.relative_to(house)}/" for folder in folders.values())
        click.echo(
            f"{name}: {done.questions} questions, {done.points:g} points, {done.cases} tests ({done.hidden_cases} "
            f"hidden). Proved and written in {done.seconds:.0f} s: {places} ({', '.join(done.files)})"
        )
    for language in languages:
        click.echo(write_lesson_page(house, syllabus, language))


@main.command()
@click.argument("assignment")
@click.option("--title", help="Shown to students [the name].")
def new(assignment: str, title: str | None) -> None:
    """Begin an assignment: source/ASSIGNMENT/ with a question, its tests and data, ready to be changed.

    docs/authoring.md takes you from here to a release in ten minutes.
    """
    from autograder.authoring.new import make

    house = find_house()
    plain = (title or assignment.replace("_", " ").capitalize()).replace('"', "'").replace("\\", "/")
    for path in make(house / "source" / assignment, plain):
        click.echo(f"made {path.relative_to(house)}")
    click.echo(
        f"Next: open source/{assignment}/{assignment}.ipynb in Jupyter; then neurograde release {assignment}\n"
        f'When it is to count, add [[assignments]] with name = "{assignment}" and weight = 1.0 to source/course.toml.'
    )


@main.group()
def data() -> None:
    """Data sets that assignments are built from."""


@data.command("fashion-mnist")
@click.option("--from", "folder", type=click.Path(path_type=Path), help="A folder with the four .gz files, to copy.")
@click.option("--download", is_flag=True, help="Fetch it from its authors (30 MB).")
def fashion_mnist(folder: Path | None, download: bool) -> None:
    """Say where Fashion-MNIST was found; check every file by SHA-256.

    Looked for in $NEUROGRADE_FASHION_MNIST, in Debian's package dataset-fashion-mnist, and in the cache, which --from
    and --download fill.
    """
    from autograder.authoring import datasets

    if folder is not None:
        datasets.adopt(folder)
    elif download:
        with working("Fetching Fashion-MNIST"):
            datasets.download(lambda url: click.echo(url, err=True))
    found = datasets.find_fashion_mnist()
    click.echo(f"Fashion-MNIST: {found}, {len(datasets.SHA256)} files, each as published (SHA-256)")


@main.command()
@click.option("--course", type=click.Path(path_type=Path), help="The course directory, to look at its disk.")
def doctor(course: Path | None) -> None:
    """Look at everything that grading stands on.

    Checks the container engine, the room's image, that isolation and limits are really in force on this host, disk
    space, programs and data sets, and says what to do about each that is not well.
    """
    from neurograde.services.admin.doctor import Health, examine

    marks = {Health.WELL: "[green]✓[/]", Health.NOTE: "[yellow]![/]", Health.ILL: "[bold red]✗[/]"}
    ill = 0
    for finding in examine((course or Path("course")).absolute()):
        console(sys.stdout).print(
            f"{marks[finding.health]} {finding.part}: {_plain(finding.text)}", highlight=False, soft_wrap=True
        )
        ill += finding.health is Health.ILL
    if ill:
        raise click.exceptions.Exit(4)


@contextlib.contextmanager
def grader() -> Iterator[Callable[[bytes, Assignment], Report]]:
    """A function that grades the bytes of a notebook sealed, in one room that is closed at the end."""
    from datetime import UTC, datetime

    from autograder.intake.uploads import Upload, receive
    from autograder.sandbox.container import DockerRoom

    with contextlib.ExitStack() as stack:
        rooms: list[Any] = []

        def grade(content: bytes, assignment: Assignment) -> Report:
            from autograder.engine.examiner import Examiner
            from autograder.engine.run import autograde

            if not rooms:
                room = stack.enter_context(DockerRoom(assignment.settings.limits, assignment.files()))
                rooms.extend((Examiner(assignment), room))
            submission = receive(
                Upload(student="author", origin=assignment.name, handed_in=datetime.now(UTC), content=content)
            )
            return autograde(submission, rooms[0], assignment, rooms[1]).report

        yield grade


def release_folder(house: Path, language: str) -> Path:
    """Where the releases of a language lie: release/, and release/<language>/ for a translation."""
    return Path(f"{house / 'release'}{_below(language)}")


def _below(language: str) -> str:
    return "" if language == SOURCE_LANGUAGE else f"/{language}"


def with_bundle(house: Path, syllabus: Syllabus) -> list[Weighted]:
    """The assignments of the course that there is a bundle of: those that can be graded here."""
    return [one for one in syllabus.assignments if (house / "bundles" / one.name / "bundle.json").is_file()]


def write_lesson_page(house: Path, syllabus: Syllabus, language: str) -> str:
    """Write the lesson page of a language, and say so.

    It tells of the assignments that there is a bundle of; where students have others too, it stays as it is.
    """
    from autograder.authoring.release.lesson import LessonAssignment, lesson_page

    folder, bundles = release_folder(house, language), house / "bundles"
    page = (folder / "README.md").relative_to(house)
    ready = with_bundle(house, syllabus)
    released = [one.name for one in syllabus.assignments if (folder / one.name).is_dir() and one not in ready]
    if released:
        return f"{page} is as it was: to make it anew, release {', '.join(released)} as well."
    parts = [LessonAssignment.of(load_assignment(bundles / one.name), one.weight) for one in ready]
    (house / page).write_text(lesson_page(syllabus, parts, language), encoding="utf-8")
    return f"The lesson page: {page}"


def find_house() -> Path:
    """The folder that holds source/ and release/: the working directory or the nearest above it, else the checkout."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "source" / "course.toml").is_file():
            return folder
    return CHECKOUT


def source_of(house: Path, assignment: str) -> Path:
    """The source folder of an assignment. Raises ConfigError naming the ones there are."""
    source = house / "source" / assignment
    if not (source / "assignment.toml").is_file():
        there = ", ".join(sorted(p.parent.name for p in (house / "source").glob("*/assignment.toml"))) or "none yet"
        raise ConfigError(f"{source} is not an assignment. Assignments here: {there}.")
    return source


def console(stream: Any = None) -> Console:
    """Where people read: stderr, so that stdout stays for data. A file gets lines as long as they need to be."""
    shown = Console(file=stream or sys.stderr)
    return shown if shown.is_terminal else Console(file=stream or sys.stderr, width=WIDTH_OF_A_FILE)


def progress() -> Progress:
    """A bar on stderr; silent where nobody watches."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextlib.contextmanager
def working(text: str) -> Iterator[None]:
    """Say what is being done while it takes long."""
    shown = console()
    if not shown.is_terminal:
        shown.print(f"{text} ...", highlight=False)
    with shown.status(text):
        yield


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
