"""What crosses the wall: frames of a JSON header and raw buffers. One file, used on both sides.

    frame    kind (u8), header length (u32), body length (u32), header (JSON), body (buffers, end to end)
    value    JSON for None, bool, int, finite float, str and list; everything else is {"$": tag, ...}

The side that trusts the other least decides what is allowed: the decoder knows a fixed set of tags and dtypes, checks
every size against the bytes that are there, and refuses duplicate keys, NaN literals and deep nesting. Nothing is ever
unpickled, evaluated, or looked up by a name that the other side sent; what is not plain data crosses as a numbered
reference, and what a reference means is for the caller to say.
"""

import json
import math
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch

FRAME: Final = struct.Struct("<BII")
MAX_HEADER: Final = 8 << 20
MAX_BODY: Final = 96 << 20
MAX_DEPTH: Final = 32
MAX_NODES: Final = 500_000
MAX_DIMENSIONS: Final = 16

# Frame kinds, host to supervisor. Frames that the supervisor only passes on are REQUEST and REPLY.
STAGE, OPEN, REQUEST, CLOSE, PIPES = range(1, 6)
# Supervisor to host.
READY, OPENED, REPLY, ENDED, CLOSED = range(11, 16)

TORCH_DTYPES: Final = {
    name: getattr(torch, name)
    for name in (
        *("float64", "float32", "float16", "bfloat16", "complex64", "complex128", "bool"),
        *("uint8", "int8", "int16", "int32", "int64"),
    )
}
NUMPY_KINDS: Final = "biufc"


class WireError(ValueError):
    """The bytes are not a frame or value of this protocol."""


class NotPlainError(TypeError):
    """A value that cannot cross, and what to do instead."""


Reference = Callable[[Any], dict[str, Any]]
Dereference = Callable[[dict[str, Any]], Any]
Leaf = Callable[[torch.Tensor, dict[str, Any]], torch.Tensor]


def pack(kind: int, header: dict[str, Any], body: Sequence[bytes | memoryview] = ()) -> bytes:
    """One frame. Raises NotPlain when it would be larger than the other side accepts."""
    text = _WRITER.encode(header).encode()
    size = sum(len(part) for part in body)
    if len(text) > MAX_HEADER or size > MAX_BODY:
        raise NotPlainError(
            f"a value of {(len(text) + size) >> 20} MiB is too large to cross; send a smaller part of it"
        )
    return b"".join((FRAME.pack(kind, len(text), size), text, *body))


def frame_size(prefix: bytes) -> tuple[int, int, int]:
    """Kind, header length and body length from the first FRAME.size bytes. Raises WireError when out of bounds."""
    kind, header, body = FRAME.unpack(prefix)
    if header > MAX_HEADER or body > MAX_BODY:
        raise WireError(f"a frame of {header} + {body} bytes is too large")
    return kind, header, body


