"""What a test holds in place of a student's object, and the channel through which it asks.

    plain data              crosses by value, as exactly the base type (see inside/wire)
    a tensor with grad      a leaf with the same values; `backward()` outside continues inside
    anything else           a StandIn: attributes, calls, indexing, len, bounded iteration, isinstance as a claim
    going in                the same, and library callables by name; a test's own function is refused

A test that compares stand-ins, or changes a tensor it was given a copy of, is told what to do instead.
"""

import functools
import importlib
import itertools
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from autograder.model.report import Status
from autograder.sandbox.inside import wire
from autograder.sandbox.room import Session, SessionEndedError

MAX_ITERATION = 100_000
CHUNK = 256

LIBRARY_MODULES = (
    *("torch.nn.functional", "torch.nn.init", "torch.nn", "torch.optim", "torch.optim.lr_scheduler", "torch.linalg"),
    *("torch.utils.data", "torch", "numpy.linalg", "numpy.random", "numpy", "math", "builtins"),
)
PLAIN_DUNDERS = ("__name__", "__qualname__", "__doc__", "__annotations__", "__dict__")


class StudentError(Exception):
    """Student code raised an exception that is not a builtin one."""


class StandInRefusedError(TypeError):
    """A test asked of a stand-in what it cannot give; the text says what to do instead."""


