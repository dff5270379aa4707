"""Values on their way out: turned into JSON and buffers."""

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import torch

from autograder.sandbox.inside.wire.dtypes import NUMPY_KINDS, TORCH_DTYPES
from autograder.sandbox.inside.wire.frames import MAX_BODY, MAX_DEPTH, MAX_NODES, NotPlainError

Reference = Callable[[Any], dict[str, Any]]


class Encoder:
    """Turns values into JSON and buffers.

    `reference` says how to name what is not plain data, or raises NotPlainError.
    """

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
        encode = _ENCODERS.get(type(value)) or _by_kind(type(value))
        return encode(self, value, depth)

    def _buffer(self, data: bytes) -> list[int]:
        start, self._size = self._size, self._size + len(data)
        if self._size > MAX_BODY:
            raise NotPlainError(f"more than {MAX_BODY >> 20} MiB of arrays are too large to cross")
        self.body.append(data)
        return [start, len(data)]

    def _items(self, values: Iterable[Any], depth: int) -> list[Any]:
        return [self.encode(value, depth + 1) for value in values]

    def _itself(self, value: bool | None, _: int) -> Any:
        return value

    def _ellipsis(self, _value: Any, _: int) -> Any:
        return {"$": "ellipsis"}

    def _integer(self, value: int, _: int) -> Any:
        value = int(value)
        if value.bit_length() > 3000:
            raise NotPlainError("an integer of more than 900 digits is too large to cross")
        return value

    def _float(self, value: float, _: int) -> Any:
        value = float(value)
        return value if math.isfinite(value) else {"$": "float", "v": repr(value)}

    def _complex(self, value: complex, depth: int) -> Any:
        return {"$": "complex", "v": self._items((value.real, value.imag), depth)}

    def _text(self, value: str, _: int) -> Any:
        return str.__str__(value)

    def _bytes(self, value: bytes | bytearray, _: int) -> Any:
        return {"$": "bytes", "at": self._buffer(bytes(value))}

    # By the base type's own iterator: a subclass may give other items.

    def _list(self, value: list[Any], depth: int) -> Any:
        return self._items(list.__iter__(value), depth)

    def _tuple(self, value: tuple[Any, ...], depth: int) -> Any:
        return {"$": "tuple", "v": self._items(tuple.__iter__(value), depth)}

    def _set(self, value: set[Any], depth: int) -> Any:
        return {"$": "set", "v": self._items(set.__iter__(value), depth)}

    def _frozenset(self, value: frozenset[Any], depth: int) -> Any:
        return {"$": "frozenset", "v": self._items(frozenset.__iter__(value), depth)}

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        return {"$": "dict", "v": [self._items(pair, depth + 1) for pair in dict.items(value)]}

    def _slice(self, value: slice, depth: int) -> Any:
        return {"$": "slice", "v": self._items((value.start, value.stop, value.step), depth)}

    def _range(self, value: range, depth: int) -> Any:
        return {"$": "range", "v": self._items((value.start, value.stop, value.step), depth)}

    def _torch_size(self, value: torch.Size, depth: int) -> Any:
        return {"$": "size", "v": self._items(tuple(value), depth)}

    def _torch_dtype(self, value: torch.dtype, _: int) -> Any:
        return {"$": "torch.dtype", "v": str(value).removeprefix("torch.")}

    def _numpy_dtype(self, value: np.dtype[Any], _: int) -> Any:
        return {"$": "numpy.dtype", "v": value.name}

    def _device(self, _value: torch.device, _: int) -> Any:
        return {"$": "device"}

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

    def _foreign(self, value: Any, depth: int) -> Any:
        """What is of no kind in the table: one of pandas', where that is loaded at all, or else a reference."""
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(value, pandas.DataFrame):
            return self._frame(value, depth)
        if pandas is not None and isinstance(value, pandas.Series):
            return self._series(value, depth)
        return self._reference(value)

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


Encode = Callable[[Encoder, Any, int], Any]
# In this order: bool is an int, numpy's float64 is a float, torch.Size is a tuple.
_ENCODERS: Final[dict[type, Encode]] = {
    type(None): Encoder._itself,
    type(...): Encoder._ellipsis,
    bool: Encoder._itself,
    np.generic: Encoder._scalar,
    int: Encoder._integer,
    float: Encoder._float,
    str: Encoder._text,
    torch.Tensor: Encoder._tensor,
    np.ndarray: Encoder._array,
    torch.Size: Encoder._torch_size,
    list: Encoder._list,
    tuple: Encoder._tuple,
    dict: Encoder._dict,
    set: Encoder._set,
    frozenset: Encoder._frozenset,
    bytes: Encoder._bytes,
    bytearray: Encoder._bytes,
    complex: Encoder._complex,
    slice: Encoder._slice,
    range: Encoder._range,
    torch.dtype: Encoder._torch_dtype,
    torch.device: Encoder._device,
    np.dtype: Encoder._numpy_dtype,
}


def _by_kind(real: type) -> Encode:
    # By the real type: what an object says of its class (a stand-in's is its student's claim) does not matter here.
    return next((encode for kind, encode in _ENCODERS.items() if issubclass(real, kind)), Encoder._foreign)
