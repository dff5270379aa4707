import json
from pathlib import Path

import pytest

from autograder.model.report import REPORT, Status, worst

SCHEMA = Path(__file__).parents[3] / "docs/report.schema.json"


def test_the_documented_schema_is_the_one_in_force():
    assert json.loads(SCHEMA.read_text()) == REPORT.json_schema(mode="serialization"), (
        "docs/report.schema.json is out of date: raise SCHEMA_VERSION and write the schema that this test computed"
    )


@pytest.mark.parametrize(
    ("group", "status"),
    [
        ([], "NOT_RUN"),
        (["PASSED", "PASSED"], "PASSED"),
        (["PASSED", "FAILED"], "FAILED"),
        (["FAILED", "ERRORED", "PASSED"], "ERRORED"),
        (["TIMED_OUT", "ERRORED"], "TIMED_OUT"),
        (["OUT_OF_MEMORY", "NOT_RUN"], "OUT_OF_MEMORY"),
    ],
)
def test_the_status_of_a_group_is_its_worst(group, status):
    assert worst([Status(name) for name in group]) == status
