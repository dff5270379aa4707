import csv
import io
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.model.errors import ConfigError
from grading.common.spreadsheet import clean, neutral, number, read_csv, restored, to_csv

hostile = st.text(alphabet=st.sampled_from([*"=+-@;,'\" \t\r\nAя", "\uff1d", "\u202e", "\ufeff", "\x00"]), max_size=12)
texts = st.one_of(hostile, st.text(max_size=12))
FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001


def rows_of(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


@settings(deadline=None)
@given(st.lists(st.lists(texts, min_size=2, max_size=3), min_size=1, max_size=3), st.sampled_from(",;"))
def test_no_cell_begins_a_formula_in_a_spreadsheet_that_splits_at_commas_or_at_semicolons(rows, delimiter):
    for row in rows_of(to_csv(rows), delimiter):
        for cell in row:
            assert cell == "-" or not cell.lstrip(' "').startswith(FORMULA)


@settings(deadline=None)
@given(texts)
def test_a_cell_is_read_as_it_was_written(text):
    assert restored(neutral(text)) == clean(text)
    _, (_, (cell, end)) = read_csv(to_csv([["text", "end"], [text, "end"]]), "f.csv")
    assert (restored(cell), end) == (clean(text), "end")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+7 900", "'+7 900"),
        ("@handle", "'@handle"),
        (" \t=1+1", "'=1+1"),
        ("Ivan;=1+1", "Ivan;'=1+1"),
        ("＝1+1", "'＝1+1"),  # noqa: RUF001
        ("Anne-Marie", "Anne-Marie"),
        ("'t Hooft", "'t Hooft"),
        ("-", "'-"),
    ],
)
def test_what_would_begin_a_formula_gets_an_apostrophe_and_nothing_else_does(text, cell):
    assert neutral(text) == cell


def test_a_dash_alone_is_no_formula_inside_a_row():
    assert rows_of(to_csv([["-", "-", "-1"]])) == [["'-", "-", "'-1"]]


def test_characters_that_nobody_sees_are_left_out():
    assert clean("Ada\u202e  Love\x00lace\r\n\ufeff") == "Ada Love lace"


@pytest.mark.parametrize(
    ("value", "text"),
    [(7.0, "7"), (0.1 + 0.2, "0.3"), (-0.0, "0"), (1e-9, "0"), (1234567.5, "1234567.5"), (100.0, "100"), (3, "3")],
)
def test_numbers_are_short_and_have_no_exponent(value, text):
    assert number(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_not_written(value):
    with pytest.raises(ValueError, match="not a number"):
        number(value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_are_read_in_utf8_and_utf16(encoding, delimiter):
    content = f"id{delimiter}name\r\n\r\n1{delimiter}Ёлка\r\n".encode(encoding)
    assert list(read_csv(content, "f.csv")) == [(1, ["id", "name"]), (3, ["1", "Ёлка"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04rest", 'f.csv is an Excel workbook. Save it as "CSV UTF-8" and give that file.'),
        ("id\nЁж\n".encode("cp1251"), "f.csv is not UTF-8 (line 2), and names must not be guessed. Save it as"),
        (b'id,name\n1,"Ada\n', "f.csv, line 2: unexpected end of data. Mend the quotes there, or export the file"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_with_its_line_and_a_way_out(content, message):
    with pytest.raises(ConfigError) as caught:
        list(read_csv(content, "f.csv"))
    assert str(caught.value).startswith(message)
