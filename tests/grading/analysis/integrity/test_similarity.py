import re

from hypothesis import given
from hypothesis import strategies as st

from grading.analysis.integrity.similarity import (
    FRAGMENT,
    MAX_CODE,
    compare,
    fragments,
    marked,
    own_cells,
    side_by_side,
    tokens,
)

LOOP = """def fit(model, loader, rate):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for X, y in loader:
        loss = F.cross_entropy(model(X), y)  # the mean
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""
RENAMED = '''def train(net, data, eta):
  """Trains."""
  opt = torch.optim.SGD( net.parameters(),  lr = eta )
  for images, labels in data :
    # forward
    error = F.cross_entropy(net(images), labels)
    opt.zero_grad()

    error.backward()
    opt.step()
'''
OTHER = """def accuracy(classes, labels):
    right = [int(a == b) for a, b in zip(classes.tolist(), labels.tolist())]
    return sum(right) / max(len(right), 1) if right else float("nan")
"""


def texts(code):
    return [token.text for token in tokens(code)]


def test_names_comments_layout_strings_and_numbers_make_no_difference():
    assert texts(LOOP) == texts(RENAMED)
    assert texts("x = 'a' 'b' + 1.5") == texts('answer = "c" + 10')


def test_what_stands_after_a_dot_and_builtins_keep_their_names():
    assert texts("torch.relu(x)") == ["V", ".", "relu", "(", "V", ")"]
    assert texts("torch.relu(x)") != texts("torch.tanh(x)")
    assert texts("len(x)") == ["len", "(", "V", ")"]


def test_a_renamed_copy_is_the_same_and_another_function_is_not():
    found = compare([fragments(LOOP), fragments(RENAMED), fragments(OTHER)])
    assert found.values[0, 1] == 1
    assert found.values[0, 2] == 0


def test_padding_does_not_hide_a_copy_and_neither_does_the_order_of_cells():
    found = compare(
        [fragments(LOOP) | fragments(OTHER), fragments(OTHER + "x()") | fragments(RENAMED), fragments(LOOP)]
    )
    assert found.values[0, 1] == 1


def test_what_many_have_weighs_less_than_what_two_have():
    common, rare = {f"c{n}" for n in range(20)}, {f"r{n}" for n in range(20)}
    own = [{f"{who} {n}" for n in range(20)} for who in range(8)]
    notebooks = [common | rare | own[0], common | rare | own[1], *(common | each for each in own[2:])]
    found = compare(notebooks)
    assert found.values[0, 1] > 2 * found.values[0, 2]
    assert found.owners["c0"] == 8


def test_nothing_is_like_nothing():
    assert compare([set(), set()]).values.tolist() == [[0, 0], [0, 0]]


def test_cells_that_were_released_so_are_left_out():
    assert own_cells(["import torch\n", LOOP, "  "], ["import torch"]) == {2: LOOP}
    assert sum(map(len, own_cells(["x = 1\n" * 60_000], []).values())) == MAX_CODE


def test_cells_stand_beside_those_most_like_them_and_each_is_there_once():
    first, second = [{"a", "b"}, {"c"}, {"d"}], [{"x"}, {"c", "y"}, {"a", "b", "c"}]
    assert side_by_side(first, second) == [(0, 2), (1, 1), (2, None), (None, 0)]
    assert side_by_side([], [{"a"}]) == [(None, 0)]
    assert side_by_side([{"a"}], []) == [(0, None)]


def test_marks_cover_what_both_have_and_say_how_many_have_it():
    cell = f"{OTHER}\n\n{LOOP}"
    shared = fragments(LOOP)
    parts = marked(cell, shared, dict.fromkeys(shared, 2))
    assert "".join(part.text for part in parts) == cell
    (own,) = [part.text for part in parts if part.owners]
    assert own.startswith("def fit(")
    assert own.rstrip().endswith(".step()")
    assert {part.owners for part in parts} == {0, 2}


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["'", '"""', "f'{", "\\", "\n", "(", "x", "#", "%%", "0x"])).map("".join)
)
def test_what_is_no_python_is_cut_all_the_same(text):
    found = tokens(text)
    assert all(0 <= token.start < token.end <= len(text) for token in found)
    assert "".join(part.text for part in marked(text, fragments(text), {})) == text


def test_a_line_that_everybody_writes_is_shorter_than_a_fragment():
    assert len(tokens("optimizer.zero_grad()")) < FRAGMENT
    assert not re.search(r"\d", str(fragments("optimizer.zero_grad()")))
