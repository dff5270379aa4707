"""What an instructor types: begin an assignment, release it, find its data."""

import contextlib
from pathlib import Path

import click

from autograder.model.house import find_house
from autograder.model.language import LANGUAGES, SOURCE_LANGUAGE
from neurograde.cli.base import Command, Doors, Group, console, house_option, plain, working
from neurograde.services.author import begin as begin_service
from neurograde.services.author import data as data_service
from neurograde.services.author import release as release_service


@click.command(cls=Command)
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
@house_option
@click.pass_obj
def release(doors: Doors | None, assignments: tuple[str, ...], languages: tuple[str, ...], house: Path | None) -> None:
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
    home = find_house(house)
    chosen = tuple(dict.fromkeys(languages))
    for name in assignments or [entry.name for entry in home.syllabus().assignments]:
        trial = contextlib.nullcontext(doors.trial) if doors and doors.trial else release_service.trials()
        with trial as grade, working(f"Building and proving {name}"):
            done = release_service.release(home, name, chosen, grade)
        for advice in done.summary.advice:
            console().print(f"[yellow]Note:[/] {plain(advice)}", highlight=False)
        summary = done.summary
        places = ", ".join(f"{folder.relative_to(home.root)}/" for folder in done.folders)
        click.echo(
            f"{name}: {summary.questions} questions, {summary.points:g} points, {summary.cases} tests "
            f"({summary.hidden_cases} hidden). Proved and written in {summary.seconds:.0f} s: {places} "
            f"({', '.join(summary.files)})"
        )
    for language in chosen:
        page = release_service.write_lesson_page(home, language)
        place = page.path.relative_to(home.root)
        if page.missing:
            click.echo(f"{place} is as it was: to make it anew, release {', '.join(page.missing)} as well.")
        else:
            click.echo(f"The lesson page: {place}")


@click.command(cls=Command)
@click.argument("assignment")
@click.option("--title", help="Shown to students [the name].")
@house_option
def new(assignment: str, title: str | None, house: Path | None) -> None:
    """Begin an assignment.

    Makes source/ASSIGNMENT/ with a question, its tests and data, ready to be changed. docs/authoring.md takes you from
    here to a release in ten minutes.
    """
    home = find_house(house)
    for path in begin_service.begin(home, assignment, title):
        click.echo(f"made {path.relative_to(home.root)}")
    click.echo(
        f"Next: open source/{assignment}/{assignment}.ipynb in Jupyter; then neurograde release {assignment}\n"
        f'When it is to count, add [[assignments]] with name = "{assignment}" and weight = 1.0 to source/course.toml.'
    )


@click.group(cls=Group)
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
    if folder is not None:
        found = data_service.adopt_fashion_mnist(folder)
    elif download:
        with working("Fetching Fashion-MNIST"):
            found = data_service.download_fashion_mnist(lambda url: click.echo(url, err=True))
    else:
        found = data_service.fashion_mnist()
    click.echo(f"Fashion-MNIST: {found.folder}, {found.files} files, each as published (SHA-256)")
