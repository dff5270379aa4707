"""Pages of evidence: an index, and one page for each pair or student. Nothing is fetched, nothing runs in them."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from autograder.model.errors import ConfigError
from autograder.model.files import replace_whole
from grading.analysis.integrity.findings import MOST_PAGES, Findings, Population, Reason, Sign, Suspicion
from grading.analysis.integrity.similarity import Stretch

FOLDER = Path(__file__).parent
WIDTH, FLOOR, TOP, HEIGHT = 640.0, 130.0, 30.0, 156.0
TICKS = 6
"""At most so many labels on an axis."""
SHOWN = 40
"""Marks of one notebook that are listed."""
FOLD = 10
"""Lines without a match from which on only the ends of them are shown."""
CONTEXT = 3
"""Lines of each end."""
PAGE = "case-*.html"

# Signs that turn the direction of writing, or are not seen: code must show in the order in which it is.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")

OTHERWISE: Mapping[Sign, str] = MappingProxyType(
    {
        Sign.IDENTICAL: "a seed, a network and an order of batches that the release or the class gives; two who were "
        "allowed to work together. See whether the notebooks are alike too.",
        Sign.NEAR: "the same seed and network with other batches or another number of epochs; two who were allowed to "
        "work together. See whether the notebooks are alike too.",
        Sign.CHANGED: "two who go on from one trained network, or from one seed, and were allowed to. See whether the "
        "notebooks are alike too.",
        Sign.CODE: "work in pairs that was allowed; a source that both name; a task that leaves little to choose. What "
        "only these two have says most.",
        Sign.CLAIM_GAP: "a claim from an earlier notebook, or from one that trained for longer than the limit; "
        "training without a seed that does not come out alike. Ask for the notebook that made the claim.",
        Sign.EMBEDDED: "text for the reader, a table of constants, a picture as text, a name that means something else "
        "here. Read the cell.",
        Sign.CEILING: "a better model than was expected. Read the notebook; perhaps the ceiling is too low.",
        Sign.ALONE: "a model of a kind that nobody else has: a convolutional network among perceptrons is right where "
        "they all are wrong. Read the notebook, and see whether its re-run has these rows too.",
    }
)
"""What an honest explanation would be, and the next step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Histogram:
    """A population as it is drawn, in a box of width x height; y grows downwards."""

    bars: tuple[tuple[float, float], ...]
    """(x, height) of every bar; 0 where there is none."""
    bar_width: float
    ticks: tuple[tuple[float, str], ...]
    median: float
    mark: float | None
    mark_label: str
    mark_anchor: str
    caption: str
    """How many there are, and their median."""
    spoken: str
    width: float = WIDTH
    height: float = HEIGHT
    floor: float = FLOOR

    @property
    def top(self) -> float:
        """Above it there is nothing but the label of a mark."""
        return 0.0 if self.mark is not None else 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePage:
    """A case, and the name of its file."""

    name: str
    case: Suspicion


def write_pages(findings: Findings, folder: Path) -> Path:
    """Write index.html and the pages of the cases, in place of earlier ones; the path of the index.

    The folder is made, readable by the owner only. Raises ConfigError when it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in folder.glob(PAGE):
            old.unlink()
        for name, text in render(findings):
            replace_whole(folder / name, text.encode())
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error}. Choose another with --output DIR.") from None
    return folder / "index.html"


def render(findings: Findings) -> Iterator[tuple[str, str]]:
    """(file name, HTML) of every page, the index last. All that comes from outside is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["seen"] = seen
    pages = [
        CasePage(name=f"case-{number:03}.html", case=case)
        for number, case in enumerate(findings.cases[:MOST_PAGES], start=1)
    ]
    template = environment.get_template("case.html.jinja")
    for page in pages:
        reasons = [(reason, _beside_the_class(reason, page.case)) for reason in page.case.reasons]
        yield (
            page.name,
            template.render(
                findings=findings, case=page.case, reasons=reasons, otherwise=OTHERWISE, folded=folded, shown=SHOWN
            ),
        )
    yield (
        "index.html",
        environment.get_template("index.html.jinja").render(
            findings=findings,
            pages=pages,
            more=len(findings.cases) - len(pages),
            drawn=[(histogram(population), population) for population in findings.populations],
        ),
    )


