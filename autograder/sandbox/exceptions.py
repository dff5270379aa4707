"""Exceptions raised inside, as they are told outside: the word of the room, checked."""

from typing import Any


class StudentError(Exception):
    """Student code raised an exception that is not a builtin one."""


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


BUILTIN_ERRORS: dict[str, type[Exception]] = {
    cls.__name__: cls
    for cls in (
        *(ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, FileNotFoundError, ImportError),
        *(IndexError, KeyError, LookupError, MemoryError, ModuleNotFoundError, NameError, NotImplementedError),
        *(OSError, OverflowError, PermissionError, RecursionError, RuntimeError, SyntaxError, TypeError),
        *(UnboundLocalError, ValueError, ZeroDivisionError),
    )
}
