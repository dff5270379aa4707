"""Where everything stands in the picture of scores over time: coordinates in, for the page to draw. Pure.

The page draws it itself, in SVG, so that the picture takes on the page's light or dark colours. matplotlib finds the
ticks; it is imported where that is done, and `neurograde --help` stays quick.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import quantiles

from autograder.model.times import as_utc
from grading.competition.board import Board, Dot

WIDTH, HEIGHT = 960.0, 380.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 196.0, 18.0, 34.0
LINE_HEIGHT = 15.0
"""Between labels, so that none covers another."""
LEAST_SPAN = 0.04
"""Of scores: less would make mountains of noise."""
FENCE = 3.0
"""How many interquartile ranges below the first quartile the picture goes, so that one untrained network or a poor
baseline does not flatten all the rest. J. W. Tukey, Exploratory Data Analysis (1977), calls the rest "far out"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreTick:
    """A place on the axis of scores, and what is written there."""

    y: float
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeTick:
    """A place on the axis of time, and what is written there, in the course's time zone."""

    x: float
    when: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PlotLine:
    """A horizontal line, with its label in the right margin."""

    name: str
    value: str
    y: float
    label_y: float
    """Moved away from other labels."""
    is_below: bool
    """The picture does not reach down to it; the line is at the lower edge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlotMark:
    """An entry that a row of the board stands on."""

    dot: Dot
    x: float
    y: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """Scores over time, in units of a canvas of WIDTH x HEIGHT with its origin at the top left."""

    low: float
    """The score at the bottom."""
    high: float
    """The score at the top."""
    score_ticks: tuple[ScoreTick, ...]
    time_ticks: tuple[TimeTick, ...]
    by_hour: bool
    """Time ticks are closer than a day."""
    entries: str
    """An SVG path with a point for each entry that no row stands on."""
    marks: tuple[PlotMark, ...]
    record: str
    """An SVG path: the best so far of the class."""
    best: PlotLine
    baselines: tuple[PlotLine, ...]
    deadline: float | None
    """Where the deadline is, on a final board."""
    clipped: int
    """Entries below the picture."""


def picture(board: Board) -> Picture | None:
    """The picture of a board; None where nothing may be shown, or nothing is there."""
    if not board.dots:
        return None
    baselines = [(row.who, row.score.value) for row in board.rows if row.is_baseline and row.score]
    low, high = score_range([dot.value for dot in board.dots], [value for _, value in baselines])
    start, end = _time_range(board)
    canvas = _Canvas(low=low, high=high, start=start, end=end)
    digits = next(row.score.digits for row in board.rows if row.score)
    rest = {(canvas.x(dot.handed_in), canvas.y(dot.value)) for dot in board.dots if not dot.is_best}
    best = max(dot.value for dot in board.dots)
    labels = [*baselines, ("", best)]
    places = spread([canvas.y(value) for _, value in labels])
    lines = [
        PlotLine(name=name, value=f"{value:.{digits}f}", y=canvas.y(value), label_y=place, is_below=value < low)
        for (name, value), place in zip(labels, places, strict=True)
    ]
    times = _time_ticks(canvas, board)
    return Picture(
        low=low,
        high=high,
        score_ticks=tuple(_score_ticks(canvas)),
        time_ticks=times,
        by_hour=any(as_utc(b.when) - as_utc(a.when) < timedelta(hours=23) for a, b in pairwise(times)),
        entries="".join(f"M{x:g} {y:g}h0" for x, y in sorted(rest)),
        marks=tuple(
            PlotMark(dot=dot, x=canvas.x(dot.handed_in), y=canvas.y(dot.value)) for dot in board.dots if dot.is_best
        ),
        record=_record(board.dots, canvas),
        best=lines[-1],
        baselines=tuple(lines[:-1]),
        deadline=canvas.x(board.ends) if board.is_final and board.ends else None,
        clipped=sum(dot.value < low for dot in board.dots),
    )


def score_range(values: Sequence[float], others: Sequence[float] = (), fence: float = FENCE) -> tuple[float, float]:
    """The scores at the bottom and the top: what is there, but for what lies far below most of `values`."""
    low, high = min([*values, *others]), max([*values, *others])
    if len(values) > 1:
        first, _, third = quantiles(values, n=4, method="inclusive")
        low = max(low, first - max(fence * (third - first), LEAST_SPAN))
    pad = max(0.08 * (high - low), (LEAST_SPAN - (high - low)) / 2)
    return max(0.0, low - pad), min(1.0, high + pad)


def spread(wanted: Sequence[float]) -> list[float]:
    """Places for labels, as near to those wanted as a line's height between any two allows, in the same order."""
    order = sorted(range(len(wanted)), key=lambda label: wanted[label])
    places = list(wanted)
    floor = HEIGHT - BOTTOM
    for before, label in pairwise(order):
        places[label] = max(places[label], places[before] + LINE_HEIGHT)
    for label in reversed(order):
        places[label] = min(places[label], floor)
        floor = places[label] - LINE_HEIGHT
    return places


@dataclass(frozen=True, kw_only=True, slots=True)
class _Canvas:
    low: float
    high: float
    start: datetime
    """In UTC, as `end` is."""
    end: datetime

    def x(self, when: datetime) -> float:
        share = (as_utc(when) - self.start) / (self.end - self.start)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """What is below the picture is at its lower edge."""
        share = (max(value, self.low) - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)


def _time_range(board: Board) -> tuple[datetime, datetime]:
    """From the first entry to the deadline of a final board, else to the moment of the board; in UTC."""
    first, last = as_utc(board.dots[0].handed_in), as_utc(board.dots[-1].handed_in)
    end = max(last, as_utc(board.ends if board.is_final and board.ends else board.at))
    pad = max((end - first) * 0.02, timedelta(minutes=10))
    return first - pad, end + pad


def _record(dots: Iterable[Dot], canvas: _Canvas) -> str:
    path, best = "", -1.0
    for dot in dots:
        if dot.value > best:
            best, x, y = dot.value, canvas.x(dot.handed_in), canvas.y(dot.value)
            path += f"H{x:g}V{y:g}" if path else f"M{x:g} {y:g}"
    return f"{path}H{WIDTH - RIGHT:g}"


def _score_ticks(canvas: _Canvas) -> list[ScoreTick]:
    from matplotlib.ticker import MaxNLocator

    values = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(canvas.low, canvas.high)
    return [ScoreTick(y=canvas.y(value), value=float(value)) for value in values if canvas.low <= value <= canvas.high]


def _time_ticks(canvas: _Canvas, board: Board) -> tuple[TimeTick, ...]:
    from matplotlib.dates import AutoDateLocator, num2date

    zone = board.at.tzinfo
    locator = AutoDateLocator(tz=zone, minticks=3, maxticks=8)
    times = [num2date(number, tz=zone) for number in locator.tick_values(canvas.start, canvas.end)]
    return tuple(TimeTick(x=canvas.x(when), when=when) for when in times if canvas.start <= as_utc(when) <= canvas.end)
