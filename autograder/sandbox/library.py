"""What libraries offer to both sides: callables go into the room by name, and a stand-in may claim their classes."""

import functools
import importlib
import types
from typing import Any

import torch

LIBRARY_MODULES = (
    *("torch.nn.functional", "torch.nn.init", "torch.nn", "torch.optim", "torch.optim.lr_scheduler", "torch.linalg"),
    *("torch.utils.data", "torch", "numpy.linalg", "numpy.random", "numpy", "math", "builtins"),
)


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
def library_classes() -> dict[str, type]:
    """The library classes that a stand-in may claim, by full name."""
    classes = [value for value, _ in _library().values() if isinstance(value, type)]
    return {
        f"{cls.__module__}.{cls.__qualname__}": cls
        for cls in (*classes, types.FunctionType, types.MethodType, types.GeneratorType, types.ModuleType)
        if cls not in (object, str, int, float, list, tuple, dict, set, bool, torch.Tensor)
    } | {"builtins.function": types.FunctionType, "builtins.generator": types.GeneratorType}
