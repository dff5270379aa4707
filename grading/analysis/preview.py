"""What a changed policy would do, before anything is published: both curves, and who moves by how much.

matplotlib and uniplot are imported where they draw: `neurograde --help` stays quick.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from autograder.model.assignment import AssignmentSettings, Competition
from autograder.model.errors import ConfigError
from autograder.model.files import read_toml
from autograder.model.language import Text
from grading.rules.policy import Evidence, accuracy_points, interpolate
from grading.scoring.score import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Form = Literal["svg", "png"]
Scored = Sequence[tuple[str, Score]]
"""Students and the score that counts for each of them."""

PREVIEWED = {"anchors", "between", "must_beat_baseline", "must_reproduce"}
"""Keys of [competition] that turn a score into points. All others change the score itself, or who may claim."""

NO_EVIDENCE = Evidence()
POINTS_ALIKE = 1e-6

# Blue and vermilion of M. Okabe and K. Ito's palette, apart for every kind of colour vision; the dashes are apart too.
NOW_COLOUR, NEW_COLOUR, CLASS_COLOUR = "#0072B2", "#D55E00", "#555555"


class NewPolicy(AssignmentSettings):
    """A file to preview: a changed copy of assignment.toml, or its [competition] alone."""

    title: Text = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """What a student's score earns now and would earn by the new policy."""

    student: str
    score: Score
    before: float
    after: float
    why: str = ""
    """The gates that the student would not pass by the new policy."""

    @property
    def difference(self) -> float:
        return self.after - self.before


def read_policy(path: Path, settings: AssignmentSettings) -> Competition:
    """The competition of a changed copy of assignment.toml.

    Raises ConfigError for a file that is not one, and for a change that the scores there are cannot show: those come
    from grading, not from arithmetic.
    """
    if settings.competition is None:
        raise ConfigError("This assignment has no [competition] in its assignment.toml, so no score to make points of.")
    new = read_toml(path, NewPolicy, example="[competition] with its `anchors`")
    if new.competition is None:
        raise ConfigError(f"{path} has no [competition]. Copy assignment.toml, change it there, and preview the copy.")
    changed = [
        f"competition.{key}"
        for key in Competition.model_fields.keys() - PREVIEWED
        if getattr(new.competition, key) != getattr(settings.competition, key)
    ]
    changed += [
        key for key in new.model_fields_set - {"competition", "title"} if getattr(new, key) != getattr(settings, key)
    ]
    if changed:
        raise ConfigError(
            f"{path} also changes {', '.join(sorted(changed))}. A preview shows what {', '.join(sorted(PREVIEWED))} do "
            "to the scores there are. Take the rest out of it; change it in assignment.toml and grade again."
        )
    return new.competition


def moves(
    old: Competition, new: Competition, scores: Scored, evidence: Mapping[str, Evidence] | None = None
) -> list[Move]:
    """Everyone whose points for the score would change, those who move most first.

    `evidence`, by student, is what gates are judged by. Raises ConfigError where a gate would need one that is not
    there: who was graded before there was a baseline was never compared with it.
    """
    moved = []
    for student, score in scores:
        proof = (evidence or {}).get(student, NO_EVIDENCE)
        if proof.versus_baseline is None and (old.must_beat_baseline or new.must_beat_baseline):
            raise ConfigError(
                f"{student} was not compared with a baseline yet, which must_beat_baseline needs. Set "
                "competition.baseline in assignment.toml, run `neurograde rescore ASSIGNMENT`, and preview then."
            )
        before, _ = accuracy_points(score, old, proof)
        after, gates = accuracy_points(score, new, proof)
        if abs(after - before) > POINTS_ALIKE:
            why = "; ".join(f"{gate.name}: {gate.why}" for gate in gates if not gate.passed)
            moved.append(Move(student=student, score=score, before=before, after=after, why=why))
    return sorted(moved, key=lambda move: (-abs(move.difference), move.student))


def summary(moved: Sequence[Move], students: int, old: Competition, new: Competition) -> str:
    """Who moves, in a sentence or two."""
    most_before, most_after = old.anchors[-1][1], new.anchors[-1][1]
    maximum = ""
    if most_before != most_after:
        maximum = f"The most that can be earned changes from {most_before:g} to {most_after:g}. "
    if not moved:
        return f"{maximum}Nobody of {students} moves."
    up = sum(move.difference > 0 for move in moved)
    extremes = f"{min(move.difference for move in moved):+.2f} to {max(move.difference for move in moved):+.2f}"
    mean = fmean(move.difference for move in moved)
    return (
        f"{maximum}{len(moved)} of {students} move, {up} up and {len(moved) - up} down, by {extremes} points "
        f"({mean:+.2f} on average)."
    )


