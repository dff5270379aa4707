"""The source notebook, read before otter reads it: every fault at once, each at its cell.

otter ignores misspelt question keys, publishes a test whose `# HIDDEN` is on the second line, and ships solutions that
lie outside SOLUTION blocks. What it does refuse, it refuses one fault at a time. Pure: no files, nothing is run.
The patterns are otter 7.0's (`otter/assign/{blocks,solutions,tests_manager}.py`); key sets are read from its classes.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from autograder.authoring.source.parse import Problem, read_source
from autograder.authoring.source.rules import cells, config, questions, tests
from autograder.authoring.source.rules.rule import Draft, Rule, of_cell, of_config, of_question, of_test

RULES: Final[tuple[Rule, ...]] = (
    config.nesting,
    config.kernel,
    config.header,
    of_config(config.keys),
    of_config(config.values),
    of_config(config.missing_files),
    questions.names,
    of_question(questions.header),
    of_question(questions.keys),
    of_question(questions.tests),
    of_question(questions.points),
    of_question(tests.kind),
    of_test(tests.header),
    of_test(tests.keys),
    of_test(tests.values),
    of_test(tests.hidden),
    of_test(tests.function),
    of_question(tests.names),
    of_cell(cells.markers),
    of_cell(cells.solution),
    of_cell(cells.checks),
)
"""Each looks at the whole notebook. The problems of one cell are told in the order of this table."""


def lint(notebook: Mapping[str, Any], files: Collection[str] | None = None) -> list[Problem]:
    """Every fault of a source notebook (nbformat 4, as JSON), in the order of its cells.

    `files` are the paths beside the notebook, with slashes; without them no file is missed.
    """
    draft = Draft(notebook=notebook, source=read_source(notebook), files=files)
    problems = [problem for rule in RULES for problem in rule(draft)]
    return sorted(problems, key=lambda problem: problem.cell)
