"""Tables for a terminal: boards, entries, who moves."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from autograder.model.report import Status
from grading.analysis.preview import Move
from grading.analysis.rescoring import GRADE_DIGITS, SCORE_DIGITS, Rescored
from grading.competition.board import Board, BoardRow, Likeness, OwnEntry, Shown
from grading.competition.table import heading

if TYPE_CHECKING:
    from rich.table import Table

    from neurograde.services.marks.grades import ClassGrades
    from neurograde.services.submissions.outcomes import Outcome

COLOURS = {Status.PASSED: "green", Status.FAILED: "yellow", Status.NOT_RUN: "dim"}

LIKENESS: Mapping[Likeness | None, str] = {
    Likeness.BEST: "your best",
    Likeness.SAME: "the same as your best",
    Likeness.NOISE: "within noise of your best",
    Likeness.APART: "",
    None: "",
}
"""What a student reads beside an entry."""


def board_table(board: Board, title: str) -> "Table":
    """The board for a terminal: columns that say nothing on this one are left out."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    shown = Table(
        title=Plain(f"{title}: {heading(board)}"),
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    columns = [column for column in _COLUMNS if any(column[1](row) for row in board.rows)]
    for name, _ in columns:
        shown.add_column(name, justify="left" if name == "name" else "right", no_wrap=name != "name", overflow="fold")
    tier = 1
    for row in board.rows:
        if row.tier is not None and row.tier != tier:
            shown.add_section()
            tier = row.tier
        shown.add_row(*(Plain(text(row)) for _, text in columns), style="dim" if row.rank is None else "")
    if notes := _notes(board):
        shown.caption, shown.caption_justify = Plain("\n".join(notes)), "left"
    return shown


def entries_table(entries: Sequence[OwnEntry], left: int | None = None) -> "Table":
    """One student's entries, for that student; `left` is how many more count today."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("entry", "handed in"):
        shown.add_column(name, no_wrap=True)
    for name in ("public", "private"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("")
    for entry in entries:
        said = (
            "too late" if not entry.in_time else "",
            "selected" if entry.is_selected else "",
            LIKENESS[entry.likeness],
        )
        private = _text(entry.private)
        if entry.private and entry.private.interval:
            private = f"{entry.private} ({entry.private.interval})"
        shown.add_row(
            entry.submission[:12],
            f"{entry.handed_in:%Y-%m-%d %H:%M}",
            str(entry.public),
            private,
            ", ".join(filter(None, said)),
        )
    if left is not None:
        shown.caption = f"{left} more count today"
    return shown


def _text(shown: Shown | None) -> str:
    return str(shown) if shown else ""


_COLUMNS: Sequence[tuple[str, Callable[[BoardRow], str]]] = (
    ("rank", lambda row: "base" if row.is_baseline else str(row.rank or "-")),
    ("name", lambda row: row.who),
    ("score", lambda row: _text(row.score)),
    ("95 % interval", lambda row: row.score.interval if row.score else ""),
    ("public", lambda row: _text(row.public)),
    ("moved", lambda row: f"{row.moved:+d}" if row.moved else ""),
    ("re-run", lambda row: _text(row.verified)),
    ("entries", lambda row: str(row.entries or "")),
    ("handed in", lambda row: f"{row.handed_in:%Y-%m-%d %H:%M}" if row.handed_in else ""),
)


def _notes(board: Board) -> list[str]:
    notes = []
    if board.margin:
        notes.append(f"A score is uncertain by about ±{board.margin}; smaller differences may be luck.")
    if board.waiting:
        notes.append(f"{board.waiting} not ranked yet: an extension has not ended.")
    if board.outdated:
        notes.append(
            f"{board.outdated} scores left out: the metric or the held-out data changed. "
            "`neurograde rescore` brings them up to date."
        )
    return notes


def rescored_table(rescored: Sequence[Rescored]) -> "Table":
    """A row for every submission whose score or grade is another one, those that move most first."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    shown = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("student", overflow="fold")
    shown.add_column("handed in", no_wrap=True)
    for name in ("score", "now", "moves", "grade", "now", "moves"):
        shown.add_column(name, justify="right", no_wrap=True)
    changed = [one for one in rescored if one.is_changed]
    for judged in sorted(changed, key=lambda one: (-abs(one.grade_moves), -abs(one.score_moves), one.before.student)):
        assert judged.after is not None
        scores = [made.scores.overall.value if made.scores else None for made in (judged.before, judged.after)]
        grades = [made.grade.value if made.grade else None for made in (judged.before, judged.after)]
        shown.add_row(
            Plain(judged.before.student),
            f"{judged.before.kind.value} {judged.before.submission[:8]}",
            *_moved_cells(scores, judged.score_moves, SCORE_DIGITS),
            *_moved_cells(grades, judged.grade_moves, GRADE_DIGITS),
        )
    return shown


