"""Tables of settings: frozen, strict, and an unknown key is told with the nearest valid one. Pure."""

from pydantic import BaseModel, ConfigDict, ValidationError

from autograder.model.errors import did_you_mean


class Settings(BaseModel):
    """A table of a TOML file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def in_words(error: ValidationError, model: type[BaseModel]) -> str:
    """What is wrong with a table, key by key, each with the nearest valid one."""
    schema = model.model_json_schema()
    tables = (schema, *schema.get("$defs", {}).values())
    keys = [key for table in tables for key in table.get("properties", {})]
    lines = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            hint = did_you_mean(str(problem["loc"][-1]), keys, quote="`")
            text = f"no such key; {hint}" if hint else "no such key"
        lines.append(f"{place}: {text}" if place else text)
    return "; ".join(lines)