def unpack_header(text: bytes) -> dict[str, Any]:
    """The JSON header of a frame, read strictly. Raises WireError."""
    try:
        header = _READER.decode(text.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a header: {error}") from None
    if type(header) is not dict:
        raise WireError("a header is a JSON object")
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise WireError("a key is given twice")
    return table


def _no_constant(text: str) -> float:
    raise WireError(f"{text} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise WireError("a number is out of range")
    return value


def _bounded(text: str) -> int:
    if len(text) > 1000:
        raise WireError("an integer is too long")
    return int(text)


_WRITER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_READER: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded
)


class Encoder:
    """Turns values into JSON and buffers. `reference` says how to name what is not plain data (or raises NotPlain)."""

    def __init__(self, reference: Reference) -> None:
        self.body: list[bytes] = []
        self._size = 0
        self._nodes = 0
        self._reference = reference

    def encode(self, value: Any, depth: int = 0) -> Any:
        """The JSON form of `value`; its buffers are appended to `body`. Subclasses cross as their base value."""
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise NotPlainError("the value is nested too deeply, or holds itself, or has too many parts to cross")
        encode = _BY_TYPE.get(type(value)) or self._by_kind(value)
        if encode is not None:
            return encode(self, value, depth)
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(value, pandas.DataFrame):
            return self._frame(value, depth)
        if pandas is not None and isinstance(value, pandas.Series):
            return self._series(value, depth)
        return self._reference(value)

    def _by_kind(self, value: Any) -> "Encode | None":
        # By the real type: what an object says of its class (a stand-in's is its student's claim) does not matter here.
        return next((encode for kind, encode in _ENCODERS if issubclass(type(value), kind)), None)

    def _buffer(self, data: bytes) -> list[int]:
        start, self._size = self._size, self._size + len(data)
        if self._size > MAX_BODY:
            raise NotPlainError(f"more than {MAX_BODY >> 20} MiB of arrays are too large to cross")
        self.body.append(data)
        return [start, len(data)]

    def _number(self, value: float, _: int) -> Any:
        value = float(value)
        return value if math.isfinite(value) else {"$": "float", "v": repr(value)}

    def _integer(self, value: int, _: int) -> Any:
        value = int(value)
        if value.bit_length() > 3000:
            raise NotPlainError("an integer of more than 900 digits is too large to cross")
        return value

    def _items(self, values: Any, depth: int) -> list[Any]:
        return [self.encode(value, depth + 1) for value in values]

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        return {"$": "dict", "v": [self._items(pair, depth + 1) for pair in dict.items(value)]}

    def _array(self, value: np.ndarray, depth: int) -> Any:
        shape = list(value.shape)
        if value.dtype.kind in NUMPY_KINDS:
            plain = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("="), copy=False)
            return {"$": "ndarray", "dtype": plain.dtype.name, "shape": shape, "at": self._buffer(plain.tobytes())}
        tag = "strings" if value.dtype.kind == "U" else "objects"
        return {"$": tag, "shape": shape, "v": self._items(value.ravel().tolist(), depth)}

    def _scalar(self, value: np.generic, depth: int) -> Any:
        if value.dtype.kind not in NUMPY_KINDS:
            return self.encode(value.item(), depth)
        return {"$": "scalar", "dtype": value.dtype.name, "at": self._buffer(value.tobytes())}

    def _tensor(self, value: torch.Tensor, depth: int) -> Any:
        name = str(value.dtype).removeprefix("torch.")
        if name not in TORCH_DTYPES or value.layout is not torch.strided:
            raise NotPlainError(
                f"a {value.layout} tensor of {value.dtype} cannot cross; convert it to a dense one first"
            )
        plain = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
        raw = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
        form: dict[str, Any] = {"$": "tensor", "dtype": name, "shape": list(value.shape), "at": self._buffer(raw)}
        if isinstance(value, torch.nn.Parameter):
            form["parameter"] = True
        if value.requires_grad:
            form["leaf"] = self._reference(value)
            form["graph"] = not value.is_leaf
            if value.is_leaf and value.grad is not None:
                form["grad"] = self.encode(value.grad.detach(), depth + 1)
        return form

    def _frame(self, value: Any, depth: int) -> Any:
        columns = [self._column(value.iloc[:, i], depth) for i in range(value.shape[1])]
        labels = self._items(value.columns.tolist(), depth)
        return {"$": "frame", "columns": labels, "index": self._column(value.index, depth), "v": columns}

    def _series(self, value: Any, depth: int) -> Any:
        name = self.encode(value.name, depth + 1)
        return {"$": "series", "name": name, "index": self._column(value.index, depth), "v": self._column(value, depth)}

    def _column(self, column: Any, depth: int) -> Any:
        array = column.to_numpy()
        return self._array(array if array.dtype.kind in NUMPY_KINDS else column.to_numpy(dtype=object), depth + 1)

    def _slice(self, value: slice, depth: int) -> Any:
        return {"$": "slice", "v": self._items((value.start, value.stop, value.step), depth)}