def _moved_cells(values: Sequence[float | None], move: float, digits: int) -> list[str]:
    before, after = ("" if value is None else f"{value:.{digits}f}" for value in values)
    colour = "green" if move > 0 else "red"
    return [before, after, f"[{colour}]{move:+.{digits}f}[/]" if move else ""]


def moves_table(moved: Sequence[Move], most: int | None = None) -> "Table":
    """Who moves by how much; `most` rows, and how many more there are."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    shown = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("student", overflow="fold")
    for name in ("score", "now", "new", "moves"):
        shown.add_column(name, justify="right", no_wrap=True)
    gated = any(move.why for move in moved)
    if gated:
        shown.add_column("gates not passed", overflow="fold")
    for move in moved[:most]:
        difference = Plain(f"{move.difference:+.2f}", style="green" if move.difference > 0 else "red")
        numbers = f"{move.score.value:.4f}", f"{move.before:.2f}", f"{move.after:.2f}"
        shown.add_row(Plain(move.student), *numbers, difference, *[Plain(move.why)] * gated)
    if most is not None and len(moved) > most:
        shown.caption = f"and {len(moved) - most} more"
    return shown


def grades_table(grades: "ClassGrades") -> "Table":
    """Everyone's grades, and the course grade they make."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    shown = Table(
        header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title="Course grades", title_justify="left"
    )
    shown.add_column("student", overflow="fold")
    for column in grades.columns:
        shown.add_column(f"{column.name} /{column.max_value:g}", justify="right")
    for name in ("share", "grade", "letter"):
        shown.add_column(name, justify="right", no_wrap=True)
    for standing in grades.standings:
        results = [standing.grades.get(column.name) for column in grades.columns]
        cells = [f"{result.value:.2f}" if result else "-" for result in results]
        whole = standing.course
        course = f"{whole.share:.1%}", f"{whole.ten_point:.2f}", Plain(whole.letter)
        shown.add_row(Plain(str(standing.student)), *cells, *course)
    return shown


def outcomes_table(outcomes: Sequence["Outcome"]) -> "Table":
    """Students, questions, score, grade, seconds."""
    outcomes = [outcome for outcome in outcomes if not outcome.is_claim]
    names = next(([question.name for question in o.report.questions] for o in outcomes if o.report), [])
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("student", overflow="fold", min_width=12)  # on a narrow terminal who it is comes first
    shown.add_column("status", no_wrap=True, min_width=6)
    for name in (*names, "points", "score", "grade", "seconds"):
        shown.add_column(name, justify="right", no_wrap=True)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.student):
        shown.add_row(*_outcome_cells(outcome, len(names)))
    return shown


def _outcome_cells(outcome: "Outcome", questions: int) -> list[str]:
    report, grade = outcome.report, outcome.grade
    if report is None or grade is None:
        return [outcome.student, "[red]no report[/]", *[""] * (questions + 4)]
    colour = COLOURS.get(report.status, "red")
    score = f"{grade.score.value:.3f} ±{(grade.score.high - grade.score.low) / 2:.3f}" if grade.score else "-"
    return [
        outcome.student,
        f"[{colour}]{report.status}[/]",
        *(f"[{COLOURS.get(q.status, 'red')}]{q.points:g}[/]" for q in report.questions),
        f"{report.points:g}/{report.max_points:g}",
        score,
        f"{grade.value:.2f}/{grade.max_value:g}",
        f"{report.seconds:.2f}",
    ]
