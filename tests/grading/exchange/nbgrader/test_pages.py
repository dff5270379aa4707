"""What published notebooks show and do in a browser: formgrader's pages, and the feedback that students open."""

import http.server
import json
import os
import re
import shutil
import threading
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

from grading.exchange.nbgrader.publish import publish
from tests.grading.exchange.nbgrader.builders import CANARY, CHECK1, code, displayed, markdown, notebook, printed
from tests.grading.exchange.nbgrader.client import TOKEN, page_of

# What a notebook can do on the page of a careless grader: each of these asks the listener for its name.
MARKDOWN_TRICKS = {
    "script": "<script>fetch('{url}')</script>",
    "handler": "<img src=x onerror=\"fetch('{url}')\">",
    "svg": "<svg onload=\"fetch('{url}')\"><script>1</script></svg>",
    "svg-script": "<svg><script>fetch('{url}')</script></svg>",
    "frame": "<iframe srcdoc=\"<script>fetch('{url}')</script>\"></iframe>",
    "frame-script": "<iframe src=\"javascript:fetch('{url}')\"></iframe>",
    "link": "<a href=\"javascript:void(fetch('{url}'))\">the plot</a>",
    "link-in-svg": "<svg><a href=\"javascript:void(fetch('{url}'))\"><text>plot</text></a></svg>",
    "hidden-link": "<a href=\" java&#10;script:void(fetch('{url}'))\">the plot</a>",
    "markdown-link": "[the plot](javascript:void(fetch('{url}')))",
    "picture": "![a plot]({url})",
    "style": "<div style=\"background: url('{url}')\">text</div>",
    "style-sheet": "<style>@import url('{url}');</style>",
    "toggle": "<details open ontoggle=\"fetch('{url}')\">text</details>",
    "object": '<object data="{url}"></object>',
    "mouse": "<b onmouseover=\"fetch('{url}')\">text</b>",
    "form": '<form action="{url}" target="target"><button>Save</button></form><iframe name="target"></iframe>',
    "refresh": "<iframe srcdoc='<meta http-equiv=refresh content=\"0;url={url}\">'></iframe>",
    "after-a-blank-line": "<div>\n\n<pre>\n\n<img src=x onerror=\"fetch('{url}')\">\n\n</pre>\n\n</div>",
}
OUTPUT_TRICKS = {
    "output-html": displayed(data={"text/html": "<script>fetch('{url}')</script>"}),
    "output-svg": displayed(data={"text/html": "<svg onload=\"fetch('{url}')\"></svg>"}),
    "output-isolated": displayed(
        {"text/html": {"isolated": True}}, data={"text/html": "<script>fetch('{url}')</script>"}
    ),
    "output-markdown": displayed(data={"text/markdown": "<img src=x onerror=\"fetch('{url}')\">"}),
    "output-size": displayed({"image/png": {"width": "1 onerror=fetch(`{url}`)"}}, data={"image/png": "eA=="}),
    "output-script": displayed(data={"application/javascript": "fetch('{url}')"}),
}
TRICKS = frozenset({*MARKDOWN_TRICKS, *OUTPUT_TRICKS})


def evil(listener: str) -> dict[str, object]:
    """A notebook of all of them, each with its own address."""

    def armed(trick, name):
        return json.loads(json.dumps(trick).replace("{url}", f"{listener}/{name}"))

    return notebook(
        *(markdown(armed(trick, name)) for name, trick in MARKDOWN_TRICKS.items()),
        *(code("plot()", armed(trick, name)) for name, trick in OUTPUT_TRICKS.items()),
        markdown(f"A [link]({listener}/asked-for)."),
        {"cell_type": "raw", "metadata": {}, "source": f"<script>fetch('{listener}/raw')</script>"},
        code(
            f"'</pre><script>fetch(\"{listener}/source\")</script>'",
            printed(f"<script>fetch('{listener}/printed')</script>"),
        ),
        code(CHECK1),
    )


