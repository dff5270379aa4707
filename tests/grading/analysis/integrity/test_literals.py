import base64
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.analysis.integrity.literals import LiteralMark, known_from, look

LABELS = bytes(random.Random(0).choices(range(10), k=10_000))
PACKED = base64.b85encode(zlib.compress(LABELS, 9)).decode()


def marks(*cells, template=()):
    return [found.kind for found in look(cells, known_from(template, most=2000), most=2000)]


@pytest.mark.parametrize(
    "cell",
    [
        f"ANSWERS = '{PACKED}'",
        f"ANSWERS = r'''{PACKED}''' * 2",
        "ANSWERS = [" + ", ".join(map(str, LABELS)) + "]",
        "answers = (\n" + "\n".join(f"  '{PACKED[i : i + 90]}'" for i in range(0, len(PACKED), 90)) + ")",
        "answers = " + " + ".join(repr(PACKED[i : i + 60]) for i in range(0, len(PACKED), 60)),
        "def predict(images):\n    return 0x" + LABELS.hex(),
        f'"""{PACKED}',
    ],
)
def test_ten_thousand_labels_in_the_code_are_found_however_they_are_written(cell):
    assert marks("import torch", cell) == [LiteralMark.LITERAL]


def test_a_mark_says_where_it_is_and_how_it_begins():
    (found,) = look(["x = 1", f"import torch\n\nANSWERS = '{PACKED}'"], most=2000)
    assert (found.cell, found.line, found.size) == (2, 3, len(PACKED) + 2)
    assert found.excerpt.startswith("ANSWERS = '")
    assert len(found.excerpt) <= 120


def test_many_strings_that_read_like_data_are_added_up():
    chunks = [PACKED[i : i + 400] for i in range(0, 2400, 400)]
    cell = "\n".join(f"part{n} = {chunk!r}; use(part{n})" for n, chunk in enumerate(chunks))
    assert marks(cell) == [LiteralMark.DENSE]


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        ("import base64, zlib", LiteralMark.PACKED),
        ("labels = bytes.fromhex(text)", LiteralMark.PACKED),
        ("open('/usr/share/t10k-labels-idx1-ubyte.gz')", LiteralMark.TEST_DATA),
        ("FashionMNIST('.', train=False)", LiteralMark.TEST_DATA),
        ("pandas.read_csv('fashion-mnist_test.csv')", LiteralMark.TEST_DATA),
    ],
)
def test_names_of_unpacking_and_of_test_data_are_found(cell, mark):
    assert set(marks(cell)) == {mark}
    assert marks(f"# {cell}") == []
    assert marks(f"x = 1\n{cell}\ny = 2", template=[cell]) == []


def test_honest_long_texts_are_no_data():
    docstring = '"""' + "What this function returns, in words. " * 40 + '"""'
    plot = "\n".join(f"axes.set_title('The loss of epoch {n} on all the images', fontsize=1{n})" for n in range(60))
    comments = "# what I tried before this did not work at all\n" * 80
    assert marks(docstring, plot, comments, "net = nn.Sequential(" + "nn.Linear(10, 10), " * 90 + ")") == []


def test_a_very_long_comment_is_a_mark_too():
    assert marks(f"# {PACKED}") == [LiteralMark.COMMENT]


def test_a_literal_of_the_release_is_no_mark():
    table = "TABLE = [" + "1.25, " * 900 + "]"
    assert marks(table, template=[table]) == []
    assert marks(table) == [LiteralMark.LITERAL]


@given(
    st.lists(st.sampled_from(["'", '"""', "\\", "\n", "#", "ab", "7", ",", " ", "f'{x}'", "t10k", "é"])).map("".join)
)
def test_any_text_can_be_looked_at(text):
    for found in look([text], most=2000):
        assert 1 <= found.line <= text.count("\n") + 1


def test_strings_of_the_release_and_addresses_in_comments_are_not_added_up():
    links = "\n".join(f"page = 'https://example.org/{'lecture' * 12}/{n}'; show(page)" for n in range(40))
    assert marks(links) == [LiteralMark.DENSE]
    assert marks(links, template=[links]) == []
    assert marks("\n".join(f"#https://example.org/{'lecture' * 12}/{n}" for n in range(40))) == []
