"""Modules that a notebook may import and that the room has no use for."""

import sys
import types
from importlib.machinery import ModuleSpec
from typing import Any

import tqdm.std


class Notebook:
    """Otter's, which may be given any name. The checks happen outside, so what a notebook calls on it does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_, **__: None


def install() -> None:
    """Put them where `import` finds them."""
    otter = types.ModuleType("otter")
    otter.__spec__ = ModuleSpec("otter", None)  # whoever asks whether it is installed
    otter.Notebook = Notebook  # type: ignore[attr-defined]
    progress_bar = types.ModuleType("tqdm.notebook")  # the real one wants a browser
    vars(progress_bar).update(tqdm=tqdm.std.tqdm, trange=tqdm.std.trange)
    sys.modules.update({"otter": otter, "tqdm.notebook": progress_bar})
