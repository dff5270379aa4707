"""Formgrader and nbgrader's programs, started for real on a course directory that we wrote."""

import csv
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import sync_playwright
from traitlets.config import PyFileConfigLoader

from autograder.model.bundle import Assignment, Case, Question, load_settings
from autograder.model.errors import ConfigError, PlatformError
from autograder.model.house import load_syllabus
from autograder.model.report import CaseResult, Predictions, Provenance, QuestionResult, Report, Status
from grading.exchange.nbgrader.formgrader import prepare_directory, server_command
from grading.exchange.nbgrader.publish import annotated, publish
from grading.records.gradebook import Gradebook
from grading.records.marks import Enrolled, GradebookRow
from grading.rules.lateness import judge
from grading.rules.policy import grade
from grading.scoring.score import Score, Scores
from tests.builders import make_course

COURSE = 'title = "Deep learning"\n[[assignments]]\nname = "hw1"\nweight = 1\n[late]\npercent_per_day = 10\n'
HW1 = 'title = "Homework 1"\ndue = 2026-12-01T12:00:00Z\n[competition]\nanchors = [[0.5, 0], [1, 8]]\n'
IN_TIME = datetime(2026, 12, 1, 11, 0, tzinfo=UTC)
LATE = datetime(2026, 12, 2, 13, 0, tzinfo=UTC)
CANARY = "canary_of_the_hidden_test"
TOKEN = "of-the-tests"
CHECK1, CHECK2 = 'grader.check("q1")', 'grader.check("q2")'


def code(source: str, *outputs, **more) -> dict[str, object]:
    cell = {"cell_type": "code", "metadata": {}, "execution_count": None, "source": source, "outputs": [*outputs]}
    return cell | more


def markdown(source: str) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def printed(text: str) -> dict[str, object]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def displayed(metadata=None, **data) -> dict[str, object]:
    return {"output_type": "display_data", "metadata": metadata or {}, "data": data.pop("data", data)}


def notebook(*cells) -> dict[str, object]:
    made = [{"id": f"c{number}", **cell} for number, cell in enumerate(cells)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}


HONEST = notebook(
    markdown("# Homework\n\nWith $a<b$."),
    code("x = 1"),
    code("double = lambda x: 2 * x"),
    code(CHECK1, printed("q1: 2 of 2 points\n")),
    markdown("## Question 2"),
    code("y = 2"),
    code(CHECK2, printed("q2: 0 of 3 points\n  Try another number.\n")),
)


def question(name: str, points: float, most: float) -> QuestionResult:
    status = Status.PASSED if points == most else Status.FAILED
    case = CaseResult(
        name=f"{name} - 1", status=status, points=points, max_points=most, hidden=True,
        hint="Try another number.", message=f"assert {CANARY}(2) == 4",
    )  # fmt: skip
    return QuestionResult(name=name, points=points, max_points=most, cases=(case,))