def sketch(
    old: Competition, new: Competition, scores: Scored, *, width: int = 72, height: int = 16, colour: bool = False
) -> str:
    """Both curves and the class below them, drawn in the terminal: in colour, or with letters of their own."""
    from uniplot import plot_to_string

    low, high = _shown(old, new, scores)
    top = max(old.anchors[-1][1], new.anchors[-1][1]) or 1.0
    places = [low + (high - low) * step / (4 * width) for step in range(4 * width + 1)]
    values = [score.value for _, score in scores]
    curves = [[interpolate(c.anchors, x, c.between) for x in places] for c in (old, new)]
    return str(
        plot_to_string(
            xs=[places, places, values],
            ys=[*curves, [0.0] * len(values)],
            lines=[True, True, False],
            legend_labels=["now", "new", "class"],
            color=["blue", "red", "green"] if colour else False,
            character_set="braille" if colour else "ascii",
            force_ascii_characters=[".", "#", "|"],
            y_gridlines=[],
            x_min=low, x_max=high, y_min=-top / height, y_max=top * (1 + 1 / height),
            width=width, height=height,
        )
    )  # fmt: skip


def plot(old: Competition, new: Competition, scores: Scored, *, title: str, form: Form = "svg") -> bytes:
    """A picture of both curves, the anchors they go through, and the class's scores as a rug and a histogram.

    The same input gives the same bytes.
    """
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "neurograde", "svg.fonttype": "none", "font.size": 11}):
        figure = _figure(old, new, scores, title)
        picture = io.BytesIO()
        figure.savefig(picture, format=form, dpi=144, metadata={"Date": None} if form == "svg" else None)
    return picture.getvalue()


def _figure(old: Competition, new: Competition, scores: Scored, title: str) -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    low, high = _shown(old, new, scores)
    values = [score.value for _, score in scores]
    figure = Figure(figsize=(9, 6), layout="constrained")
    curve, crowd = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    _draw_curve(curve, old, (low, high), label="now", colour=NOW_COLOUR, style=(0, (5, 2)))
    _draw_curve(curve, new, (low, high), label="new", colour=NEW_COLOUR, style="solid")
    curve.plot(
        values,
        [0] * len(values),
        "|",
        color=CLASS_COLOUR,
        markersize=12,
        transform=curve.get_xaxis_transform(),
        clip_on=False,
    )
    curve.set_title(title, loc="left", fontweight="bold", parse_math=False)
    curve.set_ylabel("points for the score")
    curve.set_ylim(bottom=0)
    curve.legend(frameon=False, loc="upper left")
    crowd.hist(values, bins=24, range=(low, high), color=CLASS_COLOUR, rwidth=0.9)
    crowd.set_ylabel("students")
    crowd.yaxis.get_major_locator().set_params(integer=True)
    crowd.set_xlabel(f"score ({new.metric}) of the {len(values)} students who have one")
    crowd.xaxis.set_major_formatter(PercentFormatter(xmax=1))
    crowd.set_xlim(low, high)
    for axes in (curve, crowd):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#dddddd", linewidth=0.8)
        axes.set_axisbelow(True)
    return figure


def _draw_curve(
    axes: "Axes", policy: Competition, ends: tuple[float, float], *, label: str, colour: str, style: object
) -> None:
    steps = policy.between == "steps"
    inner = [anchor for anchor in policy.anchors if ends[0] <= anchor[0] <= ends[1]]
    edges = [(end, interpolate(policy.anchors, end, policy.between)) for end in ends]
    xs, ys = zip(edges[0], *inner, edges[1], strict=True)
    axes.plot(
        xs,
        ys,
        label=label,
        color=colour,
        linestyle=style,
        linewidth=2.2,
        drawstyle="steps-post" if steps else "default",
    )
    axes.plot(*zip(*inner, strict=True), "o", color=colour, markersize=6, clip_on=False, zorder=3)


def _shown(old: Competition, new: Competition, scores: Scored) -> tuple[float, float]:
    """The scores to show: from the lowest to the highest anchor or student, and a little beyond."""
    values = [score for policy in (old, new) for score, _ in policy.anchors] + [score.value for _, score in scores]
    margin = max(0.01, (max(values) - min(values)) * 0.05)
    return max(0.0, min(values) - margin), min(1.0, max(values) + margin)
