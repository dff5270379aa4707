"""What a test holds in place of a student's object that stays inside."""

from collections.abc import Iterator
from typing import Any, Protocol

from autograder.sandbox.inside import wire
from autograder.sandbox.library import library_classes

MAX_ITERATION = 100_000
CHUNK = 256
PLAIN_DUNDERS = ("__name__", "__qualname__", "__doc__", "__annotations__", "__dict__")


class StandInRefusedError(TypeError):
    """A test asked of a stand-in what it cannot give; the text says what to do instead."""


class Inside(Protocol):
    """Whoever can be asked about what is inside: a Channel."""

    def ask(self, op: str, **arguments: Any) -> Any:
        """One request. Raises what student code raised."""


class StandIn:
    """An object that stays inside. What it claims to be (`isinstance`) is the student's word."""

    __slots__ = ("_form", "_inside")
    __array_ufunc__ = None

    def __init__(self, inside: Inside, form: dict[str, Any]) -> None:
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


def number_of(standin: StandIn) -> int:
    """The number under which the room holds the object."""
    number: int = _form(standin)["id"]
    return number


def _claimed(standin: StandIn) -> list[type]:
    form = _form(standin)
    names = form["claims"] if type(form.get("claims")) is list else []
    classes = [cls for name in names if type(name) is str and (cls := library_classes().get(name)) is not None]
    return [type, *classes] if form.get("type") == "type" else classes


def _form(standin: StandIn) -> dict[str, Any]:
    form: dict[str, Any] = object.__getattribute__(standin, "_form")
    return form


def _ask(standin: StandIn, op: str, **arguments: Any) -> Any:
    inside: Inside = object.__getattribute__(standin, "_inside")
    return inside.ask(op, on=standin, **arguments)
