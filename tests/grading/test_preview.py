import pytest

from autograder.assignment import AssignmentSettings, Competition
from autograder.errors import ConfigError
from grading.preview import moves, plot, read_policy, sketch, summary
from grading.score import Score

OLD = Competition(anchors=[(0.5, 0), (0.9, 10)])
NEW = Competition(anchors=[(0.5, 0), (0.7, 10)])
SETTINGS = AssignmentSettings(title="t", competition=OLD)
NEW_TOML = "[competition]\nanchors = [[0.5, 0], [0.7, 10]]\n"


def scored(student, value):
    return student, Score(metric="accuracy", value=value, correct=0, n=1, low=0, high=1, heldout_version="v")


CLASS = [scored("ada", 0.6), scored("bob", 0.95), scored("eve", 0.4), scored("joe", 0.7)]


def test_who_moves_is_told_with_the_largest_move_first_and_nobody_else():
    found = moves(OLD, NEW, CLASS)
    assert [(one.student, one.difference) for one in found] == [("joe", pytest.approx(5)), ("ada", pytest.approx(2.5))]
    assert summary(found, 4, OLD, NEW).startswith("2 of 4 move, 2 up and 0 down, by +2.50 to +5.00 points")
    assert summary([], 4, OLD, OLD) == "Nobody of 4 moves."


def test_a_changed_file_gives_the_new_policy(tmp_path):
    (tmp_path / "new.toml").write_text(NEW_TOML)
    assert read_policy(tmp_path / "new.toml", SETTINGS).anchors == NEW.anchors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('metric = "macro_f1"\n', "also changes competition.metric"),
        ("anchor = 3\n", "did you mean `anchors`"),
        ("[limits]\nmemory_mb = 4096\n", "also changes limits"),
    ],
)
def test_a_change_that_scores_cannot_show_is_refused(tmp_path, text, message):
    (tmp_path / "new.toml").write_text(NEW_TOML + text)
    with pytest.raises(ConfigError) as refusal:
        read_policy(tmp_path / "new.toml", SETTINGS)
    assert message in str(refusal.value)


def test_the_same_class_gives_the_same_picture():
    first = plot(OLD, NEW, CLASS, title="hw1")
    assert first == plot(OLD, NEW, CLASS, title="hw1")
    assert b"points for the score" in first
    assert plot(OLD, NEW, CLASS, title="hw1", form="png").startswith(b"\x89PNG")


def test_the_terminal_shows_both_curves():
    drawn = sketch(OLD, NEW, CLASS)
    assert "#" in drawn
    assert "|| class" in drawn
