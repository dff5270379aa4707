import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from autograder.model.errors import ConfigError
from grading.analysis.integrity.findings import (
    Difference,
    Examinee,
    Findings,
    LastHandedIn,
    Reason,
    ShownCell,
    Sign,
    Suspicion,
    population,
)
from grading.analysis.integrity.literals import CodeMark, LiteralMark
from grading.analysis.integrity.page import FOLD, WIDTH, folded, histogram, render, write_pages
from grading.analysis.integrity.similarity import Stretch
from grading.records.attempts import AttemptKind

EVIL = "<script>alert(1)</script>'\"&\u202e"
AGREED = population("Agreement of two re-runs", "pairs", np.linspace(0.9, 0.97, 120), ends=(0.9, 1.0))


def person(name):
    when = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    return Examinee(
        student=name,
        handed_in=(LastHandedIn(kind=AttemptKind.NOTEBOOK, submission="c0ffee" * 10, at=when, correct=871, n=1000),),
    )


PAIR = Suspicion(
    people=(person("anna"), person("boris")),
    reasons=(
        Reason(
            sign=Sign.CHANGED,
            says="They differ on 12 rows.",
            value=0.988,
            population=AGREED,
            differences=(Difference(id=7, first=1, second=2, others=-1),),
        ),
        Reason(sign=Sign.CODE, says="All of it."),
    ),
    code=(
        (
            ShownCell(number=3, parts=(Stretch(text="x = 1\n", owners=0), Stretch(text=f"y = {EVIL}", owners=2))),
            ShownCell(number=5, parts=(Stretch(text="z = 1", owners=9),)),
        ),
        (None, ShownCell(number=6, parts=(Stretch(text="alone", owners=0),))),
    ),
)
ALONE = Suspicion(
    people=(person("vera"),),
    reasons=(
        Reason(
            sign=Sign.EMBEDDED,
            says="A literal.",
            marks=(CodeMark(kind=LiteralMark.LITERAL, cell=2, line=4, size=4153, excerpt=EVIL),),
        ),
    ),
)
FINDINGS = Findings(
    assignment="hw",
    students=30,
    notebooks=28,
    claims=41,
    cases=(PAIR, ALONE),
    populations=(AGREED,),
    notes=("Something was not compared.",),
)


class Page(HTMLParser):
    """The tags and the addresses of a page; that every tag is closed in its turn."""

    EMPTY = ("meta", "rect", "path")

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.ids, self._open = set(), [], [], []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "action", "style", "srcset")]
        self.ids += [value for name, value in attrs if name == "id"]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in self.EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert tag in self.EMPTY or self._open.pop() == tag


def pages(findings=FINDINGS):
    return dict(render(findings))


def test_there_is_an_index_and_a_page_of_every_case():
    made = pages()
    assert list(made) == ["case-001.html", "case-002.html", "index.html"]
    assert Page(made["index.html"]).links == ["case-001.html", "case-002.html"]
    assert Page(made["case-001.html"]).links == ["index.html"]


@pytest.mark.parametrize("name", ["case-001.html", "case-002.html", "index.html"])
def test_a_page_fetches_nothing_and_runs_nothing(name):
    text = pages()[name]
    page = Page(text)
    assert not page.tags & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "form",
        "base",
        "image",
        "use",
        "foreignobject",
    }
    assert "default-src 'none'" in text
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text
    assert len(page.ids) == len(set(page.ids))


def test_what_students_wrote_is_shown_and_does_nothing():
    for name in ("case-001.html", "case-002.html"):
        text = pages()[name]
        assert "<script" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "\u202e" not in text  # turns the direction of writing: code would not show in its order
        assert "\ufffd" in text


def test_code_is_marked_where_both_have_it_and_apart_where_only_they_have_it():
    text = pages()["case-001.html"]
    assert '<mark class="only">y = ' in text
    assert "<mark>z = 1</mark>" in text
    assert "<mark>alone" not in text


def test_a_flag_stands_in_the_distribution_of_its_class():
    text = pages()["case-001.html"]
    assert 'class="here"' in text
    assert "this pair: 98.8%" in text
    assert "Agreement of two re-runs: 120 pairs, median 93.5%" in text


def test_the_words_are_of_looking_and_not_of_guilt():
    text = " ".join(pages().values()).lower()
    assert not re.search(r"cheat|plagiar|fraud|guilt|suspect|culprit|dishonest|stole", text)
    assert "it may also be: " in text
    assert "nothing on this page has changed a grade" in text


def test_nothing_found_is_said_so():
    text = pages(replace(FINDINGS, cases=(), populations=(), notes=()))["index.html"]
    assert "Nothing stands out." in text
    Page(text)


def test_so_many_cases_do_not_all_get_a_page():
    made = pages(replace(FINDINGS, cases=(ALONE,) * 205))
    assert len(made) == 201
    assert "5 further cases have no page" in made["index.html"]


def test_pages_are_for_the_owner_and_earlier_ones_are_gone(tmp_path):
    folder = tmp_path / "integrity" / "hw"
    index = write_pages(FINDINGS, folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "notes.txt").write_text("mine")
    write_pages(replace(FINDINGS, cases=(ALONE,)), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["case-001.html", "index.html", "notes.txt"]
    assert index.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match=r"taken cannot be written: .*\. Choose another with --output DIR\."):
        write_pages(FINDINGS, tmp_path / "taken")


def test_a_histogram_has_every_value_in_its_place():
    drawn = histogram(population("z", "students", np.array([0.0] * 9 + [30.0]), percent=False), 30.0, "this student")
    assert [x for x, _ in drawn.bars] == [0.5, round(WIDTH - WIDTH / 48 + 0.5, 1)]
    assert drawn.bars[0][1] > drawn.bars[1][1] > 0
    assert (drawn.mark, drawn.mark_label, drawn.mark_anchor) == (WIDTH, "this student: 30", "end")
    assert [label for _, label in drawn.ticks] == ["0", "5", "10", "15", "20", "25", "30"]


def test_a_population_of_one_value_can_be_drawn():
    drawn = histogram(population("Accuracy of claims", "students", np.array([0.9])), 0.9, "this student")
    assert drawn.mark == WIDTH / 2


def test_long_stretches_without_a_match_are_folded_and_short_ones_are_not():
    long, short = "\n".join(map(str, range(40))), "a\nb"
    parts = [Stretch(text="m1", owners=2), Stretch(text=long, owners=0), Stretch(text="m2", owners=5)]
    assert [kind for _, kind in folded(parts)] == ["only", "", "gap", "", "some"]
    assert list(folded(parts))[1:4] == [
        ("0\n1\n2\n", ""),
        ("… 34 lines without a match …", "gap"),
        ("\n37\n38\n39", ""),
    ]
    assert list(folded([Stretch(text=short, owners=0)])) == [(short, "")]
    assert short.count("\n") < FOLD
