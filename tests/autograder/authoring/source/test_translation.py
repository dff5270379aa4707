import copy

import pytest

from autograder.authoring.source.translation import hints, in_language, untranslated

HIDDEN = '''""" # BEGIN TEST CONFIG
hidden: true
failure_message: Which axis?
failure_message_ru: Какая ось?
points: 1
""" # END TEST CONFIG
def test_it(x):
    assert x == 1'''


def cell(kind, text):
    return {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}


SOURCE = {
    "cells": [
        cell("markdown", "# Shapes\n"),
        cell("markdown", "<!-- ru -->\n# Формы\n"),
        cell("code", "x = 1"),
        cell("raw", "# BEGIN QUESTION\nname: q1"),
        cell("raw", "# BEGIN TESTS"),
        cell("code", HIDDEN),
        cell("raw", "# END TESTS"),
        cell("raw", "# END QUESTION"),
    ],
    "nbformat": 4,
}


def texts(language):
    return ["".join(cell["source"]) for cell in in_language(SOURCE, language)["cells"]]


def problems(language, change=lambda cells: None):
    changed = copy.deepcopy(SOURCE)
    change(changed["cells"])
    return [str(problem) for problem in untranslated(changed, language)]


def test_a_translation_takes_the_place_of_the_prose_above_it_and_code_stays():
    assert texts("en")[:2] == ["# Shapes\n", "x = 1"]
    assert texts("ru")[:2] == ["# Формы\n", "x = 1"]


def test_the_hint_of_the_language_is_the_one_that_otter_reads():
    assert "failure_message: Which axis?\npoints" in texts("en")[4]
    assert "failure_message: Какая ось?\npoints" in texts("ru")[4]
    assert "failure_message_ru" not in texts("en")[4] + texts("ru")[4]
    assert (hints(SOURCE, "en"), hints(SOURCE, "ru")) == ({6: "Which axis?"}, {6: "Какая ось?"})


def test_cells_keep_the_number_that_their_author_sees():
    numbers = [cell["metadata"]["source_cell"] for cell in in_language(SOURCE, "en")["cells"]]
    assert numbers == [1, 3, 4, 5, 6, 7, 8]


def test_a_translated_notebook_has_no_problem_in_either_language():
    assert (problems("en"), problems("ru")) == ([], [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cells: cells.pop(1), "cell 1 (`# Shapes`): has no Russian. Write it in a markdown cell right below"),
        (lambda cells: cells.insert(0, cells.pop(1)), "cell 1 (`<!-- ru -->`): a translation with no prose above it"),
        (lambda cells: cells[5].update(source=HIDDEN.replace("failure_message_ru: Какая ось?\n", "")), "hint has no"),
        (lambda cells: cells.insert(2, cell("markdown", "<!-- de -->\n# Formen")), "language that is not known"),
    ],
)
def test_what_is_not_translated_is_named_with_its_cell(change, message):
    assert message in problems("ru", change)[0]


def test_english_needs_no_translation():
    assert problems("en", lambda cells: cells.pop(1)) == []