def seen(text: str) -> str:
    """The text with a sign in place of every character that is not seen, or turns the direction of writing."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def histogram(population: Population, value: float | None = None, whose: str = "") -> Histogram:
    """Draw a population; `value`, where there is one, is marked as `whose`. Heights are logarithmic."""
    wide = WIDTH / len(population.counts)
    most = math.log1p(max(population.counts))
    bars = tuple(
        (round(place * wide + 0.5, 1), round(math.log1p(count) / most * (FLOOR - TOP), 1))
        for place, count in enumerate(population.counts)
    )
    ticks = _ticks(population.low, population.high)
    shown = _Numbers(ticks, percent=population.percent)
    mark = None if value is None else _place(value, population)
    label = "" if value is None else f"{whose}: {shown.exact(value)}"
    caption = f"{population.n:,} {population.of}, median {shown.exact(population.median)}"
    return Histogram(
        bars=tuple(bar for bar in bars if bar[1]),
        bar_width=round(wide - 1, 1),
        ticks=tuple((_place(tick, population), shown(tick)) for tick in ticks),
        median=_place(population.median, population),
        mark=mark,
        mark_label=label,
        mark_anchor=_anchor(mark),
        caption=caption,
        spoken=f"Histogram. {population.name}: {caption}, from {shown.exact(population.low)} to "
        f"{shown.exact(population.high)}. {label}".strip(),
    )


def folded(parts: Sequence[Stretch], pair: int = 2) -> Iterator[tuple[str, str]]:
    """(text, kind) of the parts of a cell; kind is "only", "some", "" or, for lines that are left out, "gap"."""
    for place, part in enumerate(parts):
        if part.owners:
            yield part.text, "only" if part.owners <= pair else "some"
            continue
        lines = part.text.split("\n")
        if len(lines) <= FOLD:
            yield part.text, ""
            continue
        head = CONTEXT if place > 0 else 0
        tail = CONTEXT if place < len(parts) - 1 else 0
        left_out = len(lines) - head - tail
        yield "\n".join([*lines[:head], ""]), ""
        yield f"… {left_out} lines without a match …", "gap"
        yield "\n".join(["", *lines[len(lines) - tail :]]), ""


def _beside_the_class(reason: Reason, case: Suspicion) -> Histogram | None:
    if reason.population is None:
        return None
    return histogram(reason.population, reason.value, "this pair" if len(case.people) > 1 else "this student")


def _place(value: float, population: Population) -> float:
    share = (value - population.low) / (population.high - population.low)
    return round(min(max(share, 0.0), 1.0) * WIDTH, 1)


def _anchor(mark: float | None) -> str:
    """On which side of a mark its label has room."""
    if mark is None or WIDTH * 0.2 < mark < WIDTH * 0.8:
        return "middle"
    return "end" if mark > WIDTH / 2 else "start"


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between the ends: steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10((high - low) / TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10) if (high - low) / (power * factor) <= TICKS)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [number * step for number in range(first, last + 1)]


class _Numbers:
    """Writes the numbers of one axis: as shares in percent or as they are, with as many decimals as tell them apart."""

    def __init__(self, ticks: Sequence[float], *, percent: bool) -> None:
        self._percent = percent
        scale = 100 if percent else 1
        step = (ticks[1] - ticks[0]) * scale if len(ticks) > 1 else 1.0
        self._decimals = max(0, -math.floor(math.log10(step) + 1e-9))

    def __call__(self, value: float) -> str:
        return self._written(value, self._decimals)

    def exact(self, value: float) -> str:
        """With one decimal more than the ticks."""
        return self._written(value, self._decimals + 1)

    def _written(self, value: float, decimals: int) -> str:
        return f"{value:.{decimals}%}" if self._percent else f"{value:,.{decimals}f}".removesuffix(".0")
