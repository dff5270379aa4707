"""How a grade came about, in words: every number with the rule that made it. For staff; pure.

`explain_grade` goes from the run of the code to one grade, `explain_course` from grades to the course grade. Hidden
tests are named with their outcome, never with their source.
"""

import textwrap
from collections.abc import Iterator

from autograder.model.assignment import AssignmentSettings, Competition
from autograder.model.language import plural
from autograder.model.report import QuestionResult, Report, Status
from autograder.model.syllabus import Syllabus
from grading.rules.lateness import Lateness, duration, time_text
from grading.rules.policy import Anchors, Between, CourseGrade, CoursePart, Grade, Result, bracket, interpolate
from grading.scoring.score import Score

WIDTH = 110
LABEL = 16

Line = tuple[str, str]
"""What a number is, and how it was made."""


def explain_grade(
    report: Report, grade: Grade, settings: AssignmentSettings, *, recorded: Result | None = None
) -> list[str]:
    """Lines from the run of the code to the grade.

    `recorded` is what the gradebook holds; where that is another value, marks by hand are what differs.
    """
    lines = [*_run(report), *_questions(report)]
    if settings.competition is not None:
        lines += _competition(grade, settings.competition)
        lines.append(("earned", f"{number(grade.points)} + {number(grade.accuracy_points)} = {number(grade.earned)}"))
    if settings.due is not None:
        lines.append(("lateness", _lateness(grade.lateness, grade.late_penalty, grade.earned)))
    lines.append(("grade", f"{number(grade.value)} of {number(grade.max_value)}"))
    recorded_grade = recorded and f"{number(recorded.value)} of {number(recorded.max_value)}"
    if recorded_grade and recorded_grade != f"{number(grade.value)} of {number(grade.max_value)}":
        lines.append(("in the gradebook", f"{recorded_grade}, with what is marked by hand"))
    return [report.assignment, *_laid_out(lines)]


def explain_course(course: CourseGrade, syllabus: Syllabus) -> list[str]:
    """Lines from the grades of the assignments to the course grade."""
    lines = [(part.name, _part(part)) for part in course.parts]
    counted = [part for part in course.parts if not part.dropped]
    if course.dropped:
        rule = f"drop_lowest = {syllabus.drop_lowest}: without {', '.join(course.dropped)} the mean is highest"
        lines.append(("dropped", rule))
    terms = " + ".join(f"{number(part.weight)} * {number(part.share)}" for part in counted)
    total = number(sum(part.weight for part in counted))
    lines.append(("share", f"({terms}) / {total} = {number(course.share)}"))
    curve = _on_curve(syllabus.scale.ten_point, min(1.0, course.share), "linear")
    lines.append(("ten-point grade", f"{number(course.ten_point)}: {curve}"))
    lines.append(("letter", _letter(course, syllabus)))
    return ["Course grade", *_laid_out(lines)]


def number(value: float, digits: int = 4) -> str:
    """So many decimals at most, and none that say nothing: 4.8, 0.8812, 12."""
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


def _run(report: Report) -> list[Line]:
    versions = report.provenance
    run = (
        f"submission {report.submission[:12]} of {report.student}, {report.seconds:.1f} s, tests {versions.bundle}, "
        f"image {versions.image}, seed {versions.seed}"
    )
    trouble = [
        (f"cell {cell.number}", f"{cell.status}: {cell.error or 'no more is known'}")
        for cell in report.cells
        if cell.status is not Status.PASSED
    ]
    return [("run", run), *trouble, *[("note", note) for note in report.notes]]


def _questions(report: Report) -> list[Line]:
    lines = [(question.name, _question(question)) for question in report.questions]
    terms = " + ".join(number(question.points) for question in report.questions) or "0"
    return [*lines, ("points", f"{terms} = {number(report.points)} of {number(report.max_points)}")]


def _question(question: QuestionResult) -> str:
    cases = "; ".join(
        f"{case.name}{' (hidden)' if case.hidden else ''} {case.status} {number(case.points)}/{number(case.max_points)}"
        for case in question.cases
    )
    return f"{number(question.points)} of {number(question.max_points)}: {cases}"