# In this order: bool is an int, numpy's float64 is a float, torch.Size is a tuple.
Encode = Callable[[Encoder, Any, int], Any]
_ENCODERS: Final[tuple[tuple[Any, Encode], ...]] = (
    (type(None), lambda self, value, depth: None),
    (type(...), lambda self, value, depth: {"$": "ellipsis"}),
    (bool, lambda self, value, depth: value),
    (np.generic, Encoder._scalar),
    (int, Encoder._integer),
    (float, Encoder._number),
    (str, lambda self, value, depth: str.__str__(value)),
    (torch.Tensor, Encoder._tensor),
    (np.ndarray, Encoder._array),
    (torch.Size, lambda self, value, depth: {"$": "size", "v": self._items(tuple(value), depth)}),
    (list, lambda self, value, depth: self._items(list.__iter__(value), depth)),
    (tuple, lambda self, value, depth: {"$": "tuple", "v": self._items(tuple.__iter__(value), depth)}),
    (dict, Encoder._dict),
    (set, lambda self, value, depth: {"$": "set", "v": self._items(set.__iter__(value), depth)}),
    (frozenset, lambda self, value, depth: {"$": "frozenset", "v": self._items(frozenset.__iter__(value), depth)}),
    ((bytes, bytearray), lambda self, value, depth: {"$": "bytes", "at": self._buffer(bytes(value))}),
    (complex, lambda self, value, depth: {"$": "complex", "v": self._items((value.real, value.imag), depth)}),
    (slice, Encoder._slice),
    (range, lambda self, value, depth: {"$": "range", "v": self._items((value.start, value.stop, value.step), depth)}),
    (torch.dtype, lambda self, value, depth: {"$": "torch.dtype", "v": str(value).removeprefix("torch.")}),
    (torch.device, lambda self, value, depth: {"$": "device"}),
    (np.dtype, lambda self, value, depth: {"$": "numpy.dtype", "v": value.name}),
)
_BY_TYPE: Final[dict[type, Encode]] = {kind: encode for kind, encode in _ENCODERS if type(kind) is type}


class Decoder:
    """Rebuilds values as exactly the base types. Every failure is a WireError.

    `dereference` gives the object that a {"$": "ref", ...} form stands for; `leaf` is given each tensor that requires
    grad, with its form ("leaf" names it, "graph" says that it was computed), and returns the tensor to hand on.
    """

    def __init__(self, body: bytes | bytearray | memoryview, dereference: Dereference, leaf: Leaf) -> None:
        self._body = memoryview(body)
        self._nodes = 0
        self._dereference = dereference
        self._leaf = leaf

    def decode(self, form: Any) -> Any:
        """The value of a JSON form."""
        try:
            return self._decode(form, 0)
        except WireError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError, IndexError, AttributeError, RuntimeError) as error:
            raise WireError(f"not a value: {type(error).__name__}: {error}") from None

    def _decode(self, form: Any, depth: int) -> Any:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise WireError("a value is nested too deeply or has too many parts")
        if type(form) is list:
            return [self._decode(item, depth + 1) for item in form]
        if type(form) is not dict:
            return form
        tag = form.get("$")
        if tag == "ref":
            return self._dereference(form)
        decode = _DECODERS.get(tag) if type(tag) is str else None
        if decode is None:
            raise WireError(f"unknown tag {str(tag)[:40]!r}")
        return decode(self, form, depth)

    def _items(self, form: dict[str, Any], depth: int) -> list[Any]:
        items = form["v"]
        if type(items) is not list:
            raise WireError("the parts of a value are a list")
        return [self._decode(item, depth + 1) for item in items]

    def _buffer(self, form: dict[str, Any]) -> memoryview:
        start, size = form["at"]
        if type(start) is not int or type(size) is not int or not 0 <= start <= start + size <= len(self._body):
            raise WireError("a buffer lies outside the frame")
        return self._body[start : start + size]

    def _shape(self, form: dict[str, Any]) -> tuple[int, ...]:
        shape = form["shape"]
        if type(shape) is not list or len(shape) > MAX_DIMENSIONS or not all(type(n) is int and n >= 0 for n in shape):
            raise WireError("a shape is a short list of sizes")
        return tuple(shape)

    def _raw(self, form: dict[str, Any], itemsize: int) -> tuple[bytearray, tuple[int, ...]]:
        data, shape = self._buffer(form), self._shape(form)
        if len(data) != math.prod(shape) * itemsize:
            raise WireError("a buffer does not fit its shape")
        if form["dtype"] == "bool" and data.tobytes().strip(b"\0\1"):
            raise WireError("a bool is 0 or 1")
        return bytearray(data), shape

    def _array(self, form: dict[str, Any], _: int) -> np.ndarray:
        dtype = _numpy_dtype(form["dtype"])
        data, shape = self._raw(form, dtype.itemsize)
        return np.frombuffer(data, dtype).reshape(shape)

    def _scalar(self, form: dict[str, Any], _: int) -> Any:
        dtype = _numpy_dtype(form["dtype"])
        data, _shape = self._raw({**form, "shape": []}, dtype.itemsize)
        return np.frombuffer(data, dtype)[0]

    def _strings(self, form: dict[str, Any], depth: int) -> np.ndarray:
        items = self._items(form, depth)
        if not all(type(item) is str for item in items):
            raise WireError("an array of strings holds strings")
        return np.array(items, dtype=str).reshape(self._shape(form))

    def _objects(self, form: dict[str, Any], depth: int) -> np.ndarray:
        items = self._items(form, depth)
        array = np.empty(len(items), dtype=object)
        for i, item in enumerate(items):  # an assignment to the whole would spread lists over it
            array[i] = item
        return array.reshape(self._shape(form))

    def _tensor(self, form: dict[str, Any], depth: int) -> torch.Tensor:
        dtype = TORCH_DTYPES[form["dtype"]]
        data, shape = self._raw(form, dtype.itemsize)
        tensor = torch.frombuffer(data, dtype=dtype).reshape(shape) if data else torch.empty(shape, dtype=dtype)
        if form.get("parameter") is True:
            tensor = torch.nn.Parameter(tensor, requires_grad=False)
        if "leaf" not in form:
            return tensor
        if not (dtype.is_floating_point or dtype.is_complex):
            raise WireError("only a floating point tensor requires grad")
        tensor = self._leaf(tensor.requires_grad_(), form)
        if "grad" in form:
            grad = self._decode(form["grad"], depth + 1)
            if type(grad) is not torch.Tensor or grad.shape != tensor.shape or grad.dtype is not dtype:
                raise WireError("a gradient has the shape and dtype of its tensor")
            tensor.grad = grad
        return tensor

    def _frame(self, form: dict[str, Any], depth: int) -> Any:
        import pandas

        columns = dict(enumerate(self._items(form, depth)))
        frame = pandas.DataFrame(columns, index=self._decode(form["index"], depth + 1))
        frame.columns = self._items({"v": form["columns"]}, depth)
        return frame

    def _series(self, form: dict[str, Any], depth: int) -> Any:
        import pandas

        index = self._decode(form["index"], depth + 1)
        return pandas.Series(
            self._decode(form["v"], depth + 1), index=index, name=self._decode(form["name"], depth + 1)
        )

    def _range(self, form: dict[str, Any], depth: int) -> range:
        start, stop, step = self._items(form, depth)
        return range(start, stop, step)

    def _slice(self, form: dict[str, Any], depth: int) -> slice:
        start, stop, step = self._items(form, depth)
        return slice(start, stop, step)

    def _dict(self, form: dict[str, Any], depth: int) -> dict[Any, Any]:
        return {key: value for key, value in self._items(form, depth)}

    def _float(self, form: dict[str, Any], _: int) -> float:
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[form["v"]]


