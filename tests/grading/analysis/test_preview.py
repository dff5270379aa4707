import random
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console

from autograder.model.assignment import AssignmentSettings, Competition
from autograder.model.errors import ConfigError
from grading.analysis.preview import moves, plot, read_policy, sketch, summary
from grading.rules.policy import Evidence
from grading.scoring.metrics import McNemar
from grading.scoring.score import Score
from neurograde.cli.tables import moves_table

OLD = Competition(anchors=[(0.8, 0), (0.9, 10)])
NEW = Competition(anchors=[(0.8, 0), (0.85, 7), (0.9, 10)])
SETTINGS = AssignmentSettings(title="t", competition=OLD)


def scored(**values: float) -> list[tuple[str, Score]]:
    return [
        (student, Score(metric="accuracy", value=value, correct=0, n=1, low=0.0, high=1.0, heldout_version="v"))
        for student, value in values.items()
    ]


CLASS = scored(ada=0.85, bob=0.95, eve=0.88, joe=0.5, kim=0.85)


def told(moved) -> list[tuple[str, float, float]]:
    return [(move.student, round(move.before, 6), round(move.after, 6)) for move in moved]


def test_who_moves_is_listed_with_the_furthest_first_and_who_stays_is_not():
    assert told(moves(OLD, NEW, CLASS)) == [("ada", 5, 7), ("kim", 5, 7), ("eve", 8, 8.8)]


def test_the_order_of_the_scores_is_irrelevant_and_the_way_back_is_the_same_way():
    there = moves(OLD, NEW, CLASS)
    assert moves(OLD, NEW, random.Random(1).sample(CLASS, len(CLASS))) == there
    assert told(moves(NEW, OLD, CLASS)) == [(name, after, before) for name, before, after in told(there)]


def test_the_same_policy_moves_nobody():
    assert moves(OLD, OLD, CLASS) == []
    assert summary([], 5, OLD, OLD) == "Nobody of 5 moves."


def test_a_new_gate_moves_who_does_not_pass_it():
    gated = OLD.model_copy(update={"must_beat_baseline": True})
    beaten, not_beaten = McNemar(better=60, worse=20, p=1e-5), McNemar(better=31, worse=29, p=0.45)
    evidence = {name: Evidence(versus_baseline=not_beaten if name == "eve" else beaten) for name, _ in CLASS}
    (eve,) = moves(OLD, gated, CLASS, evidence)
    assert told([eve]) == [("eve", 8, 0)]
    assert "not below 0.05" in eve.why


def test_a_gate_that_nobody_was_judged_by_yet_cannot_be_previewed():
    with pytest.raises(ConfigError) as caught:
        moves(OLD, OLD.model_copy(update={"must_beat_baseline": True}), CLASS)
    assert str(caught.value) == (
        "ada was not compared with a baseline yet, which must_beat_baseline needs. Set competition.baseline in "
        "assignment.toml, run `neurograde rescore ASSIGNMENT`, and preview then."
    )


def test_the_summary_counts_and_names_the_extremes():
    lower = Competition(anchors=[(0.8, 0), (0.85, 7), (0.9, 9)])
    assert summary(moves(OLD, lower, CLASS), 5, OLD, lower) == (
        "The most that can be earned changes from 10 to 9. "
        "4 of 5 move, 3 up and 1 down, by -1.00 to +2.00 points (+0.80 on average)."
    )


def test_the_table_takes_names_as_they_are_and_says_how_many_more_there_are():
    moved = moves(OLD, NEW, scored(**{"[red]x": 0.85, "ada": 0.86, "bob": 0.88}))
    console = Console(width=100)
    with console.capture() as capture:
        console.print(moves_table(moved, most=2))
    shown = capture.get()
    assert "[red]x" in shown
    assert "+2.00" in shown
    assert "and 1 more" in shown
    assert "gates not passed" not in shown


def test_the_picture_is_the_same_bytes_again_and_holds_no_markup_from_outside():
    picture = plot(OLD, NEW, CLASS, title="<script>$x$</script>")
    assert plot(OLD, NEW, CLASS, title="<script>$x$</script>") == picture
    names = {element.tag.rpartition("}")[2] for element in ET.fromstring(picture).iter()}
    assert "script" not in names
    texts = [element.text for element in ET.fromstring(picture).iter() if element.text and element.text.strip()]
    assert {"<script>$x$</script>", "now", "new", "score (accuracy) of the 5 students who have one"} <= set(texts)


@pytest.mark.parametrize("scores", [CLASS, [], scored(ada=1.0), scored(ada=0.0)], ids=["class", "none", "1", "0"])
@pytest.mark.parametrize("between", ["linear", "steps"])
def test_every_class_can_be_drawn(scores, between):
    new = NEW.model_copy(update={"between": between})
    assert plot(OLD, new, scores, title="t", form="png").startswith(b"\x89PNG")
    assert "now" in sketch(OLD, new, scores)


def test_the_sketch_tells_the_curves_apart_without_colour():
    shown = sketch(OLD, NEW, CLASS)
    assert "\x1b" not in shown
    assert {".", "#", "|"} <= set(shown)
    assert "\x1b" in sketch(OLD, NEW, CLASS, colour=True)


@pytest.mark.parametrize("title", ['title = "t"\n', ""], ids=["a copy", "the table alone"])
def test_a_policy_is_read_from_a_changed_copy_or_from_its_table_alone(tmp_path, title):
    (tmp_path / "new.toml").write_text(f"{title}[competition]\nanchors = [[0.8, 0], [0.85, 7], [0.9, 10]]")
    assert read_policy(tmp_path / "new.toml", SETTINGS) == NEW


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[competition]\nanchors = [[0.8, 5], [0.7, 6]]", "anchors must rise: [0.8, 5.0] is followed by [0.7, 6.0]"),
        ("[competition]\nanchors = [[0.8, 5]]\nbetwen = 'steps'", "no such key; did you mean `between`?"),
        ('title = "t"', "has no [competition]. Copy assignment.toml, change it there, and preview the copy."),
        (
            "due = 2026-01-01T00:00:00Z\n[competition]\nanchors = [[0.8, 5]]\nmetric = 'macro_f1'",
            "also changes competition.metric, due. A preview shows what anchors, between, must_beat_baseline, "
            "must_reproduce do to the scores there are. Take the rest out of it; change it in assignment.toml and "
            "grade again.",
        ),
        (
            "[competition]\nanchors = [[0.8, 5]]\nbaseline = 'b.csv'\nmust_beat_baseline = true",
            "also changes competition.baseline.",
        ),
        (None, "is missing. Write one; it needs at least [competition] with its `anchors`"),
    ],
)
def test_what_cannot_be_previewed_is_said(tmp_path, text, message):
    if text is not None:
        (tmp_path / "new.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_policy(tmp_path / "new.toml", SETTINGS)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'new.toml'}")


def test_without_a_competition_there_is_no_policy(tmp_path):
    with pytest.raises(ConfigError, match=r"no \[competition\] in its assignment\.toml"):
        read_policy(tmp_path / "new.toml", AssignmentSettings(title="t"))
