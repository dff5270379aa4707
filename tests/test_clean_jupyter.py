"""Each released notebook runs from top to bottom on a Jupyter that has nothing but a kernel."""

import json
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager

from autograder.model.house import load_syllabus

ROOT = Path(__file__).parent.parent
ASSIGNMENTS = [assignment.name for assignment in load_syllabus(ROOT / "source").assignments]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """The name of a kernel in an environment of its own, where pip and ipykernel are all there is."""
    folder = tmp_path_factory.mktemp("jupyter")
    subprocess.run([sys.executable, "-m", "venv", folder / "clean"], check=True)
    python = folder / "clean/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "ipykernel"], check=True)
    assert subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode != 0
    spec = {"argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "clean"}
    (folder / "spec").mkdir()
    (folder / "spec/kernel.json").write_text(json.dumps({**spec, "language": "python"}))
    KernelSpecManager().install_kernel_spec(str(folder / "spec"), "neurograde-clean", user=False, prefix=str(folder))
    return str(folder / "share/jupyter/kernels")


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_released_notebook_brings_what_it_needs(kernel, builds, name):
    release = builds(name).releases["en"]
    notebook = nbformat.read(release / f"{name}.ipynb", as_version=4)
    manager = KernelSpecManager(kernel_dirs=[kernel])
    client = nbclient.NotebookClient(
        notebook,
        timeout=600,
        kernel_name="neurograde-clean",
        resources={"metadata": {"path": str(release)}},
    )
    client.create_kernel_manager().kernel_spec_manager = manager
    client.execute()  # cells that use an answer not given yet are tagged; any other that raises fails this
    checks = [cell for cell in notebook.cells if cell.source.startswith('grader.check("')]
    assert checks
    assert all(any("results" in str(output) for output in cell.outputs) for cell in checks)
