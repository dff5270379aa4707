"""Who is in the course, and under which names the platforms know them."""

import logging
from dataclasses import dataclass
from pathlib import Path

from autograder.model.house import House
from grading.common.directory import CourseDirectory
from grading.people import roster as rosters
from grading.people.merge import Import, described, import_roster
from grading.records.gradebook import Gradebook
from grading.records.marks import Enrolled
from neurograde.services.people.names import Names

log = logging.getLogger("neurograde.roster")


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What an import did, or would do."""

    result: Import

    @property
    def in_doubt(self) -> bool:
        """Whether lines were left out because it is not certain whose they are."""
        return bool(self.result.doubts)

    @property
    def lines(self) -> tuple[str, ...]:
        """What it did, for a person."""
        return tuple(described(self.result))


def take_over(
    house: House, course: CourseDirectory, file: Path, *, add: bool = False, dry_run: bool = False
) -> Imported:
    """Take a class list from Canvas, Moodle or a CSV into roster and gradebook; `dry_run` only says what it would do.

    One student is found by LMS id, SIS id, e-mail, login or competition name; a name that is not certain changes
    nothing. `add` makes strangers new students even where a name is much alike. Raises ConfigError for a file that is
    no roster, PlatformError when one of the two cannot be written.
    """
    titles = {}
    for entry in house.syllabus().assignments:
        title = house.settings(entry.name).title
        titles[entry.name] = [title] if isinstance(title, str) else list(title.values())
    if not dry_run:
        course.make()
    done = import_roster(course, file, titles, add=add, dry_run=dry_run)
    if not dry_run:
        with Gradebook(course.database) as gradebook:
            gradebook.update_students(
                [
                    Enrolled(id=student.id, last_name=student.name, email=student.email, lms_user_id=student.lms_id)
                    for student in done.roster.students
                ]
            )
    log.info("%d students, %d lines in doubt: %s", len(done.roster.students), len(done.doubts), file)
    return Imported(result=done)


def link(course: CourseDirectory, name: str, student: str) -> str:
    """Say that a name, of a file, a competition or a list, is a student's, who is known by any other of theirs.

    Returns the roster's id. Raises ConfigError when there is no such student, for one whose name two bear, and when the
    name is certainly somebody else's.
    """
    course.require()
    roster = rosters.load_roster(course)
    names = Names(roster)
    names.require_one(student)
    owner = names.owner_of(student)
    rosters.save_roster(course, rosters.link(roster, name, owner))
    return owner
