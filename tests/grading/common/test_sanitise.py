import base64
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from grading.common.sanitise import ATTRIBUTES, TAGS, harmless_cell, harmless_html, harmless_markdown

PIXEL = base64.b64encode(b"\x89PNG").decode()
BITS = (
    "<div>|</div>|<pre>|</pre>|<script>|</script>|<img src=x onerror=a()>|<!--|-->|<svg>|<math>|"
    "<a href='javascript:a()'>|<a href='https://a.b'>|[a](b)|```|\n|\n\n|    |# |> |- |$$|\t|\r|&|<"
)
MARKUP = st.lists(st.sampled_from(BITS.split("|")) | st.text(max_size=5)).map("".join)


class Parts(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found |= {tag, *(f"{tag} {name}" for name, _ in attrs)}
        assert dict(attrs).get("href") in (None, "https://a.b")


def output(**data) -> dict[str, object]:
    form = {"output_type": "display_data", "metadata": {"isolated": True}, "data": data.pop("data", data)}
    made = harmless_cell({"cell_type": "code", "source": "", "outputs": [form]})["outputs"]
    return made[0]["data"] if made else {}


@settings(deadline=None)
@given(MARKUP)
def test_a_page_that_renders_it_as_markdown_once_more_changes_nothing(text):
    made = harmless_markdown(text)
    assert markdown2html_mistune(made).rstrip("\n") == made


@settings(deadline=None)
@given(MARKUP)
def test_no_tag_and_no_attribute_is_left_that_was_not_meant_to(text):
    attributes = {f"{tag} {name}" for tag, names in ATTRIBUTES.items() for name in names}
    assert Parts(harmless_html(text)).found <= TAGS | attributes | {"a rel"}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("# A *title*", "<h1>A <em>title</em></h1>"),
        ("if $a<b$ and $$\\sum_i x_i$$", "<p>if $a&lt;b$ and $$\\sum_i x_i$$</p>"),
        ("| a |\n|--:|\n| 1 |", '<td style="text-align:right">1</td>'),
        ("```python\nx = 1\n\ny\n```", '<span class="n">x</span> <span class="o">=</span>'),
        (
            "[out](https://pytorch.org)",
            '<a href="https://pytorch.org" rel="noopener noreferrer">out</a>',
        ),
        (f"![plot](data:image/png;base64,{PIXEL})", f'<img src="data:image/png;base64,{PIXEL}" alt="plot">'),
        ("![pasted](attachment:a.png) and more", '<img alt="pasted"> and more'),
    ],
)
def test_honest_markdown_looks_as_it_did(typed, shown):
    assert shown in harmless_markdown(typed)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("<a href=' java\nscript:a()'>x</a>", '<a rel="noopener noreferrer">x</a>'),
        ("<a href='/formgrader/api/x'>x</a>", '<a rel="noopener noreferrer">x</a>'),
        ("<a href='data:text/html,x'>x</a>", '<a rel="noopener noreferrer">x</a>'),
        ("<img src='https://example.org/seen'>", "<img>"),
        ("<img src='data:image/svg+xml;base64,AAAA'>", "<img>"),
        ("<img width='1 onload=a()' height=10>", '<img height="10">'),
        ("<div class='modal fade' id=q1 style='position:fixed;text-align:left'>x</div>", "<div>x</div>"),
        ("<span class='k mi'>x</span>", '<span class="k mi">x</span>'),
        ("<svg><script>a()</script></svg><form action=/x><button>b</button></form>", "b"),
    ],
)
def test_of_html_stays_what_does_nothing(typed, shown):
    assert harmless_html(typed) == shown


@pytest.mark.parametrize("text", ["> " * 5000, "<div>" * 3000, "[" * 20_001, "![](" * 4000])
def test_markdown_made_to_choke_on_is_shown_all_the_same(text):
    assert harmless_markdown(text).startswith("<div>")


def test_a_raw_cell_is_shown_as_it_is_typed():
    cell = harmless_cell(
        {"cell_type": "raw", "source": ["<script>\n", "a()"], "metadata": {"raw_mimetype": "text/html"}}
    )
    assert cell == {
        "cell_type": "markdown",
        "metadata": {},
        "source": "<div><pre>&lt;script&gt;&#10;a()</pre></div>",
    }


def test_of_an_output_stay_text_tables_and_pictures():
    table = (
        "<style>td {}</style><table border='1' class='dataframe'><tr style='text-align: right;'><td>1</td></tr></table>"
    )
    kept = {"text/plain": "1", "text/html": table, "image/png": f"{PIXEL[:4]}\n{PIXEL[4:]}"}
    assert output(data=kept | {"image/svg+xml": "<svg/>", "application/javascript": "a()", "text/x": "x"}) == {
        "text/plain": "1",
        "text/html": '<table border="1"><tbody><tr style="text-align:right"><td>1</td></tr></tbody></table>',
        "image/png": PIXEL,
    }
    assert output(data={"text/markdown": "*a*"}) == {"text/html": "<div><p><em>a</em></p>&#10;</div>"}
    assert output(data={"text/plain": "<Figure>", "text/html": "<script>a()</script>"}) == {"text/plain": "<Figure>"}
    assert output(data={"image/png": '"><script>', "application/javascript": "a()"}) == {}


def test_of_anything_else_in_a_code_cell_stays_only_what_nbformat_knows():
    evil = {"output_type": "stream", "name": "<b>", "text": ["a", {"b": 1}], "metadata": {"tags": ["x"]}}
    error = {"output_type": "error", "ename": "E", "evalue": 7, "traceback": ["\x1b[31m<b>", None]}
    cell = {"cell_type": "code", "source": "x", "id": "<b>", "execution_count": "<b>", "metadata": {"a": 1}}
    assert harmless_cell(cell | {"outputs": [evil, error, {"output_type": "comm"}]}) == {
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "source": "x",
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": "a"},
            {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\x1b[31m<b>", ""]},
        ],
    }