class Listener(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.heard.add(self.path.strip("/?"))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def listener():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        server.heard = set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    names = (os.environ.get("CHROMIUM", "chromium"), "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    assert program, "Chromium is missing. Install it: bash docker/testbed.sh"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def opened(browser, address: str):
    """A page, with whatever it asks of the rest of the world refused."""
    context = browser.new_context(extra_http_headers={"Authorization": f"token {TOKEN}"})
    page = context.new_page()
    page.route(re.compile(r"https?://(?!127\.0\.0\.1:)"), lambda route: route.abort())
    page.goto(address, wait_until="load")
    yield page
    context.close()


# One at a time, because a click on the next link takes back a click on the one before.
TOUCH = """async () => {
    for (const part of document.querySelectorAll('#notebook-container *')) {
        part.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));
        const leads = part.closest('a') && part.closest('a').protocol;
        if (part.matches('a, text, button') && !['http:', 'https:'].includes(leads)) {
            part.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
            await new Promise(done => setTimeout(done, 100));
        }
    }
}"""


def what_it_does(browser, address: str, listener, *, awaited: frozenset[str] = frozenset()) -> set[str]:
    """The names that the listener hears when somebody opens a page and touches everything but links that lead away."""
    listener.heard.clear()
    with opened(browser, address) as page:
        page.evaluate(TOUCH)
        page.wait_for_timeout(1000)
        for _ in range(100):
            if listener.heard >= awaited:
                break
            page.wait_for_timeout(100)
    return set(listener.heard)


@pytest.fixture(scope="module")
def pages(server, course, assignment, row, listener, nbgrader):
    """The addresses of what staff and students see of mallory's evil notebook, and of eve's, which nobody cleaned."""
    made = evil(f"http://127.0.0.1:{listener.server_address[1]}")
    publish(
        course, assignment, row("mallory", 0, 0, notes=("Cell 3 said <script>1</script>.",)), json.dumps(made).encode()
    )
    (course.root / "autograded/eve/hw1/hw1.ipynb").write_text(json.dumps(made))
    nbgrader(course, "generate_feedback", "hw1")
    feedback = {name: f"file://{course.root}/feedback/{name}/hw1/hw1.html" for name in ("eve", "mallory")}
    return {
        "feedback": feedback,
        "formgrader": {n: f"{server}/formgrader/submissions/{page_of(server, n)}" for n in feedback},
    }


@pytest.mark.parametrize(("kind", "cannot"), [("formgrader", frozenset()), ("feedback", {"output-script"})])
def test_an_evil_notebook_is_inert_once_published_and_is_not_before(pages, browser, listener, kind, cannot):
    tricks = TRICKS - cannot
    assert what_it_does(browser, pages[kind]["eve"], listener, awaited=tricks) == tricks
    assert what_it_does(browser, pages[kind]["mallory"], listener) == set()
    with opened(browser, pages[kind]["mallory"]) as page:
        assert "Cell 3 said <script>1</script>." in page.inner_text("body")


def test_staff_find_score_and_comment_boxes_and_what_was_meant_to_be_read(server, browser):
    with opened(browser, f"{server}/formgrader/submissions/{page_of(server, 'ada')}") as page:
        page.wait_for_function("document.querySelector('#accuracy') && document.querySelector('#accuracy').placeholder")
        boxes = page.evaluate("[...document.querySelectorAll('.score')].map(box => [box.id, box.placeholder])")
        assert [name for name, _ in boxes] == ["q1", "q2", "accuracy"]
        assert page.locator("textarea.comment").evaluate_all("boxes => boxes.map(box => box.id)") == [
            "q1-comment",
            "q2-comment",
        ]
        assert "Try another number." in page.inner_text("body")


def test_feedback_has_scores_comments_lateness_and_hints_and_no_hidden_test(course, assignment, pages, browser):
    ada, bob = (course.root / f"feedback/{name}/hw1/hw1.html" for name in ("ada", "bob"))
    with opened(browser, f"file://{bob}") as page:
        text = page.inner_text("body")
    assert "hw1 (Score: 7.2 / 13.0)" in text
    assert "Late submission penalty (Score: -1.8)" in text
    assert "accuracy 0.7500: 75 of 100 right, 95 % interval 0.7000 to 0.8000" in text
    assert "Try another number." in ada.read_text()
    seen = [path for path in course.root.rglob("*") if path.is_file()]
    assert course.gradebook in seen
    assert len(seen) > 20
    assert [path for path in seen if CANARY.encode() in path.read_bytes()] == []
