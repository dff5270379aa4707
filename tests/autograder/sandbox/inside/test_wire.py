import collections
import json
import math
import struct

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.sandbox.inside import wire
from autograder.sandbox.inside.wire import decode


def crossed(value):
    """The value as the other side gets it."""
    encoder = wire.Encoder(refuse)
    form = encoder.encode(value)
    return opened(wire.pack(wire.REPLY, {"value": form}, encoder.body))


def opened(frame):
    _, header, _ = wire.frame_size(frame[: wire.FRAME.size])
    start = wire.FRAME.size
    form = wire.unpack_header(frame[start : start + header]).get("value")
    return wire.Decoder(frame[start + header :], lambda form: form, lambda tensor, form: tensor).decode(form)


def refuse(value):
    raise wire.NotPlainError(type(value).__name__)


Point = collections.namedtuple("Point", "x y")


class Half(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


PLAIN = [
    *(None, True, 7, -(2**80), 2.5, -0.0, "é\x00", b"\x00\xff", 1j, ..., [], [1, [2.0]], (1, "a"), {1, 2}, range(3)),
    *({"a": (1,), 2: None}, frozenset({1}), slice(1, None, 2), torch.float32, torch.Size([2, 3]), np.dtype("int8")),
]


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_data_crosses_as_exactly_its_type(value):
    there = crossed(value)
    assert type(there) is type(value)
    assert there == value


@pytest.mark.parametrize(
    "array",
    [np.arange(6).reshape(2, 3).T, np.zeros((0, 3)), np.array(1.5), np.array([True, False]), np.array(["a", "bc"])],
    ids=str,
)
def test_an_array_crosses_with_its_dtype_and_shape(array):
    there = crossed(array)
    assert type(there) is np.ndarray
    assert there.dtype == array.dtype
    np.testing.assert_array_equal(there, array)


@pytest.mark.parametrize("dtype", list(wire.TORCH_DTYPES.values()), ids=str)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)], ids=str)
def test_a_tensor_crosses_with_its_dtype_and_shape(dtype, shape):
    tensor = torch.ones(shape).to(dtype)
    there = crossed(tensor)
    assert type(there) is torch.Tensor
    assert there.dtype is dtype
    assert torch.equal(there, tensor)


def test_views_cross_by_what_they_show():
    assert torch.equal(crossed(torch.arange(6).reshape(2, 3).t()[1:]), torch.tensor([[1, 4], [2, 5]]))


def test_numpy_scalars_stay_numpy_scalars():
    assert type(crossed(np.float32(1.5))) is np.float32
    assert type(crossed(np.bool_(True))) is np.bool_


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_floats_that_are_no_json_cross(value):
    assert repr(crossed(value)) == repr(value)


def test_tables_cross_by_value():
    table = pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}, index=[5, 6])
    pd.testing.assert_frame_equal(crossed(table), table)
    pd.testing.assert_series_equal(crossed(table["x"]), table["x"])


def test_a_liar_crosses_as_its_base_value():
    assert type(crossed(Half(0.5))) is float
    assert crossed(Half(0.5)) != 0.7
    assert type(crossed(Point(1, 2))) is tuple
    assert type(crossed(collections.OrderedDict(a=1))) is dict


def test_a_tensor_subclass_that_fakes_comparison_crosses_as_a_tensor():
    class Agreeable(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            if func in (torch.equal, torch.allclose):
                return True
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))

    wrong = torch.zeros(2).as_subclass(Agreeable)
    assert torch.equal(wrong, torch.ones(2))
    assert not torch.equal(crossed(wrong), torch.ones(2))


def test_what_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(wire.NotPlainError, match="nested"):
        crossed(endless)


def test_what_is_too_large_is_refused_before_it_is_sent():
    with pytest.raises(wire.NotPlainError, match="too large"):
        crossed(np.zeros(wire.MAX_BODY + 1, dtype=np.uint8))


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{",
        b'{"value": NaN}',
        b'{"value": 1e999}',
        b'{"value": 1, "value": 2}',
        b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"value": ' + b"9" * 5000 + b"}",
        b"\xff",
    ],
    ids=lambda header: str(header[:30]),
)
def test_a_header_that_is_not_strict_json_is_a_protocol_error(header):
    with pytest.raises(wire.WireError):
        wire.unpack_header(header)


