"""What lies where in a release and in a bundle."""

import importlib.util
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from autograder.authoring.release.otter import points_of, read_tests
from autograder.authoring.release.proofs import listing, read_notebook
from autograder.authoring.release.setup_cell import setup_cell
from autograder.authoring.source.parse import Source
from autograder.authoring.source.translation import translate_otter
from autograder.model.bundle import Assignment, load_assignment
from autograder.model.errors import ReleaseError
from autograder.model.language import SOURCE_LANGUAGE
from autograder.model.notebook import Notebook


def prepare_data(desk: Path) -> None:
    """Let the instructor's data.py put its files beside the notebook."""
    path = desk / "data.py"
    if not path.exists():
        return
    name = f"neurograde_source_{desk.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
            if hasattr(module, "prepare"):
                module.prepare(desk)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ReleaseError(f"{desk.name}: data.py could not prepare the data: {what}. Mend data.py.") from error
    finally:
        del sys.modules[name]


# --- what otter made, laid out


def lay_out_release(assigned: Path, target: Path, language: str, address: str | None) -> None:
    """Lay out release/<a> from otter's student folder."""
    name, student = target.name, assigned / "student"
    files = [path for path in listing(student) if path != f"{name}.ipynb"]
    for path in files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(student / path, target / path)
    (target / f"{name}.ipynb").write_text(_tidy(student / f"{name}.ipynb", language, files, address), encoding="utf-8")


def lay_out_bundle(
    assigned: Path, bundle: Path, desk: Path, source: Source, translations: Mapping[str, Mapping[int, str]]
) -> Assignment:
    """Lay out bundles/<a> from otter's student and autograder folders, and read it.

    `translations` are the hints of other languages, by language and by the number of the test's cell.
    """
    name, student, staff = desk.name, assigned / "student", assigned / "autograder"
    questions = [question for question in source.questions if question.tests]
    read_tests(student / "tests", questions, staff=False)
    (bundle / "files").mkdir(parents=True)
    bundle.chmod(0o700)
    for path in listing(student):
        if path != f"{name}.ipynb" and not path.startswith("tests/"):
            (bundle / "files" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(student / path, bundle / "files" / path)
    shutil.copytree(staff / "tests", bundle / "tests")
    for notebook, original in (("template", student), ("solution", staff)):
        text = _tidy(original / f"{name}.ipynb", SOURCE_LANGUAGE, [], None)
        (bundle / f"{notebook}.ipynb").write_text(text, encoding="utf-8")
    shutil.copyfile(desk / "assignment.toml", bundle / "assignment.toml")
    by_hand = [question for question in source.questions if not question.tests]
    index = {
        "questions": read_tests(bundle / "tests", questions, staff=True, translations=translations),
        "by_hand": [{"name": question.name, "points": points_of(question)} for question in by_hand],
    }
    (bundle / "bundle.json").write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return load_assignment(bundle)


def copy_of(desk: Path, folder: Path, notebook: Notebook) -> Path:
    copy = folder / desk.name
    shutil.copytree(desk, copy)
    (copy / f"{desk.name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return copy


def _tidy(path: Path, language: str, files: Sequence[str], address: str | None) -> str:
    """The notebook as text that is the same on every build, works under any file name, and brings what it needs."""
    notebook = read_notebook(path)
    cells = [_tidy_cell(cell, number, language) for number, cell in enumerate(notebook["cells"], 1)]
    for cell in cells:
        # otter opens the notebook by the name it gives here, and fails in a file that a student has renamed
        if cell["cell_type"] == "code" and "otter.Notebook(" in "".join(cell["source"]):
            cell["source"] = setup_cell(notebook, files, address).splitlines(keepends=True)
            break
    metadata = {
        "kernelspec": notebook["metadata"]["kernelspec"],
        "language_info": {"name": "python"},
        "neurograde": {"language": language},  # hints follow the notebook that was handed in
    }
    tidy = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(tidy, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _tidy_cell(cell: Mapping[str, Any], number: int, language: str) -> Notebook:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        text = translate_otter(text, language)
    metadata = {
        key: cell["metadata"][key] for key in ("deletable", "editable", "otter", "tags") if key in cell["metadata"]
    }
    tidy = {"cell_type": cell["cell_type"], "id": f"cell-{number:03}", "metadata": metadata}
    tidy["source"] = text.splitlines(keepends=True)
    if cell["cell_type"] == "code":
        tidy |= {"execution_count": None, "outputs": []}
    elif "attachments" in cell:
        tidy["attachments"] = cell["attachments"]
    return tidy
