"""Values on their way in: rebuilt from what the other side sent, which may be anything."""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch

from autograder.sandbox.inside.wire.dtypes import NUMPY_DTYPES, TORCH_DTYPES
from autograder.sandbox.inside.wire.frames import MAX_DEPTH, MAX_DIMENSIONS, MAX_NODES, WireError

Dereference = Callable[[dict[str, Any]], Any]
Leaf = Callable[[torch.Tensor, dict[str, Any]], torch.Tensor]


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

    def _ellipsis(self, _form: dict[str, Any], _: int) -> Any:
        return ...

    def _float(self, form: dict[str, Any], _: int) -> float:
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[form["v"]]

    def _complex(self, form: dict[str, Any], depth: int) -> complex:
        return complex(*self._items(form, depth))

    def _bytes(self, form: dict[str, Any], _: int) -> bytes:
        return bytes(self._buffer(form))

    def _tuple(self, form: dict[str, Any], depth: int) -> tuple[Any, ...]:
        return tuple(self._items(form, depth))

    def _set(self, form: dict[str, Any], depth: int) -> set[Any]:
        return set(self._items(form, depth))

    def _frozenset(self, form: dict[str, Any], depth: int) -> frozenset[Any]:
        return frozenset(self._items(form, depth))

    def _dict(self, form: dict[str, Any], depth: int) -> dict[Any, Any]:
        return {key: value for key, value in self._items(form, depth)}

    def _slice(self, form: dict[str, Any], depth: int) -> slice:
        start, stop, step = self._items(form, depth)
        return slice(start, stop, step)

    def _range(self, form: dict[str, Any], depth: int) -> range:
        start, stop, step = self._items(form, depth)
        return range(start, stop, step)

    def _size(self, form: dict[str, Any], depth: int) -> torch.Size:
        return torch.Size(self._items(form, depth))

    def _torch_dtype(self, form: dict[str, Any], _: int) -> torch.dtype:
        dtype: torch.dtype = TORCH_DTYPES[form["v"]]
        return dtype

    def _numpy_dtype(self, form: dict[str, Any], _: int) -> np.dtype[Any]:
        return _numpy_dtype(form["v"])

    def _device(self, _form: dict[str, Any], _: int) -> torch.device:
        return torch.device("cpu")

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


def _numpy_dtype(name: Any) -> np.dtype[Any]:
    dtype = NUMPY_DTYPES.get(name) if type(name) is str else None
    if dtype is None:
        raise WireError(f"unknown dtype {str(name)[:40]!r}")
    return dtype


Decode = Callable[[Decoder, dict[str, Any], int], Any]
_DECODERS: Final[dict[str, Decode]] = {
    "ellipsis": Decoder._ellipsis,
    "float": Decoder._float,
    "complex": Decoder._complex,
    "bytes": Decoder._bytes,
    "tuple": Decoder._tuple,
    "set": Decoder._set,
    "frozenset": Decoder._frozenset,
    "dict": Decoder._dict,
    "slice": Decoder._slice,
    "range": Decoder._range,
    "size": Decoder._size,
    "torch.dtype": Decoder._torch_dtype,
    "numpy.dtype": Decoder._numpy_dtype,
    "device": Decoder._device,
    "ndarray": Decoder._array,
    "scalar": Decoder._scalar,
    "strings": Decoder._strings,
    "objects": Decoder._objects,
    "tensor": Decoder._tensor,
    "frame": Decoder._frame,
    "series": Decoder._series,
}
