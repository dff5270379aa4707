"""The lesson page of a release, `release/README.md`, from `course.toml` and what each assignment says. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from autograder.model.assignment import AssignmentSettings, LatePolicy
from autograder.model.bundle import Assignment
from autograder.model.files import read_phrases
from autograder.model.language import SOURCE_LANGUAGE, said_in
from autograder.model.syllabus import LessonStep, Syllabus

BADGE = "https://colab.research.google.com/assets/colab-badge.svg"

PHRASES = read_phrases(Path(__file__).parent / "lesson.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class LessonAssignment:
    """An assignment as the page tells of it."""

    name: str
    settings: AssignmentSettings
    points: float
    """On questions."""
    weight: float

    @classmethod
    def of(cls, assignment: Assignment, weight: float) -> "LessonAssignment":
        return cls(name=assignment.name, settings=assignment.settings, points=assignment.max_points, weight=weight)


def lesson_page(syllabus: Syllabus, parts: Sequence[LessonAssignment], language: str) -> str:
    """The page in one language, as Markdown that ends in a newline."""
    say = PHRASES[language]
    blocks = [f"# {said_in(syllabus.title, language)}"]
    if syllabus.lesson.intro:
        blocks.append(said_in(syllabus.lesson.intro, language).strip())
    if syllabus.lesson.plan:
        blocks.append(f"## {say['plan']}")
        for number, step in enumerate(syllabus.lesson.plan, 1):
            blocks += _step(number, step, syllabus, parts, language)
    blocks += [f"## {say['notebooks']}", _table(syllabus, parts, language)]
    blocks += [f"## {say['hand_in']}", say["hand_in_text"], *_claims(parts, language)]
    blocks += [f"## {say['graded']}", say["graded_text"], *_counts(syllabus, parts, language), say["by_hand"]]
    return "\n\n".join(blocks) + "\n"


def _step(
    number: int, step: LessonStep, syllabus: Syllabus, parts: Sequence[LessonAssignment], language: str
) -> list[str]:
    blocks = [f"### {number}. {said_in(step.title, language)}"]
    if text := said_in(step.text, language).strip():
        blocks.append(text)
    if step.links:
        blocks.append("\n".join(f"- [{said_in(link.text, language)}]({link.url})" for link in step.links))
    blocks += [
        " ".join([_notebook(part), *_badge(part, syllabus, language)]) for part in parts if part.name == step.assignment
    ]
    return blocks


def _table(syllabus: Syllabus, parts: Sequence[LessonAssignment], language: str) -> str:
    say = PHRASES[language]
    rows = [say["columns"], "|---|---|---|---|"]
    for part in parts:
        title = f"[{said_in(part.settings.title, language)}]({part.name}/{part.name}.ipynb)"
        due = _date(part.settings.due, syllabus.zone, language)
        rows.append(f"| {title} | {' '.join(_badge(part, syllabus, language))} | {_worth(part, language)} | {due} |")
    return "\n".join(rows)


def _notebook(part: LessonAssignment) -> str:
    return f"**[{part.name}.ipynb]({part.name}/{part.name}.ipynb)**"


def _badge(part: LessonAssignment, syllabus: Syllabus, language: str) -> list[str]:
    base = syllabus.site.colab
    if base is None:
        return []
    folder = base if language == SOURCE_LANGUAGE else f"{base}/{language}"
    return [f"[![{PHRASES[language]['colab']}]({BADGE})]({folder}/{part.name}/{part.name}.ipynb)"]


def _worth(part: LessonAssignment, language: str) -> str:
    competition = part.settings.competition
    if competition is None:
        return PHRASES[language]["points"].format(points=part.points)
    return PHRASES[language]["held_out"].format(points=part.points, more=competition.anchors[-1][1])


def _date(due: datetime | None, zone: ZoneInfo, language: str) -> str:
    if due is None:
        return PHRASES[language]["no_date"]
    return f"{due.astimezone(zone):{PHRASES[language]['date']}} ({zone.key})"


def _claims(parts: Sequence[LessonAssignment], language: str) -> list[str]:
    return [
        PHRASES[language]["claims_text"].format(
            titles=said_in(part.settings.title, language), limit=competition.daily_limit, entry=competition.entry_point
        )
        for part in parts
        if (competition := part.settings.competition) is not None and competition.claims
    ]


def _counts(syllabus: Syllabus, parts: Sequence[LessonAssignment], language: str) -> list[str]:
    say, total = PHRASES[language], sum(part.weight for part in parts)
    blocks = []
    if total > 0:
        shares = [f"{said_in(part.settings.title, language)} {part.weight / total:.0%}" for part in parts]
        blocks.append(say["weights"].format(weights="; ".join(shares)))
    if syllabus.drop_lowest:
        blocks.append(say["drop_one" if syllabus.drop_lowest == 1 else "drop_many"].format(count=syllabus.drop_lowest))
    if late := _late(syllabus.late, language):
        blocks.append(late)
    return blocks


def _late(policy: LatePolicy, language: str) -> str | None:
    if not policy.percent_per_day and policy.most_days is None:
        return None
    say = PHRASES[language]
    text = say["late"].format(percent=policy.percent_per_day)
    if policy.most_days is not None:
        text += say["late_most"].format(days=policy.most_days)
    if policy.grace_minutes:
        text += say["grace"].format(minutes=policy.grace_minutes)
    return f"{text}."
