import json
import zipfile
from pathlib import PurePosixPath

import pytest

from autograder.intake.attribution import student_of
from autograder.intake.uploads import MAX_BYTES, receive, uploads
from autograder.model.errors import NotebookUnreadableError, SubmissionError, UploadUnsafeError
from autograder.model.notebook import NotebookCell, cells_of, read_tree


def notebook(*sources, **more):
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more}).encode()


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("alice.ipynb", "alice"),
        ("alice/hw.ipynb", "alice"),
        ("submitted/alice/hw/hw.ipynb", "alice"),
        ("lovelaceada_12345_67890_hw-2.ipynb", "lovelaceada"),
        ("lovelaceada_LATE_12345_67890_hw.ipynb", "lovelaceada"),
        ("Ada Lovelace_4711_assignsubmission_file/my work.ipynb", "Ada-Lovelace"),
        ("../../etc/passwd.ipynb", "passwd"),
        ("Анна.ipynb", "Анна"),
        ("....ipynb", "unknown"),
    ],
)
def test_the_student_is_in_the_name(name, student):
    assert student_of(PurePosixPath(name), "hw") == student


def test_a_folder_gives_every_notebook_in_it_but_checkpoints(tmp_path):
    for name in ("class/ada.ipynb", "class/bob/hw.ipynb", "class/.ipynb_checkpoints/ada-checkpoint.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(notebook("1"))
    assert [upload.student for upload in uploads([tmp_path / "class"], "hw")] == ["ada", "bob"]


def test_a_zip_gives_the_notebooks_in_it_and_names_what_reaches_outside(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("ada_1_2_hw.ipynb", notebook("1"))
        archive.writestr("../../evil.ipynb", notebook("1"))
        archive.writestr("__MACOSX/._ada.ipynb", b"x")
        archive.writestr("readme.txt", b"x")
    ada, evil = uploads([tmp_path / "all.zip"], "hw")
    assert receive(ada).cells == (NotebookCell(kind="code", source="1"),)
    with pytest.raises(UploadUnsafeError, match=r"evil\.ipynb reaches outside"):
        receive(evil)


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada.ipynb", b" " * (MAX_BYTES + 10))
    (bomb,) = uploads([tmp_path / "bomb.zip"], "hw")
    assert bomb.content == b""
    with pytest.raises(UploadUnsafeError, match="larger than"):
        receive(bomb)


def test_what_is_no_zip_and_what_is_not_there_is_a_problem_of_that_upload(tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK no")
    for path in (tmp_path / "bad.zip", tmp_path / "gone.ipynb"):
        (upload,) = uploads([path], "hw")
        with pytest.raises(SubmissionError, match=path.name):
            receive(upload)


def test_the_same_bytes_are_the_same_submission(tmp_path):
    for name in ("ada.ipynb", "bob.ipynb"):
        (tmp_path / name).write_bytes(notebook("1"))
    ada, bob = (receive(upload) for upload in uploads([tmp_path], "hw"))
    assert ada.id == bob.id
    assert len(ada.id) == 64


def test_old_notebooks_and_sources_in_lines_are_read():
    old = {
        "nbformat": 3,
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": ["a = 1\n", "b"]}, {"cell_type": "heading", "source": "Title"}]}
        ],
    }
    assert cells_of(read_tree(json.dumps(old).encode(), "old"), "old") == (
        NotebookCell(kind="code", source="a = 1\nb"),
        NotebookCell(kind="markdown", source="Title"),
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a notebook"),
        (b"\x89PNG", "not a notebook"),
        (b"import torch", "not a notebook"),
        (b"[" * 200_000, "not a notebook"),
        (b"[]", "no nbformat"),
        (b"{}", "no nbformat"),
        (b'{"nbformat": 4}', "damaged"),
        (b'{"nbformat": 4, "cells": [1]}', "damaged"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}', "damaged"),
        (b'{"nbformat": 4, "cells": {"a": 1}}', "damaged"),
        (notebook(*["1"] * 1001), "1001 cells"),
        (notebook("x" * (3 << 20)), "MiB of text"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_not_a_notebook_is_told_so_with_the_next_step(content, said):
    with pytest.raises(NotebookUnreadableError, match=said):
        cells_of(read_tree(content, "ada.ipynb"), "ada.ipynb")


def test_half_a_character_does_not_stop_a_notebook():
    assert cells_of(read_tree(notebook("x = '\ud800'"), "ada.ipynb"), "ada.ipynb")[0].source == "x = '?'"


def test_claims_are_found_beside_notebooks_where_they_are_asked_for(tmp_path):
    for name in ("ada.ipynb", "ada.csv", "bob/submission.csv", "bob/hw.ipynb", "Cy_12_34_submission.csv", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found = [(upload.student, upload.is_claim) for upload in uploads([tmp_path], "hw", claims=True)]
    assert sorted(found) == [("Cy", True), ("ada", False), ("ada", True), ("bob", False), ("bob", True)]
    assert [upload.is_claim for upload in uploads([tmp_path], "hw")] == [False, False]
