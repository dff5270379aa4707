"""The first cell of a released notebook: it installs what the notebook imports and fetches what should lie beside it.

So the notebook runs from top to bottom on a clean Jupyter and on Colab, which opens a notebook without its folder.
"""

import ast
import sys
from collections.abc import Mapping, Sequence
from typing import Any

PACKAGES = {"sklearn": "scikit-learn", "torch": "torch==2.13.*", "otter": "otter-grader==7.0.*", "PIL": "pillow"}
"""How a module is installed where that is not its own name; otter and torch in the versions that grade."""


def setup_cell(notebook: Mapping[str, Any], files: Sequence[str], address: str | None) -> str:
    """Source of the first cell.

    `files` are what should lie beside the notebook; `address` is where they are published, None where they are not.
    """
    packages = {module: PACKAGES.get(module, module) for module in ("otter", *modules_of(notebook))}
    fetches = " and fetches its files" if address else ""
    lines = [
        f"# Run this cell first: it installs what this notebook imports{fetches}.",
        "import importlib.util",
        *(["import pathlib", "import urllib.request"] if address else []),
        "",
        f"packages = {_literal(packages)}",
        "missing = [package for module, package in packages.items() if importlib.util.find_spec(module) is None]",
        "if missing:",
        "    %pip install --quiet {' '.join(missing)}",
    ]
    if address:
        lines += [
            "",
            f'address = "{address}"',
            f"files = {_literal(list(files))}",
            "try:",
            "    for name in files:",
            "        if not pathlib.Path(name).exists():",
            "            pathlib.Path(name).parent.mkdir(exist_ok=True)",
            '            urllib.request.urlretrieve(f"{address}/{name}", name)',
            "except OSError as error:",
            '    print(f"{name} should lie beside this notebook and could not be fetched: {error}")',
        ]
    return "\n".join([*lines, "", "import otter", "", "grader = otter.Notebook()"])


def modules_of(notebook: Mapping[str, Any]) -> list[str]:
    """The top-level modules that a notebook of our own imports, but for Python's."""
    from IPython.core.inputtransformer2 import TransformerManager

    modules: set[str] = set()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            for node in ast.walk(ast.parse(TransformerManager().transform_cell("".join(cell["source"])))):
                if isinstance(node, ast.Import):
                    modules |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    modules.add(node.module.split(".")[0])
    return sorted(modules - set(sys.stdlib_module_names) - {"otter"})


def _literal(value: dict[str, str] | list[str]) -> str:
    """A Python literal with one entry a line once it is long."""
    entries = (
        [f'"{key}": "{inner}"' for key, inner in value.items()]
        if isinstance(value, dict)
        else [f'"{inner}"' for inner in value]
    )
    left, right = "{}" if isinstance(value, dict) else "[]"
    short = f"{left}{', '.join(entries)}{right}"
    return short if len(short) <= 100 else "\n".join([left, *(f"    {entry}," for entry in entries), right])
