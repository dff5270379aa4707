import csv
import io
import json
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from grading.competition.board import Board, BoardRow, Dot, Identity, Shown
from grading.competition.page import PHRASES, board_page
from grading.competition.plot import HEIGHT, LINE_HEIGHT, picture, score_range, spread
from grading.competition.table import board_csv, board_object
from neurograde.cli.tables import board_table

ZONE = ZoneInfo("Europe/Moscow")
START = datetime(2026, 12, 1, 12, tzinfo=ZONE)
ENDS = START + timedelta(days=9)


def row(who="ada", value=0.9041, rank=1, **more):
    score = Shown(value=value, digits=4, low=round(value - 0.007, 4), high=round(value + 0.007, 4))
    return BoardRow(who=who, rank=rank, score=score, entries=2, handed_in=START, **{"moved": 0, **more})


def dot(value, hours=0.0, is_best=False, who="ada"):
    return Dot(who=who, handed_in=START + timedelta(hours=hours), value=value, is_best=is_best)


def final(rows, dots=(), **more) -> Board:
    board = Board(
        rows=tuple(rows), dots=tuple(dots), is_final=True, at=ENDS + timedelta(hours=1), ends=ENDS,
        identity=Identity.NAMES, ranks_only=False, claims=True, metric="accuracy", rows_scored=7000,
        margin=Shown(value=0.0069, digits=4), selected=2, students=len(rows), entries=len(dots), waiting=0, outdated=0,
    )  # fmt: skip
    return replace(board, **more)


class Reader(HTMLParser):
    """Collects tags, and every attribute that makes a browser fetch or run something."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.fetching, self.words = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetching += [key for key, _ in attributes if key in ("src", "href", "srcset", "action") or key[:2] == "on"]

    def handle_data(self, data):
        self.words.append(data)


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.mark.parametrize("language", PHRASES)
def test_the_page_fetches_and_runs_nothing_whatever_names_say(language):
    rows = [row(who=HOSTILE), BoardRow(who=HOSTILE, is_baseline=True, score=Shown(value=0.6, digits=4))]
    page = Reader(board_page(final(rows, [dot(0.9, is_best=True, who=HOSTILE)]), HOSTILE, language))
    assert not {"script", "img", "link", "iframe", "object", "use"} & {*page.tags}
    assert page.fetching == []
    assert page.words.count(HOSTILE) == 3  # the heading and both rows


def test_every_language_says_the_same_things_with_the_same_words_to_fill_in():
    def blanks(texts):
        return {
            name: {field for _, field, _, _ in string.Formatter().parse(text) if field} for name, text in texts.items()
        }

    assert all(blanks(texts) == blanks(PHRASES["en"]) for texts in PHRASES.values())


def test_the_page_says_what_is_on_the_board():
    rows = [
        row(tier=1, moved=3, verified=Shown(value=0.8917, digits=4), public=Shown(value=0.9, digits=2)),
        row("bob", 0.8812, rank=2, tier=2, moved=-2),
    ]
    page = board_page(final(rows, waiting=1, outdated=7), "Clothes")
    words = " ".join(" ".join(Reader(page).words).split())
    for told in ("0.9041", "0.8917", "up 3", "down 2", "to rank 1", "ended 2026-12-10 12:00", "±0.0069", "7 000"):
        assert told in words
    assert "their time has not ended: 1" in words
    assert "held-out data changed: 7" in words
    assert 'aria-label="0.8971 to 0.9111"' in page


def test_a_board_of_ranks_has_no_picture_and_no_score():
    page = board_page(final([replace(row(), score=None)], ranks_only=True, margin=None), "Clothes")
    assert "svg" not in Reader(page).tags
    assert "0.9" not in "".join(Reader(page).words[1:])


def test_an_empty_board_says_so():
    board = final([], metric="", rows_scored=0, margin=None)
    assert "Nobody has an entry yet." in board_page(board, "Clothes")


def test_the_pictures_own_scale_shows_all_but_what_is_far_below():
    entries = [0.88, 0.885, 0.89, 0.895, 0.9, 0.1]
    low, high = score_range(entries, [0.63])
    assert 0.63 < low < 0.88
    assert high > 0.9
    drawn = picture(final([row()], [dot(value, hours) for hours, value in enumerate(entries)]))
    assert drawn.clipped == 1


def test_a_class_of_one_has_a_picture_too():
    drawn = picture(final([row(value=1.0)], [dot(1.0, is_best=True)]))
    assert drawn.high == 1.0
    assert drawn.low < 1.0
    assert len(drawn.marks) == 1


def test_the_record_goes_up_where_the_class_gets_better_and_only_there():
    drawn = picture(final([row()], [dot(0.8), dot(0.7, 1), dot(0.9, 2), dot(0.9, 3)]))
    assert drawn.record.count("V") == 1


def test_a_better_score_is_higher_and_a_later_one_further_right():
    drawn = picture(final([row()], [dot(0.8, 0, True), dot(0.9, 5, True)]))
    first, second = drawn.marks
    assert first.x < second.x < drawn.deadline
    assert first.y > second.y


def test_a_baseline_that_the_picture_does_not_reach_is_marked():
    far, near = (
        BoardRow(who=str(value), is_baseline=True, score=Shown(value=value, digits=4)) for value in (0.1, 0.89)
    )
    drawn = picture(final([row(), far, near], [dot(0.9), dot(0.88, 1), dot(0.89, 2)]))
    assert [(line.name, line.is_below) for line in drawn.baselines] == [("0.1", True), ("0.89", False)]


@given(st.lists(st.floats(20, HEIGHT - 40), min_size=1, max_size=12))
def test_no_label_covers_another_and_their_order_stays(wanted):
    places = spread(wanted)
    assert sorted(range(len(wanted)), key=lambda i: (wanted[i], places[i])) == sorted(
        range(len(wanted)), key=lambda i: places[i]
    )
    ordered = sorted(places)
    assert all(b - a > LINE_HEIGHT - 1e-6 for a, b in pairwise(ordered))


def test_names_never_become_formulas_in_a_spreadsheet():
    content = board_csv(final([row(who="=HYPERLINK(1)")])).decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(content))
    assert (line["name"], line["rank"], line["score"], line["low"]) == ("'=HYPERLINK(1)", "1", "0.9041", "0.8971")


def test_json_has_null_for_what_is_not_shown():
    told = json.loads(json.dumps(board_object(final([replace(row(), score=None)], ranks_only=True), "hw")))
    assert (told["scores"], told["rows"][0]["score"], told["ends"]) == (None, None, "2026-12-10T12:00:00+03:00")


def test_the_terminal_shows_names_as_they_are_and_leaves_out_columns_that_say_nothing():
    out = io.StringIO()
    Console(file=out, width=120, color_system=None).print(board_table(final([row(who="[red]ada[/]")]), "hw"))
    assert "[red]ada[/]" in out.getvalue()
    assert "0.8971-0.9111" in out.getvalue()
    assert "re-run" not in out.getvalue()


def test_times_near_each_other_are_told_by_the_hour_and_the_day_once():
    board = final([row()], [dot(0.9), dot(0.91, 20)], at=START.astimezone(ZONE) + timedelta(hours=21), is_final=False)
    drawn = picture(board)
    assert drawn.by_hour
    assert all(tick.when.utcoffset() == timedelta(hours=3) for tick in drawn.time_ticks)
    assert "01 Dec" in board_page(board, "Clothes")
    assert START.astimezone(UTC).hour == 9  # so the ticks above are Moscow's
