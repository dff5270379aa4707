"""Answers the examiner's requests about one student's namespace. Runs in the student's process, so it is only a clerk.

Whatever it says is a claim: student code may replace any part of it. The host decodes its replies strictly and never
asks it for the truth.
"""

import ast
import builtins
import importlib
import itertools
import os
import random
import signal
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from autograder.sandbox.inside.wire import REPLY, Decoder, Encoder, NotPlainError, pack

MAX_TEXT = 2000
ENVELOPE = ("op", "seconds", "seed")
LIBRARIES = ("torch", "numpy", "pandas", "sklearn", "collections", "types", "builtins")

CellFunction = Callable[[str, int], dict[str, Any]]


class MissingNameError(Exception):
    """The student's notebook does not define the name."""


class Clerk:
    """One student's namespace and the objects that the examiner holds references to."""

    def __init__(self, namespace: dict[str, Any], run_cell: CellFunction) -> None:
        self._namespace = namespace
        self._run_cell = run_cell
        self._objects: dict[int, Any] = {}
        self._numbers = itertools.count(1)
        self._leaves: dict[int, torch.Tensor] = {}
        self._busy = False
        self._interrupted = False

    def interrupt(self, *_: object) -> None:
        """Handler of SIGINT: ends the request at hand, never the clerk."""
        self._interrupted = True
        if self._busy:
            raise KeyboardInterrupt("stopped: it had used its time")

    def answer(self, header: dict[str, Any], body: bytes) -> bytes:
        """The reply frame to one request frame."""
        self._interrupted = False
        encoder = Encoder(self._reference)
        try:
            self._busy = True
            reply = self._perform(header, Decoder(body, self._dereference, self._leaf), encoder)
        except MissingNameError:
            reply = {"missing": True}
        except BaseException as error:  # noqa: BLE001 - whatever student code raises is an answer
            reply = {"raised": describe(error)}
        finally:
            self._busy = False
        if self._interrupted:
            reply["interrupted"] = True
        try:
            return pack(REPLY, reply, [] if "raised" in reply else encoder.body)
        except (NotPlainError, TypeError, ValueError) as error:
            return pack(REPLY, {"raised": describe(error)})

    def _perform(self, header: dict[str, Any], decoder: Decoder, encoder: Encoder) -> dict[str, Any]:
        if "seed" in header:
            self._begin(header["seed"])
        operation = _OPERATIONS[header["op"]]
        arguments = {key: decoder.decode(form) for key, form in header.items() if key not in ENVELOPE}
        result = operation(self, **arguments)
        return result if header["op"] == "cell" else {"value": encoder.encode(result)}

    def _cell(self, source: str, number: int) -> dict[str, Any]:
        return self._run_cell(source, number)

    def _get(self, name: str) -> Any:
        if name not in self._namespace:
            raise MissingNameError
        return self._namespace[name]

    def _inside(self, source: str, values: dict[str, Any]) -> Any:
        """Run the examiner's source among the student's names. What it assigns is its own."""
        tree = ast.parse(source)
        scope = {**self._namespace, **values}
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(compile(tree, "<inside>", "exec"), scope)  # noqa: S102 - this is what the room is for
            return None
        exec(compile(ast.Module(tree.body[:-1], []), "<inside>", "exec"), scope)  # noqa: S102
        return eval(compile(ast.Expression(last.value), "<inside>", "eval"), scope)  # noqa: S307

    def _take(self, on: Any, count: int) -> list[Any]:
        return list(itertools.islice(on, count))

    def _begin(self, seed: int) -> None:
        """A new case: every generator starts afresh, and nothing is held for the last one."""
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.default_generator.manual_seed(seed)  # torch.manual_seed goes looking for accelerators first
        self._objects.clear()
        self._leaves.clear()

    def _backward(self, on: torch.Tensor, grad: torch.Tensor, keys: list[int]) -> list[torch.Tensor | None]:
        """Continue a backward pass from `on`; the gradients of the tensors that the examiner passed in."""
        # The graph is kept: outside may come back through another part of the same result.
        torch.autograd.backward([on], [grad], retain_graph=True)
        grads = []
        for key in keys:
            leaf = self._leaves[key]
            grads.append(leaf.grad)
            leaf.grad = None
        return grads

    def _reference(self, value: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._objects[number] = value
        kind = value if isinstance(value, type) else type(value)
        mro = [f"{cls.__module__}.{cls.__qualname__}" for cls in type.__dict__["__mro__"].__get__(kind)]
        claims = [name for name in mro if name.split(".")[0] in LIBRARIES and name != "builtins.object"]
        name = getattr(value, "__name__", None)
        form = {"$": "ref", "id": number, "type": type(value).__name__[:100], "claims": claims[:20]}
        if isinstance(name, str):
            form["name"] = name[:100]
        return form

    def _dereference(self, form: dict[str, Any]) -> Any:
        if "library" in form:
            module, name = form["library"]
            library = importlib.import_module(module)
            return getattr(library, name) if name else library
        return self._objects[form["id"]]

    def _leaf(self, tensor: torch.Tensor, form: dict[str, Any]) -> torch.Tensor:
        link = form["leaf"]
        if "id" in link:  # it came from here: hand on the student's own tensor, with its graph
            original: torch.Tensor = self._objects[link["id"]]
            return original
        self._leaves[link["key"]] = tensor
        return tensor


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "cell": Clerk._cell,
    "get": Clerk._get,
    "inside": Clerk._inside,
    "backward": Clerk._backward,
    "take": Clerk._take,
    "call": lambda self, on, args, kwargs: on(*args, **kwargs),
    "attr": lambda self, on, name: getattr(on, name),
    "setattr": lambda self, on, name, value: setattr(on, name, value),
    "item": lambda self, on, key: on[key],
    "setitem": lambda self, on, key, value: on.__setitem__(key, value),
    "len": lambda self, on: len(on),
    "contains": lambda self, on, item: item in on,
    "iter": lambda self, on: Iteration(iter(on)),
}


