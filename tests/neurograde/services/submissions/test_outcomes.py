import json
import re
from pathlib import Path

import pytest

from autograder.model.report import Status
from neurograde.services.submissions import outcomes
from neurograde.services.submissions.outcomes import OUTPUT, HandedIn, Outcome, schema

DOCS = Path(__file__).parents[4] / "docs"
KINDS = ["file", "submission", "claim", "summary"]


def test_the_documented_schema_is_the_one_in_force():
    assert json.loads((DOCS / "output.schema.json").read_text()) == schema(), (
        "docs/output.schema.json is out of date: write the schema that this test computed"
    )


def test_every_field_has_a_line_in_the_page():
    page = (DOCS / "output.md").read_text()
    for model in schema()["$defs"].values():
        for line in table(model) if "properties" in model else ():
            assert line in page, f"docs/output.md is out of date: {model['title']} needs the line\n{line}"


def test_the_page_has_no_line_too_many():
    wanted = {line for model in schema()["$defs"].values() if "properties" in model for line in table(model)}
    assert [line for line in lines_of_fields((DOCS / "output.md").read_text()) if line not in wanted] == []


def lines_of_fields(page):
    """The rows of tables whose first cell is a field, and not an exit code."""
    return [line for line in page.splitlines() if re.match(r"\| `[a-z_]+` \|", line)]


def table(model):
    """The rows that describe an object: field, type, what it says."""
    return [
        f"| `{name}` | {type_of(field)} | {field.get('description', '')} |"
        for name, field in model["properties"].items()
        if name != "kind"
    ]


def type_of(field):
    """What JSON has there, in words."""
    if "anyOf" in field:
        return " or ".join(type_of(option) for option in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "$ref" in field:
        return "a status" if field["$ref"].endswith("/Status") else "objects"
    if field["type"] == "array":
        return "strings" if field["items"].get("type") == "string" else type_of(field["items"])
    return field["type"]


def test_the_examples_of_the_page_are_lines_of_the_output():
    examples = re.findall(r"^\{.*\}$", (DOCS / "output.md").read_text(), re.MULTILINE)
    assert [json.loads(example)["kind"] for example in examples] == KINDS
    for example in examples:
        made = OUTPUT.validate_json(example)
        assert json.loads(made.model_dump_json()) == json.loads(example)
        assert list(json.loads(example)) == list(type(made).model_fields)


def test_every_field_is_always_there():
    for model in schema()["$defs"].values():
        if "properties" in model:
            assert model["required"] == list(model["properties"])
            assert model["additionalProperties"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_is_told_by_its_kind(kind):
    assert kind in schema()["discriminator"]["mapping"]


def test_what_got_no_mark_has_no_points_and_not_none_of_them():
    made = outcomes.submission_object(Outcome(student="ada", origin="ada.ipynb"), "doubles")
    assert made.status is Status.NOT_RUN
    assert (made.points, made.max_points, made.score, made.grade, made.questions) == (None, None, None, None, [])


def test_a_file_that_was_taken_has_no_reason():
    made = outcomes.file_object(HandedIn(origin="ada.ipynb", student="ada", taken=True), "doubles")
    assert json.loads(made.model_dump_json())["reason"] is None
