import json

import pytest

from autograder.authoring.new import make
from autograder.authoring.release.build import build
from autograder.model.bundle import Question
from autograder.model.errors import ConfigError

# otter imports traitlets' users of old, once per process
pytestmark = pytest.mark.filterwarnings("ignore:Traits should be given as instances:DeprecationWarning")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_new_assignment_builds_as_it_stands(tmp_path, language):
    make(tmp_path / "source/gradients", "Gradients")
    built = build(tmp_path / "source/gradients", tmp_path / "private", languages=[language])
    assert [len(question.cases) for question in built.assignment.questions] == [3]
    prose = (built.release / "gradients.ipynb").read_text()
    assert [word in prose for word in ("Скажите", "_Баллы:_ 2", "Say in two", "_Points:_ 2")] == (
        [True, True, False, False] if language == "ru" else [False, False, True, True]
    )


def test_a_question_that_staff_mark_is_in_the_bundle_with_its_points_and_without_tests(tmp_path):
    make(tmp_path / "source/essay", "An essay")
    path = tmp_path / "source/essay/essay.ipynb"
    notebook = json.loads(path.read_text())
    asked = [
        ("raw", "# BEGIN QUESTION\nname: why\nmanual: true\npoints: 3"),
        ("markdown", "Why does it work?"),
        ("raw", "# BEGIN SOLUTION"),
        ("markdown", "By the chain rule."),
        ("raw", "# END SOLUTION"),
        ("raw", "# END QUESTION"),
    ]
    notebook["cells"] += [
        {"id": f"why-{n}", "cell_type": kind, "metadata": {}, "source": text} for n, (kind, text) in enumerate(asked)
    ]
    path.write_text(json.dumps(notebook))
    built = build(tmp_path / "source/essay", tmp_path / "private")
    assert built.assignment.by_hand == (Question(name="why", points=3),)
    assert [question.name for question in built.assignment.questions] == ["q1"]
    assert built.assignment.max_points == 5
    released = (built.release / "essay.ipynb").read_text()
    assert ("Why does it work?" in released, "chain rule" in released) == (True, False)


def test_what_is_there_is_never_overwritten(tmp_path):
    make(tmp_path / "gradients", "Gradients")
    with pytest.raises(ConfigError, match="is there already"):
        make(tmp_path / "gradients", "Gradients")


@pytest.mark.parametrize("name", ["two words", "Capitals", "1st", "имя"])
def test_a_name_that_cannot_be_a_module_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="small letters"):
        make(tmp_path / name, "T")
