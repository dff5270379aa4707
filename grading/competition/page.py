"""A leaderboard as one HTML file for students: nothing is fetched, nothing runs, light or dark as readers like it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.model.files import read_phrases
from autograder.model.language import SOURCE_LANGUAGE
from grading.competition import plot
from grading.competition.board import Board, BoardRow, Identity, Shown
from grading.competition.plot import Picture, picture, score_range

FOLDER = Path(__file__).parent
PHRASES = read_phrases(FOLDER / "page.toml")
STRIP = 96.0
"""Width of the small picture of an interval."""
NEAR = 1.0
"""As plot.FENCE, for those small pictures: intervals are short."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TableLine:
    """A row of the table, with what is drawn in it."""

    row: BoardRow
    whisker: tuple[float, float, float] | None
    """Where the interval begins and ends and the score lies, in a strip of `STRIP` that is the same for all rows.

    None where there is no interval, or it is far below most.
    """
    parted_from: int | None
    """Where this row begins a tier: the rank that began the one before."""


def board_page(board: Board, title: str, language: str = SOURCE_LANGUAGE) -> str:
    """The page of a board, whole. Everything from outside is escaped."""
    from jinja2 import Environment, StrictUndefined

    say = PHRASES[language]
    drawn = picture(board)
    template = (FOLDER / "page.html.jinja").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        board=board,
        title=title,
        language=language,
        say=say,
        picture=drawn,
        canvas=plot,
        strip=STRIP,
        lines=_lines(board.rows),
        notes=list(_notes(board, say)),
        figures=list(_figures(board, say)),
        score_label=_score_label(drawn),
        time_label=lambda when, first: _time_label(when, first, drawn, say),
        date=lambda when: when.strftime(say["date"]),
    )


def _lines(rows: Sequence[BoardRow]) -> list[TableLine]:
    shown = [row.score for row in rows if row.score]
    lows = [score.low for score in shown if score.low is not None]
    highs = [score.high for score in shown if score.high is not None]
    scale = score_range(lows, [max(highs)], fence=NEAR) if lows and highs else None
    lines = []
    first: BoardRow | None = None
    for row in rows:
        begins = row.tier is not None and (first is None or row.tier != first.tier)
        parted = first.rank if begins and first else None
        whisker = _whisker(row.score, scale) if row.score and scale else None
        lines.append(TableLine(row=row, whisker=whisker, parted_from=parted))
        first = row if begins else first
    return lines


def _whisker(score: Shown, scale: tuple[float, float]) -> tuple[float, float, float] | None:
    low, high = scale
    if score.low is None or score.high is None or score.value < low:
        return None
    start, end, middle = (
        round((min(max(value, low), high) - low) / (high - low) * STRIP, 1)
        for value in (score.low, score.high, score.value)
    )
    return start, end, middle


def _notes(board: Board, say: Mapping[str, str]) -> Iterator[str]:
    """What a reader has to know of this board, and no more."""
    words = {
        "metric": say.get(f"metric_{board.metric}", board.metric),
        "rows": f"{board.rows_scored:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"),
        "selected": board.selected,
        "margin": board.margin,
    }
    holds = {
        "note_ranks": board.ranks_only,
        "note_final": board.is_final and not board.ranks_only,
        "note_public": not board.is_final and not board.ranks_only,
        "note_selected": not board.is_final and board.ends is not None,
        "note_margin": board.margin is not None,
        "note_ties": True,
        "note_tiers": any(row.tier for row in board.rows),
        "note_rerun": any(row.verified for row in board.rows),
        "note_baselines": any(row.is_baseline for row in board.rows),
        "note_moved": any(row.moved for row in board.rows),
        "note_pseudonyms": board.identity is Identity.PSEUDONYMS,
    }
    if board.students:
        yield from (say[name].format(**words) for name, is_so in holds.items() if is_so)
    for name, count in (("note_waiting", board.waiting), ("note_outdated", board.outdated)):
        if count:
            yield say[name].format(count=count)


def _figures(board: Board, say: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The few numbers at the head of the page."""
    yield say["students"], str(board.students)
    yield say["entries"], str(board.entries)
    if best := next((row.score for row in board.rows if row.rank and row.score), None):
        yield say["best"], str(best)
    baseline = next((place for place, row in enumerate(board.rows) if row.is_baseline), None)
    if baseline is not None and board.students:
        yield say["over_baseline"], str(baseline)  # as many rows are above it


def _score_label(drawn: Picture | None) -> str:
    """How to write the scores of an axis: with as many decimals as tell its ticks apart."""
    values = [tick.value for tick in drawn.score_ticks] if drawn else []
    return "{:.2f}" if len({f"{value:.2f}" for value in values}) == len(values) else "{:.3f}"


def _time_label(when: datetime, first: bool, drawn: Picture | None, say: Mapping[str, str]) -> str:
    """The hour where ticks are that close, with the day where one begins and at the first of them."""
    day, hour = when.strftime(say["tick_day"]), when.strftime(say["tick_hour"])
    if drawn is None or not drawn.by_hour or (when.hour, when.minute) == (0, 0):
        return day
    return f"{day} {hour}" if first else hour
