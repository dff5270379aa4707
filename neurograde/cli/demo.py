"""`neurograde demo`: the main job on a small real class, by the commands that anybody types."""

import shutil
import sys
from pathlib import Path

import click

from autograder.model.house import find_house
from autograder.model.language import SOURCE_LANGUAGE
from neurograde.cli import author, competition, staff
from neurograde.cli.base import Command, console, house_option, jobs_option, leave, working
from neurograde.cli.grade import code_of, run
from neurograde.cli.tables import outcomes_table
from neurograde.services.admin import demo as small_class
from neurograde.services.places import find_course
from neurograde.services.submissions.grade import Grading, Options
from neurograde.services.submissions.outcomes import Outcome


@click.command(cls=Command)
@jobs_option
@house_option
@click.pass_context
def demo(context: click.Context, jobs: int, house: Path | None) -> None:
    """The main job on a small class, from source notebooks to course grades.

    Releases neuron_pytorch and the Fashion-MNIST competition, hands in one sample submission of each kind (perfect,
    half done, untouched, subtly wrong, crashing, looping for ever, eating memory, cheating) and the claims of a few
    networks that are trained for it, grades all that in the room, and ends with the leaderboard, the course grades and
    an export. Everything is left in demo/ to be looked at.
    """
    home = find_house(house)
    desk = home.root / "demo"
    course = desk / "course"
    shutil.rmtree(course, ignore_errors=True)
    lesson, contest = small_class.LESSON, small_class.COMPETITION
    context.invoke(author.release, assignments=(lesson, contest), languages=(SOURCE_LANGUAGE,), house=home.root)
    handed_in = small_class.hand_in(home.assignment(lesson), desk / lesson)
    click.echo("\nHanded in:")
    for sample in handed_in:
        click.echo(f"  {sample.name:22} {sample.expected.says}")
    show = console(sys.stdout)

    def grade(name: str) -> list[Outcome]:
        outcomes = run(Grading(home, find_course(course, home), name), [desk / name], Options(jobs=jobs))
        show.print(outcomes_table(outcomes))
        return outcomes

    outcomes = grade(lesson)
    click.echo(f"Four of them compete on Fashion-MNIST ({contest}):")
    with working("Training their networks"):
        small_class.compete(home.assignment(contest), desk / contest)
    outcomes += grade(contest)
    where = {"course": course, "house": home.root}
    context.invoke(competition.leaderboard, assignment=contest, **where)
    page, grades = desk / "leaderboard.html", desk / "grades.csv"
    context.invoke(competition.leaderboard, assignment=contest, form="html", output=page, **where)
    context.invoke(staff.grades, **where)
    context.invoke(staff.export, target="csv", output=grades, **where)
    click.echo(f"Reports and executed notebooks: {course}/reports/")
    click.echo(f"Leaderboard to open in a browser: {page}")
    click.echo(f"How a grade came about: neurograde explain perfect --course {course.relative_to(home.root)}")
    click.echo(f"Read and mark by hand: neurograde formgrader --course {course.relative_to(home.root)}")
    leave(code_of(outcomes))
