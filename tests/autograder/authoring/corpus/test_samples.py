import json

import pytest

from autograder.authoring.corpus.samples import load_sample
from autograder.model.bundle import load_assignment
from autograder.model.errors import ConfigError


def code(source, *tags):
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


@pytest.fixture
def sample(bundle, tmp_path):
    checks = [code('grader.check("q1")'), code('grader.check("q2")')]
    for name, answers in (("solution", ["one", "two"]), ("template", ["...", "..."])):
        tag = ["otter_answer_cell"] if name == "template" else []
        cells = [code("first"), code(answers[0], *tag), checks[0], code(answers[1], *tag), checks[1]]
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        (bundle / f"{name}.ipynb").write_text(json.dumps(notebook))

    def load(answers, base="solution"):
        folder = tmp_path / "a-sample"
        folder.mkdir()
        (folder / "expected.toml").write_text(f'says = "A sample."\nbase = "{base}"')
        (folder / "answers.txt").write_text(answers)
        loaded = load_sample(folder, load_assignment(bundle))
        return [cell["source"] for cell in json.loads(loaded.content)["cells"]]

    return load


def test_a_heading_says_where_a_cell_goes(sample):
    cells = sample("%% q1\nmine\n%% before q2\nb\n%% after q2\na\n%% first\nf\n%% last\nl\n")
    assert cells == ["f", "first", "mine", 'grader.check("q1")', "b", "two", 'grader.check("q2")', "a", "l"]


def test_what_is_not_changed_is_the_solutions_or_the_releases(sample):
    assert sample("%% q1\nmine", base="release")[1:4] == ["mine", 'grader.check("q1")', "..."]


def test_a_question_that_is_not_asked_is_named(sample):
    with pytest.raises(ConfigError, match="q9"):
        sample("%% q9\nmine")