class StoppedError(BaseException):
    """The step cannot go on. Not an Exception, so that no test catches it.

    `alive` says whether the student's process is still there, only interrupted.
    """

    def __init__(self, status: Status, message: str, *, alive: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.alive = alive


class Channel:
    """The examiner's line to one submission. Remembers, for each case, what explains a failure."""

    def __init__(self, session: Session, *, seed: int, seconds: float, left: Callable[[], float]) -> None:
        self._session = session
        self._seconds = seconds
        self._left = left
        self.begin_case(seed)

    def begin_case(self, seed: int) -> None:
        """Forget what the last case left behind; `seed` goes in with the next request."""
        self._seed: int | None = seed
        self.raised: BaseException | None = None
        self.out_of_memory = False
        self.stopped: StoppedError | None = None
        self.missing: list[str] = []
        self._given: list[tuple[torch.Tensor, bytes, dict[str, Any]]] = []
        self._sent: dict[int, torch.Tensor] = {}
        self._keys = itertools.count(1)

    def ask(self, op: str, **arguments: Any) -> Any:
        """One request. Raises what student code raised, StoppedError, or wire.NotPlainError for what cannot go in."""
        encoder = wire.Encoder(self._reference)
        keys = next(self._keys)
        header = {"op": op, **{name: encoder.encode(value) for name, value in arguments.items()}}
        inputs = {key: tensor for key, tensor in self._sent.items() if key >= keys}
        reply, body = self._request(header, encoder.body)
        if reply.get("missing") is True:
            raise KeyError(arguments.get("name"))
        if "raised" in reply:
            reply["raised"] = reply["raised"] if type(reply["raised"]) is dict else {}
            error = exception_of(reply["raised"])
            if "cell" in reply["raised"]:  # through a line of the student's own, not only of the test's or a library's
                self.raised = error
            self.out_of_memory = self.out_of_memory or is_out_of_memory(reply["raised"])
            raise error
        decoder = wire.Decoder(body, functools.partial(StandIn, self), functools.partial(self._leaf, inputs))
        try:
            return decoder.decode(reply["value"])
        except (wire.WireError, KeyError) as error:
            raise self._stop(Status.ERRORED, f"the room sent what is not a value: {error}") from None

    def cell(self, source: str, number: int, seconds: float) -> dict[str, Any]:
        """Run one cell; the clerk's word on what came of it. Raises StoppedError."""
        return self._request({"op": "cell", "source": source, "number": number}, [], seconds)[0]

    def _request(
        self, header: Mapping[str, Any], body: list[bytes], seconds: float | None = None
    ) -> tuple[dict[str, Any], bytes]:
        left = self._left()
        if left <= 0:
            raise self._stop(Status.TIMED_OUT, "the submission had used all its time")
        if self._seed is not None:
            header, self._seed = {**header, "seed": self._seed}, None
        try:
            reply, data = self._session.request(header, body, min(seconds or self._seconds, left))
        except SessionEndedError as ended:
            raise self._stop(ended.status, str(ended)) from None
        except wire.WireError as error:
            raise self._stop(Status.ERRORED, f"the room sent what is not a reply: {error}") from None
        if reply.get("interrupted") is True and header["op"] != "cell":
            raise self._stop(Status.TIMED_OUT, "it did not return within its time", alive=True)
        return reply, data

    def _stop(self, status: Status, message: str, *, alive: bool = False) -> StoppedError:
        self.stopped = StoppedError(status, message, alive=alive)
        return self.stopped

    def changed_copies(self) -> bool:
        """Whether the test changed a tensor whose original stays inside, which would have had no effect there."""
        return any(_bytes_of(tensor) != original for tensor, original, _ in self._given)

    def _leaf(self, inputs: dict[int, torch.Tensor], tensor: torch.Tensor, form: dict[str, Any]) -> torch.Tensor:
        link = form["leaf"]
        if type(link) is not dict or type(link.get("id")) is not int:
            raise wire.WireError("a tensor that requires grad names its original")
        origin = StandIn(self, link)
        if inputs and form.get("graph") is True:
            tensor = GradientAcross.apply(  # type: ignore[no-untyped-call]
                self, origin, list(inputs), tensor.detach(), *inputs.values()
            )
        else:
            tensor.register_hook(  # type: ignore[no-untyped-call]
                lambda grad: self._continue(origin, grad)
            )
        self._given.append((tensor, _bytes_of(tensor), link))
        return tensor

    def _continue(self, origin: "StandIn", grad: torch.Tensor) -> None:
        self.ask("backward", on=origin, grad=grad.detach(), keys=[])

    def _reference(self, value: Any) -> dict[str, Any]:
        if type(value) is StandIn:
            return {"$": "ref", "id": object.__getattribute__(value, "_form")["id"]}
        if isinstance(value, torch.Tensor):
            for tensor, original, link in self._given:
                if tensor is value and _bytes_of(tensor) == original:
                    return {"$": "ref", "id": link["id"]}
            key = next(self._keys)
            self._sent[key] = value
            return {"key": key}
        library = library_name(value)
        if library is None:
            raise wire.NotPlainError(
                f"a {type(value).__name__} of the test's own cannot go into the room; "
                'write it there: student.inside("...source...", name=value)'
            )
        return {"$": "ref", "library": list(library)}


class GradientAcross(torch.autograd.Function):
    """Joins tensors that a test passed in to a result that was computed from them inside."""

    @staticmethod
    def forward(ctx: Any, inside: Channel, origin: "StandIn", keys: list[int], value: Any, *inputs: Any) -> Any:
        ctx.inside, ctx.origin, ctx.keys = inside, origin, keys
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        passed_in = ctx.inside.ask("backward", on=ctx.origin, grad=grads[0].detach(), keys=ctx.keys)
        return (None, None, None, None, *passed_in)


class StandIn:
    """An object that stays inside. What it claims to be (`isinstance`) is the student's word."""

    __slots__ = ("_form", "_inside")
    __array_ufunc__ = None

    def __init__(self, inside: Channel, form: dict[str, Any]) -> None:
        if type(form.get("id")) is not int:
            raise wire.WireError("a reference has a number")
        object.__setattr__(self, "_inside", inside)
        object.__setattr__(self, "_form", form)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return next(iter(_claimed(self)), StandIn)

    @property
    def __bases__(self) -> tuple[type, ...]:
        if _form(self).get("type") != "type":
            raise AttributeError("__bases__")
        return tuple(cls for cls in _claimed(self) if cls is not type)[:1] or (object,)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in PLAIN_DUNDERS:
            raise AttributeError(name)
        return _ask(self, "attr", name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "setattr", name=name, value=value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _ask(self, "call", args=args, kwargs=kwargs)

    def __getitem__(self, key: Any) -> Any:
        return _ask(self, "item", key=key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _ask(self, "setitem", key=key, value=value)

    def __len__(self) -> int:
        length = _ask(self, "len")
        if type(length) is not int:
            raise TypeError("len() inside did not give an int")
        return length

    def __contains__(self, item: Any) -> bool:
        return _ask(self, "contains", item=item) is True

    def __iter__(self) -> Iterator[Any]:
        iterator = _ask(self, "iter")
        for _ in range(0, MAX_ITERATION, CHUNK):
            items = _ask(iterator, "take", count=CHUNK)
            if type(items) is not list:
                raise TypeError("iteration inside did not give items")
            yield from items
            if len(items) < CHUNK:
                return
        raise StandInRefusedError(f"the iteration did not end within {MAX_ITERATION} items")

    def __next__(self) -> Any:
        items = _ask(self, "take", count=1)
        if items == []:
            raise StopIteration
        return items[0]

    def __repr__(self) -> str:
        form = _form(self)
        return f"<inside: {form.get('name') or form.get('type')}>"

    def _refuse(self, *_: Any) -> Any:
        raise StandInRefusedError(
            f"{self!r} stays inside and cannot be compared, counted with or tested for truth; "
            "compare values of it instead (an attribute, a result, a state_dict)"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __array__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __matmul__ = __rmatmul__ = __pow__ = __neg__ = __abs__ = __float__ = __int__ = __index__ = _refuse
    __hash__ = object.__hash__


class StudentNamespace:
    """What a hidden test gets under the name `student`: the notebook's names, and a way to run source among them."""

    def __init__(self, inside: Channel) -> None:
        self._inside = inside

    def inside(self, source: str, **values: Any) -> Any:
        """Run `source` among the student's names and `values`; the value of its last expression."""
        return self._inside.ask("inside", source=source, values=values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._inside.ask("get", name=name)


class Environment(dict[str, Any]):
    """The namespace that a test is given: the examiner's own names first, then the student's, fetched when asked for.

    A name that the notebook does not define is None to the test, as with otter, and is noted.
    """

    def __init__(self, inside: Channel, offered: Mapping[str, Any]) -> None:
        super().__init__(offered)
        self._inside = inside

    def __missing__(self, name: str) -> Any:
        try:
            value = self._inside.ask("get", name=name)
        except KeyError:
            self._inside.missing.append(name)
            raise
        self[name] = value
        return value

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self.get(str(name), _ABSENT) is not _ABSENT

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


_ABSENT = object()


def exception_of(form: Any) -> BaseException:
    """The exception to raise outside for one that was raised inside: a builtin of that name, else StudentError."""
    form = form if type(form) is dict else {}
    text, kind = str(form.get("text", "")), BUILTIN_ERRORS.get(str(form.get("builtin")))
    if kind is None or form.get("type") != form.get("builtin"):
        return StudentError(f"{form.get('type')}: {text}")
    return kind(text)


def where(form: Any) -> str:
    """Type and line of an exception inside, for the student: "ValueError, cell 7, line 3"."""
    if type(form) is not dict:
        return "an error"
    place = [f"{key} {form[key]}" for key in ("cell", "line") if type(form.get(key)) is int]
    return ", ".join([str(form.get("type", "an error"))[:100], *place])


def is_out_of_memory(form: Any) -> bool:
    """Whether an exception inside says that memory ran out (torch says it with a RuntimeError)."""
    if type(form) is not dict:
        return False
    return form.get("builtin") == "MemoryError" or "can't allocate memory" in str(form.get("text"))


def library_name(value: Any) -> tuple[str, str] | None:
    """Module and name under which a library offers this very object; None for anything else."""
    if isinstance(value, types.ModuleType):
        return (value.__name__, "") if value.__name__ in LIBRARY_MODULES else None
    entry = _library().get(id(value))
    return entry[1] if entry is not None and entry[0] is value else None


@functools.cache
def _library() -> dict[int, tuple[Any, tuple[str, str]]]:
    table: dict[int, tuple[Any, tuple[str, str]]] = {}
    for module in LIBRARY_MODULES:
        for name, value in vars(importlib.import_module(module)).items():
            if callable(value) and not name.startswith("_"):
                table.setdefault(id(value), (value, (module, name)))
    return table


@functools.cache
def _classes() -> dict[str, type]:
    """The library classes that a stand-in may claim, by full name."""
    classes = [value for value, _ in _library().values() if isinstance(value, type)]
    return {
        f"{cls.__module__}.{cls.__qualname__}": cls
        for cls in (*classes, types.FunctionType, types.MethodType, types.GeneratorType, types.ModuleType)
        if cls not in (object, str, int, float, list, tuple, dict, set, bool, torch.Tensor)
    } | {"builtins.function": types.FunctionType, "builtins.generator": types.GeneratorType}


BUILTIN_ERRORS: dict[str, type[Exception]] = {
    cls.__name__: cls
    for cls in (
        *(ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, FileNotFoundError, ImportError),
        *(IndexError, KeyError, LookupError, MemoryError, ModuleNotFoundError, NameError, NotImplementedError),
        *(OSError, OverflowError, PermissionError, RecursionError, RuntimeError, SyntaxError, TypeError),
        *(UnboundLocalError, ValueError, ZeroDivisionError),
    )
}


def _claimed(standin: StandIn) -> list[type]:
    form = _form(standin)
    names = form["claims"] if type(form.get("claims")) is list else []
    classes = [cls for name in names if type(name) is str and (cls := _classes().get(name)) is not None]
    return [type, *classes] if form.get("type") == "type" else classes


def _form(standin: StandIn) -> dict[str, Any]:
    form: dict[str, Any] = object.__getattribute__(standin, "_form")
    return form


def _ask(standin: StandIn, op: str, **arguments: Any) -> Any:
    inside: Channel = object.__getattribute__(standin, "_inside")
    return inside.ask(op, on=standin, **arguments)


def _bytes_of(tensor: torch.Tensor) -> bytes:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
