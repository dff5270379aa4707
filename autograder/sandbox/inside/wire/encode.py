"""Values on their way out: turned into JSON and buffers."""

import math
import sys
from collections.abc import Callable
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
