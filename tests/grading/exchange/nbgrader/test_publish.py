"""The notebook that staff and students see: where it takes scores and comments."""

import json
from dataclasses import replace

import nbformat
import pytest

from autograder.model.bundle import Question
from autograder.model.errors import PlatformError
from grading.exchange.nbgrader.publish import annotated, publish
from tests.builders import make_course
from tests.grading.exchange.nbgrader.builders import CHECK1, CHECK2, HONEST, code, markdown, notebook

ESSAYS = notebook(
    markdown("<!-- BEGIN QUESTION -->\n\nWhy does it work?"),
    markdown("By the chain *rule*."),
    markdown("<!-- END QUESTION -->\n\n"),
    code("x = 1"),
    code(CHECK1),
    markdown("<!-- BEGIN QUESTION -->\n\nDraw it."),
    code("plot()"),
    markdown(""),
    markdown("<!-- END QUESTION -->"),
    code(CHECK2),
)


def test_answers_that_staff_mark_are_marked_and_commented_on_where_they_are(assignment, row):
    asked = tuple(Question(name=name, points=4) for name in ("why", "plot"))
    essays = replace(assignment, by_hand=asked)
    one = row("ada", 2, 3)

    def stamps(cells):
        made = annotated({**ESSAYS, "cells": cells}, essays, one.report, one.grade)
        marks = [(cell["metadata"].get("nbgrader"), cell["source"]) for cell in made["cells"]]
        return {mark["grade_id"]: (mark, source) for mark, source in marks if mark and mark["grade"]}

    found = stamps(ESSAYS["cells"])
    assert found["why"][1] == "<div><p>By the chain <em>rule</em>.</p>&#10;</div>"
    assert found["plot"] == ({"grade_id": "plot", "grade": True, "solution": True, "points": 4}, "plot()")
    assert found.keys() == {"why", "q1", "plot", "q2", "accuracy"}
    without = stamps(ESSAYS["cells"][1:])
    assert without["why"][1] == "# The answer to why is not where it was asked. Look for it above."
    assert without.keys() == found.keys()


def marked(assignment, row, *cells) -> list[tuple[str, dict[str, object]]]:
    one = row("ada", 2, 0, 0.75)
    made = annotated(notebook(*cells), assignment, one.report, one.grade)
    nbformat.validate(nbformat.from_dict(made))
    return [(cell["source"], cell["metadata"].get("nbgrader", {})) for cell in made["cells"]]


def scored(name: str, points: float, *, comment: bool = False) -> dict[str, object]:
    return {"grade_id": name, "grade": True, "points": points, "solution": comment}


def commented(name: str) -> dict[str, object]:
    return {"grade_id": name, "grade": False, "solution": True}


def test_a_question_is_scored_at_its_last_check_and_commented_on_before_it(assignment, row):
    mine = {"metadata": {"nbgrader": {"grade_id": "q1", "grade": True}, "tags": ["x"]}}
    found = marked(
        assignment, row, code("a", **mine), code(CHECK1), code("b"), markdown("c"), code(CHECK1), code(CHECK2)
    )
    assert found[:6] == [
        ("a", {}),
        (CHECK1, {}),
        ("b", commented("q1")),
        ("<div><p>c</p>&#10;</div>", {}),
        (CHECK1, scored("q1", 2)),
        (CHECK2, scored("q2", 3, comment=True)),
    ]
    assert [marks for _, marks in found[6:]] == [scored("accuracy", 8)]


@pytest.mark.parametrize(
    "cells", [[code(f"{CHECK1}\n{CHECK2}")], [code(CHECK1), code(f"# {CHECK2}"), markdown(CHECK2)]]
)
def test_what_the_notebook_does_not_check_in_a_cell_of_its_own_follows_at_the_end(assignment, row, cells):
    found = marked(assignment, row, *cells)
    assert sorted(marks["grade_id"] for _, marks in found if marks.get("grade")) == ["accuracy", "q1", "q2"]
    assert found[-2:] == [
        ("# The notebook has no check of q2 of its own.", scored("q2", 3, comment=True)),
        ("# What the predictions for the held-out data earn.", scored("accuracy", 8)),
    ]


def test_what_cannot_be_written_is_ours_to_mend(assignment, row, tmp_path):
    course = make_course(tmp_path)
    (tmp_path / "autograded").write_text("")
    with pytest.raises(PlatformError, match=r"autograded/ada/hw1 could not be written: .*run the command again"):
        publish(course, assignment, row("ada", 2, 0), json.dumps(HONEST).encode())
