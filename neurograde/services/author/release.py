"""Build and prove what students get, and the lesson page that tells of it."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.authoring.release.build import ReleaseSummary, build_and_prove
from autograder.authoring.release.lesson import LessonAssignment, lesson_page
from autograder.model.bundle import Assignment
from autograder.model.house import House, below
from autograder.model.report import Report

log = logging.getLogger("neurograde.release")

Trial = Callable[[bytes, Assignment], Report]
"""Grades the bytes of a notebook sealed, as a submission would be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """An assignment that students can get now."""

    name: str
    folders: tuple[Path, ...]
    """One a language."""
    summary: ReleaseSummary


@dataclass(frozen=True, kw_only=True, slots=True)
class LessonPage:
    """The lesson page of a language."""

    path: Path
    missing: tuple[str, ...] = ()
    """Assignments that students have and graders have not, for which the page was left as it was."""


def release(house: House, name: str, languages: Sequence[str], trial: Trial) -> Released:
    """Build one assignment in these languages and prove it by `trial`, before anything is replaced.

    Raises ReleaseError for a source that would make a bad release.
    """
    site = house.syllabus().site.files
    folders = {language: house.release_of(name, language) for language in languages}
    addresses = {language: f"{site}{below(language)}/{name}" for language in languages if site}
    summary = build_and_prove(house.source_of(name), folders, house.bundle_of(name), trial, addresses=addresses)
    log.info("proved and written: %s", ", ".join(map(str, folders.values())), extra={"assignment": name})
    return Released(name=name, folders=tuple(folders.values()), summary=summary)


def write_lesson_page(house: House, language: str) -> LessonPage:
    """Write the lesson page of a language from `course.toml` and the bundles there are.

    Where students have assignments that there is no bundle of, the page is left as it was.
    """
    syllabus, ready, path = house.syllabus(), house.gradable(), house.lesson_page(language)
    released = [entry for entry in syllabus.assignments if house.release_of(entry.name, language).is_dir()]
    missing = tuple(entry.name for entry in released if entry not in ready)
    if missing:
        return LessonPage(path=path, missing=missing)
    parts = [LessonAssignment.of(house.assignment(entry.name), entry.weight) for entry in ready]
    path.write_text(lesson_page(syllabus, parts, language), encoding="utf-8")
    return LessonPage(path=path)


@contextlib.contextmanager
def trials() -> Iterator[Trial]:
    """A function that grades notebooks of one assignment in one room, which is opened at its first use and closed at
    the end."""
    from autograder.engine.examiner import Examiner
    from autograder.engine.run import autograde
    from autograder.intake.uploads import Upload, receive
    from autograder.sandbox.container import DockerRoom

    with contextlib.ExitStack() as stack:
        desk: tuple[Examiner, DockerRoom] | None = None

        def trial(content: bytes, assignment: Assignment) -> Report:
            nonlocal desk
            if desk is None:
                room = stack.enter_context(DockerRoom(assignment.settings.limits, assignment.files()))
                desk = Examiner(assignment), room
            examiner, room = desk
            upload = Upload(student="author", origin=assignment.name, handed_in=datetime.now(UTC), content=content)
            return autograde(receive(upload), examiner, assignment, room).report

        yield trial