def _competition(grade: Grade, competition: Competition) -> list[Line]:
    if grade.score is None:
        lines = [("score", "none: the entry point gave no predictions")]
        would_be = 0.0
    else:
        rows = "the private rows" if competition.claims else "all held-out rows"
        lines = [
            ("score", _score(grade.score, rows)),
            ("anchors", f"{_on_curve(competition.anchors, grade.score.value, competition.between)} "
             f"(rules {grade.anchors_version})"),
        ]  # fmt: skip
        would_be = interpolate(competition.anchors, grade.score.value, competition.between)
    lines += [("gate", f"{gate.name} {'passed' if gate.passed else 'NOT PASSED'}: {gate.why}") for gate in grade.gates]
    points = f"{number(grade.accuracy_points)} of {number(grade.max_accuracy_points)}"
    if closed := [gate.name for gate in grade.gates if not gate.passed]:
        points += f", instead of {number(would_be)}: {' and '.join(closed)} was not passed"
    return [*lines, ("for the score", points)]


def _score(score: Score, rows: str) -> str:
    ratio = f"{score.correct} of {score.n} right"
    ends = f"95 % interval {score.low:.4f} to {score.high:.4f} (Wilson)"
    if score.metric == "accuracy":
        value = f"{score.value:.4f} accuracy = {ratio} on {rows}; {ends}"
    else:
        value = f"{score.value:.4f} {score.metric} on {rows}; {ratio}, {ends}"
    return f"{value}; labels {score.heldout_version}"


def _on_curve(anchors: Anchors, value: float, between: Between) -> str:
    below, above = bracket(anchors, value)
    points = number(interpolate(anchors, value, between))
    score = number(value, 6)  # an anchor's slope can be hundreds of points: four decimals would not give the result
    if below is None:
        return f"{points}, before the first anchor {_anchor(anchors[0])}"
    if above is None or below[0] == value:
        return f"{points}, {'at' if below[0] == value else 'past'} the anchor {_anchor(below)}"
    if between == "steps":
        return f"{points}, the last step reached is {_anchor(below)}, the next would be {_anchor(above)}"
    (low, less), (high, more) = below, above
    return (
        f"between {_anchor(below)} and {_anchor(above)}: {number(less)} + {number(more - less)} * "
        f"({score} - {number(low)}) / {number(high - low)} = {points}"
    )


def _anchor(anchor: tuple[float, float]) -> str:
    return f"[{number(anchor[0])}, {number(anchor[1])}]"


def _lateness(late: Lateness, penalty: float, earned: float) -> str:
    if late.due is None:
        return "there was no deadline"
    due = f"due {time_text(late.due)}{', by an extension' if late.extended else ''}"
    if late.seconds_late == 0:
        return f"none: {due}"
    came = f"{due}, handed in {duration(late.seconds_late)} later"
    if not late.is_late:
        return f"none: {came}, within the grace"
    days = f"{late.days} {plural(late.days, 'day')} begun"
    if late.refused:
        return f"-{number(penalty)}: {came}, {days}: more than are taken, nothing counts"
    return f"-{number(penalty)}: {came}, {days}, {number(late.percent)} % of {number(earned)}"


def _part(part: CoursePart) -> str:
    if part.result is None:
        share = "nothing recorded: 0"
    else:
        share = f"{number(part.result.value)} of {number(part.result.max_value)} = {number(part.share)}"
    return f"{share}, weight {number(part.weight)}{', dropped' if part.dropped else ''}"


def _letter(course: CourseGrade, syllabus: Syllabus) -> str:
    letters = syllabus.scale.letters
    reached = next(place for place, (least, _) in enumerate(letters) if course.share >= least)
    text = f"{course.letter}: from {number(letters[reached][0])}"
    if reached:
        least, better = letters[reached - 1]
        text += f"; {better} would need {number(least)}"
    return text


def _laid_out(lines: list[Line]) -> Iterator[str]:
    width = max(LABEL, *(len(label) for label, _ in lines))
    for label, text in lines:
        yield from textwrap.wrap(
            "".join(c if c.isprintable() else " " for c in text),  # an exception's name is what student code says it is
            WIDTH,
            initial_indent=f"  {label:{width}}  ",
            subsequent_indent=" " * (width + 4),
            break_long_words=False,
            break_on_hyphens=False,
        )