def report(student: str, q1: float, q2: float, **more) -> Report:
    made_by = Provenance(neurograde="0", otter="7", bundle="0", image="i", seed=0)
    return Report(
        submission="f00d", student=student, assignment="hw1", provenance=made_by, seconds=1.0, peak_memory_mb=1.0,
        questions=(question("q1", q1, 2), question("q2", q2, 3)), **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    (source / "hw1").mkdir()
    (source / "course.toml").write_text(COURSE)
    (source / "hw1/assignment.toml").write_text(HW1)
    return source


@pytest.fixture(scope="module")
def assignment(source, tmp_path_factory):
    bundle = tmp_path_factory.mktemp("bundle")
    (bundle / "q1.py").write_text(f"def {CANARY}(): ...")
    case = Case(name="1", hidden=True, points=1, hint=None)
    questions = (Question(name="q1", points=2, cases=(case,)), Question(name="q2", points=3, cases=(case,)))
    settings = load_settings(source / "hw1/assignment.toml")
    return Assignment(name="hw1", settings=settings, questions=questions, bundle=bundle, fingerprint="0")


@pytest.fixture(scope="module")
def row(source, assignment):
    syllabus = load_syllabus(source)

    def make(
        student: str, q1: float, q2: float, accuracy: float | None = None, at: datetime = IN_TIME, **more
    ) -> GradebookRow:
        late = judge(at, student=student, assignment="hw1", settings=assignment.settings, syllabus=syllabus)
        scores = None
        if accuracy is not None:
            score = Score(metric="accuracy", value=accuracy, correct=75, n=100, low=0.7, high=0.8, heldout_version="v")
            scores = Scores(overall=score, public=score, private=score, per_class=(), confusion=())
        graded = report(student, q1, q2, **more)
        return GradebookRow(
            report=graded, grade=grade(graded, scores, assignment.settings, lateness=late), timestamp=at
        )

    return make


@pytest.fixture(scope="module")
def course(source, assignment, row, tmp_path_factory):
    """ada, bob (late), dan (marked by hand), mallory (all tricks), eve (the same, as if nobody had cleaned it)."""
    course = make_course(tmp_path_factory.mktemp("course"))
    prepare_directory(course, source, ["hw1"])
    rows = [
        row("ada", 2, 0, 0.75),
        row("bob", 2, 3, 0.75, at=LATE),
        row("dan", 2, 0, 0.75),
        row("mallory", 0, 0, predictions=Predictions(status=Status.FAILED, message="predict: <script>1</script>")),
        row("eve", 0, 0),
    ]
    with Gradebook(course.gradebook) as gradebook:
        gradebook.update_students([Enrolled(id="ada", first_name="Ada", last_name="Lovelace <img src=x>")])
        gradebook.record(assignment, rows)
    for one in rows:
        publish(course, assignment, one, json.dumps(HONEST).encode())
    return course


def environment(folder: Path) -> dict[str, str]:
    """Without the configuration of whoever runs the tests."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return os.environ | dict.fromkeys(names, str(folder))


@pytest.fixture(scope="module")
def server(course, tmp_path_factory):
    """Formgrader's address."""
    folder = tmp_path_factory.mktemp("jupyter")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--allow-root", "--no-browser", f"--IdentityProvider.token={TOKEN}", "--ServerApp.port_retries=0"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*server_command(course, port=port), *options],
            cwd=course.root, env=environment(folder), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                ask(address, "status")
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


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


@pytest.fixture(scope="module")
def nbgrader(course, tmp_path_factory):
    """Runs a command of nbgrader in the course directory."""
    folder = tmp_path_factory.mktemp("nbgrader")

    def run(*command: str) -> None:
        ended = subprocess.run(
            ["nbgrader", *command], cwd=course.root, env=environment(folder), capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr

    return run


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


def test_formgrader_lists_assignment_submissions_and_scores(server):
    (listed,) = ask(server, "assignments")
    assert (listed["name"], listed["num_submissions"], listed["max_score"]) == ("hw1", 5, 13)
    submissions = {one["student"]: one for one in ask(server, "submissions/hw1")}
    assert [(submissions[name]["score"], submissions[name]["last_name"]) for name in ("ada", "bob")] == [
        (6, "Lovelace img src=x"),
        (9, None),
    ]
    assert all(one["autograded"] for one in submissions.values())
    assert {one["id"] for one in ask(server, "students")} == submissions.keys()
    grades = ask(server, f"grades?submission_id={page_of(server, 'ada')}")
    assert {one["name"]: one["auto_score"] for one in grades} == {"q1": 2, "q2": 0, "accuracy": 4}


def test_a_mark_and_a_comment_of_the_staff_survive_a_regrade(server, course, assignment, row):
    page = page_of(server, "dan")
    mark = next(one for one in ask(server, f"grades?submission_id={page}") if one["name"] == "q2")
    said = next(one for one in ask(server, f"comments?submission_id={page}") if one["name"] == "q2")
    ask(server, f"grade/{mark['id']}", method="PUT", manual_score=1.5, extra_credit=0.5)
    ask(server, f"comment/{said['id']}", method="PUT", manual_comment="A good *idea*.")

    with Gradebook(course.gradebook) as gradebook:
        gradebook.record(assignment, [again := row("dan", 1, 3, 0.75)])
    publish(course, assignment, again, json.dumps(HONEST).encode())

    grades = {one["name"]: one for one in ask(server, f"grades?submission_id={page}")}
    assert [grades["q2"][key] for key in ("auto_score", "manual_score", "extra_credit")] == [3, 1.5, 0.5]
    assert (grades["q1"]["auto_score"], grades["q2"]["needs_manual_grade"]) == (1, True)
    comments = {one["name"]: one["manual_comment"] for one in ask(server, f"comments?submission_id={page}")}
    assert comments == {"q1": None, "q2": "A good *idea*."}
    assert ask(server, "submission/hw1/dan")["score"] == 7


@pytest.mark.parametrize("button", ["submission/hw1/ada/autograde", "assignment/hw1/assign"])
def test_formgraders_buttons_that_would_run_code_or_move_scores_do_nothing(server, course, button):
    with Gradebook(course.gradebook) as gradebook:
        before = gradebook.marks()
        assert ask(server, button, method="POST")["success"] is False
        assert gradebook.marks() == before
    assert ask(server, "submission/hw1/bob")["autograded"]


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
    nbgrader("generate_feedback", "hw1")
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


def test_nbgrader_export_gives_net_course_grades_with_our_exporter(course, nbgrader):
    with Gradebook(course.gradebook) as gradebook:
        gradebook.update_students([Enrolled(id="zoe", first_name="Zoe", last_name="=1+1", email="zoe@example.org")])
    nbgrader("export", "--exporter=neurograde.nbgrader.CourseGrades", "--to=exports/course.csv")
    with (course.exports / "course.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert rows.keys() == {"ada", "bob", "dan", "mallory", "eve", "zoe"}
    assert {key: rows["bob"][key] for key in ("hw1", "share", "grade", "letter")} == {
        "hw1": "7.2",
        "share": "0.553846",
        "grade": "5.538462",
        "letter": "F",
    }
    assert [rows["zoe"][key] for key in ("last_name", "hw1", "share", "letter")] == ["'=1+1", "", "0", "F"]


def test_nbgraders_late_penalty_is_ours_through_our_plugin(course, row):
    from nbgrader.api import Gradebook as NbGradebook
    from nbgrader.preprocessors import AssignLatePenalties

    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    resources = {"notebook": "hw1", "assignment": "hw1", "db_url": config.CourseDirectory.db_url}
    with NbGradebook(config.CourseDirectory.db_url, "course") as theirs:
        for student, penalty in (("bob", row("bob", 2, 3, 0.75, at=LATE).grade.late_penalty), ("ada", 0)):
            theirs.find_submission_notebook("hw1", "hw1", student).late_submission_penalty = 5
            theirs.db.commit()
            AssignLatePenalties(config=config).preprocess(
                nbformat.from_dict(notebook()), {"nbgrader": resources | {"student": student}}
            )
            theirs.db.expire_all()
            assert theirs.find_submission("hw1", student).late_submission_penalty == pytest.approx(penalty)
        assert penalty == 0


@pytest.mark.parametrize("plugin", ["CourseGrades", "LatePenalty"])
def test_a_plugin_that_does_not_know_the_course_says_what_to_do(plugin):
    from grading.exchange.nbgrader import plugins

    with pytest.raises(ConfigError, match=f"Run nbgrader in the course directory.*--{plugin}.source=FOLDER"):
        plugins.source_of(getattr(plugins, plugin)())


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


def test_nbgrader_is_told_of_another_database_by_the_environment(course, monkeypatch):
    monkeypatch.setenv("NEUROGRADE_GRADEBOOK", "postgresql://staff@dbhost/course")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    assert config.CourseDirectory.db_url == "postgresql://staff@dbhost/course"


def test_a_configuration_of_the_courses_own_is_left_alone(source, tmp_path):
    course, config = make_course(tmp_path), tmp_path / "nbgrader_config.py"
    config.write_text("c = get_config()\n")
    prepare_directory(course, source, [])
    assert config.read_text() == "c = get_config()\n"
    config.unlink()
    prepare_directory(course, Path("/elsewhere"), [])
    prepare_directory(course, source, ["hw1", "hw2"])
    assert str(source) in config.read_text()
    assert {path.name for path in (tmp_path / "source").iterdir()} == {"hw1", "hw2"}


def test_what_cannot_be_written_is_ours_to_mend(assignment, row, tmp_path):
    course = make_course(tmp_path)
    (tmp_path / "autograded").write_text("")
    with pytest.raises(PlatformError, match=r"autograded/ada/hw1 could not be written: .*run the command again"):
        publish(course, assignment, row("ada", 2, 0), json.dumps(HONEST).encode())
