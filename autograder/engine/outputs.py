"""What a cell showed, as outputs of a notebook: the word of the room, checked and capped."""

from collections.abc import Iterator
from typing import Any

from autograder.model.notebook import Notebook

MAX_OUTPUT_BYTES = 16 << 20
OUTPUT_MIMES = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg")


def output_of(raw: Any) -> Notebook | None:
    """An nbformat output from what the room says is one; None when it is not."""
    kind = raw.get("output_type") if type(raw) is dict else None
    if kind == "stream":
        name = "stderr" if raw.get("name") == "stderr" else "stdout"
        return {"output_type": kind, "name": name, "text": str(raw.get("text", ""))}
    if kind == "error":
        lines = raw.get("traceback")
        traceback = [str(line) for line in lines] if type(lines) is list else []
        return {
            "output_type": kind,
            "ename": str(raw.get("ename")),
            "evalue": str(raw.get("evalue")),
            "traceback": traceback,
        }
    data = raw.get("data") if kind in ("display_data", "execute_result") else None
    if type(data) is not dict or not all(mime in OUTPUT_MIMES and type(text) is str for mime, text in data.items()):
        return None
    counted = {"execution_count": None} if kind == "execute_result" else {}
    return {"output_type": kind, "data": data, "metadata": {}, **counted}


def size_of(output: Notebook) -> int:
    """Characters of all that an output holds."""
    return sum(map(len, _texts(output)))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _texts(part)
