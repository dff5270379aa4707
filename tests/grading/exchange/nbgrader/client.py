"""What formgrader's own pages ask its server."""

import json
import urllib.request

TOKEN = "of-the-tests"


def ask(server: str, path: str, *, method: str = "GET", **body):
    request = urllib.request.Request(f"{server}/formgrader/api/{path}", method=method)
    request.add_header("Authorization", f"token {TOKEN}")
    if method != "GET":
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def page_of(server: str, student: str) -> str:
    submissions = ask(server, "submitted_notebooks/hw1/hw1")
    return next(one["id"] for one in submissions if one["student"] == student)
