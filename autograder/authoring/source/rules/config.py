"""Rules about the notebook as a whole and its ASSIGNMENT CONFIG."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from autograder.authoring.source.parse import Problem, SourceCell
from autograder.authoring.source.rules.keys import unknown_keys, valid_keys
from autograder.authoring.source.rules.rule import Draft, config_cells
from autograder.model.errors import nearest


def nesting(draft: Draft) -> Iterable[Problem]:
    """Blocks begin and end in order."""
    return draft.source.unnested


def kernel(draft: Draft) -> Iterator[Problem]:
    """Jupyter knows what to open the notebook with."""
    spec = draft.notebook.get("metadata", {}).get("kernelspec", {})
    if not spec.get("name") or spec.get("language", "python") != "python":
        text = "names no Python kernel in its metadata (`kernelspec`). Open it in Jupyter, choose one and save."
        yield Problem(cell=0, first_line="", text=text)


def header(draft: Draft) -> Iterator[Problem]:
    """There is one config, and it can be read."""
    cells = config_cells(draft.source)
    yield from (cell.problem("a second assignment config. Move its keys into the first.") for cell in cells[1:])
    if not cells:
        text = "no `# ASSIGNMENT CONFIG`. Begin with a raw cell of that name that holds `tests: {files: true, ...}`."
        yield Problem(cell=0, first_line="", text=text)
    yield from draft.source.unread


def keys(cell: SourceCell, draft: Draft) -> Iterator[Problem]:
    return unknown_keys(cell, draft.source.settings, valid_keys()["assignment"])


def values(cell: SourceCell, draft: Draft) -> Iterator[Problem]:
    """Settings with which otter would make something else than is graded here."""
    settings = draft.source.settings
    tests = settings.get("tests")
    tests = tests if isinstance(tests, dict) else {}
    if tests.get("files") is not True or tests.get("ok_format") is not False:
        text = "sealed grading needs test files of plain Python."
        yield cell.problem(f"{text} Write `tests: {{files: true, ok_format: false}}`.")
    export = settings.get("export_cell", True)
    if export is True or (isinstance(export, dict) and export.get("pdf", True)):
        yield cell.problem("the export cell would ask students' machines for LaTeX. Write `export_cell: false`.")
    if settings.get("init_cell", True) is not True:
        yield cell.problem("without its first cell the release has no `grader`. Delete `init_cell`.")
    if "config_file" in settings:
        yield cell.problem("settings in another file are not checked. Write them here and delete `config_file`.")


def missing_files(cell: SourceCell, draft: Draft) -> Iterator[Problem]:
    """What the config lists lies beside the notebook."""
    if draft.files is None:
        return
    known = {str(folder) for path in draft.files for folder in (PurePosixPath(path), *PurePosixPath(path).parents)}
    for key in ("files", "autograder_files", "student_files", "requirements", "environment"):
        value = draft.source.settings.get(key) or []
        listed = value if isinstance(value, list) else [value]
        if key == "requirements" and isinstance(value, list):
            continue  # package names, not files
        if key.endswith("files") and not isinstance(value, list):
            yield cell.problem(f"`{key}` is a list. Write `{key}: [{value}]`.")
            continue
        for name in listed:
            if str(PurePosixPath(str(name))) not in known:
                near = nearest(str(name), known)
                text = f"`{key}` lists `{name}`, which is not beside the notebook. Add it or let data.py prepare it."
                yield cell.problem(text, nearest=near[0] if near else None)