def _numpy_dtype(name: Any) -> np.dtype[Any]:
    dtype = _NUMPY_DTYPES.get(name) if type(name) is str else None
    if dtype is None:
        raise WireError(f"unknown dtype {str(name)[:40]!r}")
    return dtype


_NUMPY_DTYPES: Final = {
    np.dtype(code).name: np.dtype(code) for code in np.typecodes["All"] if np.dtype(code).kind in NUMPY_KINDS
}
_DECODERS: Final[dict[str, Callable[[Decoder, dict[str, Any], int], Any]]] = {
    "float": Decoder._float,
    "ellipsis": lambda self, form, depth: ...,
    "tuple": lambda self, form, depth: tuple(self._items(form, depth)),
    "dict": Decoder._dict,
    "set": lambda self, form, depth: set(self._items(form, depth)),
    "frozenset": lambda self, form, depth: frozenset(self._items(form, depth)),
    "bytes": lambda self, form, depth: bytes(self._buffer(form)),
    "complex": lambda self, form, depth: complex(*self._items(form, depth)),
    "slice": Decoder._slice,
    "range": Decoder._range,
    "size": lambda self, form, depth: torch.Size(self._items(form, depth)),
    "torch.dtype": lambda self, form, depth: TORCH_DTYPES[form["v"]],
    "numpy.dtype": lambda self, form, depth: _numpy_dtype(form["v"]),
    "device": lambda self, form, depth: torch.device("cpu"),
    "ndarray": Decoder._array,
    "scalar": Decoder._scalar,
    "strings": Decoder._strings,
    "objects": Decoder._objects,
    "tensor": Decoder._tensor,
    "frame": Decoder._frame,
    "series": Decoder._series,
}