class Iteration:
    """An iterator that always crosses as a reference, also over what would cross by value."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def __iter__(self) -> Any:
        return self._iterator


def describe(error: BaseException) -> dict[str, Any]:
    """Type, text and place (cell and line of the student's own code) of an exception."""
    kinds: tuple[type, ...] = type.__dict__["__mro__"].__get__(type(error))
    builtin = next((kind.__name__ for kind in kinds if vars(builtins).get(kind.__name__) is kind), "Exception")
    try:
        text = str(error)[:MAX_TEXT]
    except BaseException:  # noqa: BLE001 - a student's __str__ may do anything
        text = ""
    form: dict[str, Any] = {"type": type(error).__name__[:100], "builtin": builtin, "text": text}
    place = _own_line(error.__traceback__)
    if isinstance(error, SyntaxError) and str(error.filename).startswith("cell "):
        place = (str(error.filename), error.lineno or 0)
    if place is not None and place[0][5:].isdigit():
        form.update(cell=int(place[0][5:]), line=place[1])
    return form


def is_own(trace: types.TracebackType) -> bool:
    """Whether a line of a traceback is the student's own: cells are compiled under the names "cell 1", "cell 2"..."""
    filename: str = trace.tb_frame.f_code.co_filename
    return filename.startswith("cell ")


def _own_line(trace: types.TracebackType | None) -> tuple[str, int] | None:
    place = None
    while trace is not None:
        if is_own(trace):
            place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return place


def serve(clerk: Clerk, receive: Callable[[], tuple[dict[str, Any], bytes]], send: Callable[[bytes], None]) -> None:
    """Answer requests until the other side hangs up."""
    signal.signal(signal.SIGINT, clerk.interrupt)
    pid = os.getpid()
    while True:
        try:
            header, body = receive()
        except EOFError:
            sys.exit(0)
        reply = clerk.answer(header, body)
        if os.getpid() != pid:  # a fork that a cell has left running: the notebook goes on in one process only
            os._exit(0)
        send(reply)
