"""Each folder of notebooks/ but `valid` is named for its fault; expected.toml says where it is and what is said."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from autograder.authoring.source.lint import lint
from autograder.authoring.source.parse import read_source

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
FAULTS = sorted(path.parent.name for path in NOTEBOOKS.glob("*/expected.toml"))

# otter imports traitlets' users of old, once per process
pytestmark = pytest.mark.filterwarnings("ignore:Traits should be given as instances:DeprecationWarning")


def notebook(name: str) -> dict[str, Any]:
    return json.loads((NOTEBOOKS / name / f"{name}.ipynb").read_text())


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_is_the_one_problem_and_its_message_names_the_cell(fault):
    expected = tomllib.loads((NOTEBOOKS / fault / "expected.toml").read_text())
    problems = [problem for problem in lint(notebook(fault), expected.get("files")) if problem.fatal]
    assert [problem.cell for problem in problems] == [expected["cell"]], [str(problem) for problem in problems]
    assert expected["says"] in str(problems[0])
    if expected["cell"]:
        first_line = "".join(notebook(fault)["cells"][expected["cell"] - 1]["source"]).strip().split("\n")[0]
        assert str(problems[0]).startswith(f"cell {expected['cell']} (`{first_line}`): ")


def test_a_valid_notebook_has_no_fatal_problem():
    assert [str(problem) for problem in lint(notebook("valid"), ["numbers.csv"]) if problem.fatal] == []


def test_a_hidden_test_without_a_hint_is_advice():
    (advice,) = lint(notebook("valid"), ["numbers.csv"])
    assert not advice.fatal
    assert str(advice).startswith("cell 21 (`# HIDDEN`): no hint for students who fail this hidden test.")


def test_all_problems_are_reported_at_once_in_the_order_of_cells():
    broken = notebook("misspelt_question_key")
    broken["cells"][7]["source"] = "# two\n# HIDDEN\nassert mean([1, 3]) == 2"
    broken["cells"][0]["source"].append("\nfile: [numbers.csv]")
    assert [problem.cell for problem in lint(broken)] == [1, 2, 8, 8, 8]


def test_a_comment_about_hidden_layers_inside_a_test_hides_nothing():
    fine = notebook("valid")
    fine["cells"][9]["source"] = "def test_two(mean):\n    # hidden layers are for later\n    assert mean([1, 3]) == 2"
    assert [problem for problem in lint(fine) if problem.fatal] == []
    assert [test.hidden for test in read_source(fine).tests] == [False, True, False, True]


def test_a_solution_outside_blocks_is_fine_where_otter_strips_all_cells():
    fine = notebook("solution_outside_question")
    fine["cells"][0]["source"].append("\nstrip_solutions_from_all_cells: true")
    assert lint(fine) == []


def test_files_are_not_missed_when_nobody_says_which_there_are():
    assert lint(notebook("missing_file")) == []


def test_the_source_may_be_lines_or_one_text_with_any_line_ends():
    one_text = notebook("hidden_on_second_line")
    for cell in one_text["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")
    assert [str(problem) for problem in lint(one_text)] == [
        str(problem) for problem in lint(notebook("hidden_on_second_line"))
    ]
