"""otter's own keys, and what they may hold."""

import functools
import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from autograder.authoring.source.parse import Problem, SourceCell
from autograder.model.errors import nearest

Keys: TypeAlias = "dict[str, Keys | None]"


def unknown_keys(cell: SourceCell, table: Mapping[str, Any], valid: Keys, above: str = "") -> Iterator[Problem]:
    """The keys of a table that are none of otter's, which it would ignore; `above` is where the table stands."""
    for key, value in table.items():
        below = valid.get(key)
        if key not in valid:
            near = nearest(key, valid)
            hint = "" if near else f" The keys are {', '.join(sorted(valid))}."
            yield cell.problem(f"no such key: `{above}{key}`.{hint}", nearest=above + near[0] if near else None)
        elif below and isinstance(value, dict):
            yield from unknown_keys(cell, value, below, f"{above}{key}.")


@functools.cache
def valid_keys() -> dict[str, Keys]:
    """otter's own key sets: of the assignment, of a question and of a test config."""
    # imported here because `import otter` takes 3 seconds
    from otter.assign.assignment import Assignment
    from otter.assign.question_config import QuestionConfig
    from otter.test_files import test_case

    test_keys = set(inspect.signature(test_case).parameters) - {"name"}  # otter writes the name itself
    return {
        "assignment": _keys_of(Assignment),
        "question": _keys_of(QuestionConfig),
        "test": dict.fromkeys(sorted(test_keys)),
    }


def _keys_of(config: type) -> Keys:
    """The keys of one of otter's `fica.Config` classes, and those below them."""
    keys: Keys = {}
    for attribute in dir(config):
        key = getattr(config, attribute)
        if hasattr(key, "subkey_container"):
            below = key.subkey_container
            keys[key.get_name(attribute)] = _keys_of(below) if below else None
    return keys


def is_points(value: Any) -> bool:
    """Whether a value of a key is a number of points."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
