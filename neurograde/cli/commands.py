"""The list of commands, by who types them. A command is imported when it is typed."""

import click

from neurograde.cli.base import Commands

SECTIONS = {
    "Author": {
        "new": ("neurograde.cli.author:new", "Begin an assignment."),
        "release": ("neurograde.cli.author:release", "Build and prove what students get."),
        "data": ("neurograde.cli.author:data", "Data sets that assignments are built from."),
    },
    "Grade": {
        "grade": ("neurograde.cli.grade:grade", "Grade notebooks, and score files of predictions."),
        "rescore": ("neurograde.cli.grade:rescore", "Score and grade anew by the labels and rules of now."),
        "feedback": ("neurograde.cli.grade:feedback", "What a student may see of an attempt."),
    },
    "Compete": {
        "heldout": ("neurograde.cli.competition:heldout", "Draw the held-out set, or show the one that is there."),
        "leaderboard": ("neurograde.cli.competition:leaderboard", "Who stands where."),
        "select": ("neurograde.cli.competition:select", "Note which claims a student stands by."),
        "policy": ("neurograde.cli.competition:policy", "What another policy would make of the class."),
        "integrity": ("neurograde.cli.competition:integrity", "What is worth a look."),
    },
    "Look after the course": {
        "grades": ("neurograde.cli.staff:grades", "Everyone's grades, and the course grade they make."),
        "explain": ("neurograde.cli.staff:explain", "Derive a student's grades, every number with its rule."),
        "export": ("neurograde.cli.staff:export", "Write everyone's grades for an LMS or for people."),
        "roster": ("neurograde.cli.staff:roster", "Who is in the course, and under which names."),
        "formgrader": ("neurograde.cli.staff:formgrader", "Read submissions and mark by hand, in nbgrader's pages."),
        "doctor": ("neurograde.cli.staff:doctor", "Look at everything that grading stands on."),
        "demo": ("neurograde.cli.demo:demo", "The main job on a small class, from source to course grades."),
    },
}


@click.group(
    cls=Commands,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="neurograde", prog_name="neurograde")
def main() -> None:
    """Autograded PyTorch homework: from an instructor's notebook to a course grade.

    \b
    An instructor writes    source/<assignment>/     and runs   neurograde release
    students work in        release/<assignment>/
    a TA grades what came   *.ipynb, folders, zips   with       neurograde grade

    Exit codes: 0 done, 2 the instructor's to mend, 3 a student's, 4 the platform's, 130 interrupted.
    """