ARRAY = {"$": "ndarray", "dtype": "float64", "shape": [2], "at": [0, 16]}
TENSOR = {"$": "tensor", "dtype": "float32", "shape": [4], "at": [0, 16]}


@pytest.mark.parametrize(
    "form",
    [
        {"$": "pickle", "at": [0, 16]},
        {"$": ["tensor"]},
        {"v": 1},
        ARRAY | {"dtype": "object"},
        ARRAY | {"dtype": "float99"},
        ARRAY | {"shape": [3]},
        ARRAY | {"shape": [-2]},
        ARRAY | {"shape": [True, 2]},
        ARRAY | {"shape": [2.0]},
        ARRAY | {"shape": [1] * 40},
        ARRAY | {"at": [8, 16]},
        ARRAY | {"at": [-8, 16]},
        ARRAY | {"at": [0, 1 << 40]},
        ARRAY | {"at": "0"},
        ARRAY | {"shape": [0, 1 << 62, 1 << 62], "at": [0, 0]},
        TENSOR | {"dtype": "bool", "shape": [16]},
        TENSOR | {"dtype": "int32", "leaf": {}},
        TENSOR | {"leaf": {}, "grad": {"$": "tensor", "dtype": "float32", "shape": [2], "at": [0, 8]}},
        {"$": "dict", "v": [[1, 2, 3]]},
        {"$": "dict", "v": [[[], 2]]},
        {"$": "set", "v": [[]]},
        {"$": "size", "v": ["a"]},
        {"$": "strings", "shape": [2], "v": ["a", 1]},
        {"$": "objects", "shape": [3], "v": [1]},
        {"$": "range", "v": [0, 1, 0]},
        {"$": "float", "v": "1e9"},
    ],
    ids=str,
)
def test_a_value_that_does_not_add_up_is_a_protocol_error(form):
    body = b"\x02" * 16
    with pytest.raises(wire.WireError):
        wire.Decoder(body, lambda form: form, lambda tensor, form: tensor).decode(form)


def test_a_length_prefix_cannot_ask_for_gigabytes():
    with pytest.raises(wire.WireError, match="too large"):
        wire.frame_size(struct.pack("<BII", wire.REPLY, 2**32 - 1, 0))


def sample_frames():
    values = [*PLAIN, np.arange(4.0), torch.ones(2, 2), torch.nn.Parameter(torch.ones(2)), pd.DataFrame({"x": [1]})]
    for value in values:
        encoder = wire.Encoder(lambda value: {"$": "ref", "id": 1})
        form = encoder.encode(value)
        yield wire.pack(wire.REPLY, {"value": form}, encoder.body)


FRAMES = list(sample_frames())
FUZZ = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@FUZZ
@given(st.randoms(use_true_random=False), st.sampled_from(FRAMES))
def test_a_mutated_frame_is_a_value_or_a_protocol_error(random, frame):
    for _ in range(12):
        mutated = bytearray(frame)
        for _ in range(random.randint(1, 6)):
            mutated[random.randrange(len(mutated))] = random.randrange(256)
        judge(bytes(mutated[: len(mutated) - random.choice([0, 0, 0, 1, 7])]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["$", "v", "at", "shape", "dtype"]), inner)
    ),
    max_leaves=12,
)
tagged = st.fixed_dictionaries(
    {"$": st.sampled_from(sorted(decode._DECODERS))},
    optional={
        "v": json_values,
        "at": st.lists(st.integers(-4, 40), min_size=2, max_size=2),
        "shape": st.lists(st.integers(-1, 4), max_size=4),
        "dtype": st.sampled_from(["float32", "int64", "bool", "uint8", "complex64", "object", ""]),
        "leaf": json_values,
        "grad": json_values,
        "columns": json_values,
        "index": json_values,
        "name": json_values,
    },
)


@FUZZ
@given(tagged | json_values, st.binary(max_size=32))
def test_an_invented_value_is_a_value_or_a_protocol_error(form, body):
    judge(
        wire.pack(
            wire.REPLY, json.loads(json.dumps({"value": form}).replace("NaN", "0").replace("Infinity", "0")), [body]
        )
    )


def judge(frame):
    """Decode what a room may have made up: a value of a known kind comes of it, or a protocol error."""
    try:
        value = opened(frame)
    except (wire.WireError, struct.error):
        return
    assert type(value).__module__.split(".")[0] in ("builtins", "numpy", "torch", "pandas")
