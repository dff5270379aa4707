"""Runs notebook cells through IPython, so that magics, plots and rich output work, and keeps what they show."""

import base64
import io
import sys
import traceback
from typing import Any

import IPython.core.displayhook
import IPython.core.displaypub
import matplotlib_inline.backend_inline
from IPython.core.compilerop import CachingCompiler
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.sandbox.inside.clerk import describe, is_own

KEPT_TYPES = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg")
MAX_OUTPUTS = 200
MAX_FRAMES = 20
MAX_IMAGE_BYTES = 2 << 20


class Outputs:
    """What one cell showed, in order, as nbformat outputs, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.shown: list[dict[str, Any]] = []
        self.cut = False
        self._room = limit

    def text(self, stream: str, text: str) -> None:
        if len(text) > self._room:
            text, self.cut = text[: self._room], True
        self._room -= len(text)
        last = self.shown[-1] if self.shown else {}
        if last.get("name") == stream:
            last["text"].write(text)
        elif text and self._has_place():
            buffer = io.StringIO()
            buffer.write(text)
            self.shown.append({"output_type": "stream", "name": stream, "text": buffer})

    def rich(self, kind: str, data: dict[str, Any]) -> None:
        contents = {}
        for mime in KEPT_TYPES:
            if mime not in data:
                continue
            content = data[mime]
            content = base64.b64encode(content).decode() if isinstance(content, bytes) else str(content)
            if len(content) <= (MAX_IMAGE_BYTES if mime.startswith("image/") else self._room):
                contents[mime] = content
                self._room -= 0 if mime.startswith("image/") else len(content)
            else:
                self.cut = True
        if contents and self._has_place():
            self.shown.append({"output_type": kind, "data": contents})

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        self.shown.append({"output_type": "error", "ename": name, "evalue": value[:2000], "traceback": traceback[-50:]})

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {**output, "text": output["text"].getvalue()} if output["output_type"] == "stream" else output
            for output in self.shown
        ]

    def _has_place(self) -> bool:
        self.cut = self.cut or len(self.shown) >= MAX_OUTPUTS
        return len(self.shown) < MAX_OUTPUTS


class Stream(io.TextIOBase):
    """Stands for sys.stdout or sys.stderr while cells run."""

    encoding = "utf-8"

    def __init__(self, name: str) -> None:
        self.name = name
        self.outputs = Outputs(0)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.outputs.text(self.name, str(text))
        return len(text)


class Publisher(IPython.core.displaypub.DisplayPublisher):  # type: ignore[misc]
    """Takes what `display()` shows."""

    outputs = Outputs(0)

    def publish(self, data: dict[str, Any], metadata: Any = None, **_: Any) -> None:
        self.outputs.rich("display_data", data)

    def clear_output(self, wait: bool = False) -> None:
        self.outputs.shown.clear()


class DisplayHook(IPython.core.displayhook.DisplayHook):  # type: ignore[misc]
    """Takes the value of a cell's last expression."""

    outputs = Outputs(0)

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        self.outputs.rich("execute_result", format_dict)

    def finish_displayhook(self) -> None:
        pass


class Compiler(CachingCompiler):  # type: ignore[misc]
    """Names the code of each cell "cell N", so that a traceback tells the student's own line."""

    number = 0

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return f"cell {self.number}"


class Shell(InteractiveShell):  # type: ignore[misc]
    """IPython's shell for a place without windows, that shows tracebacks of the student's own lines only."""

    def enable_matplotlib(self, gui: str | None = None) -> Any:
        return super().enable_matplotlib("inline")

    def enable_gui(self, gui: str | None = None) -> None:
        pass

    def showtraceback(self, *_: Any, **__: Any) -> None:
        error = sys.exc_info()[1]
        if error is None:
            return
        trace = error.__traceback__
        while trace is not None and not is_own(trace):
            trace = trace.tb_next
        lines = traceback.format_exception(type(error), error.with_traceback(trace), trace, limit=MAX_FRAMES)
        self.display_pub.outputs.error(type(error).__name__, str(error), "".join(lines).splitlines())

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        self.showtraceback()

    showindentationerror = showsyntaxerror


class CellRunner:
    """An IPython shell with no files, history or threads of its own. Made before the fork, used after it."""

    def __init__(self) -> None:
        config = Config()
        config.HistoryManager.enabled = False  # its thread would not survive the fork
        self.shell = Shell.instance(
            config=config, displayhook_class=DisplayHook, display_pub_class=Publisher, compiler_class=Compiler
        )
        self.shell.db = {}  # where %cd and %store would write to a folder that is not there
        self._streams = (Stream("stdout"), Stream("stderr"))
        matplotlib_inline.backend_inline.configure_inline_support(
            self.shell, "module://matplotlib_inline.backend_inline"
        )

    @property
    def namespace(self) -> dict[str, Any]:
        names: dict[str, Any] = self.shell.user_ns
        return names

    def run(self, source: str, number: int, limit: int) -> dict[str, Any]:
        """Run one cell; at most `limit` characters of text are kept of what it shows."""
        outputs = Outputs(limit)
        for taker in (*self._streams, self.shell.display_pub, self.shell.displayhook):
            taker.outputs = outputs
        self.shell.compile.number = number
        standard = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._streams
        try:
            result = self.shell.run_cell(source, store_history=True)
        finally:
            sys.stdout, sys.stderr = standard
        error = result.error_before_exec or result.error_in_exec
        return {"outputs": outputs.as_json(), "cut": outputs.cut, "error": describe(error) if error else None}
