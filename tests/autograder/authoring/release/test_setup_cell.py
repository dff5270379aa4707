import ast

from IPython.core.inputtransformer2 import TransformerManager

from autograder.authoring.release.setup_cell import modules_of, setup_cell

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": "import nothing"},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import numpy as np, json\n", "!ls"]},
        {"cell_type": "code", "source": "def f():\n    from sklearn.datasets import load_digits\n    import otter"},
    ]
}


def test_modules_are_those_that_code_imports_and_python_does_not_have():
    assert modules_of(NOTEBOOK) == ["numpy", "sklearn"]


def test_the_cell_is_python_and_installs_by_the_names_of_packages():
    cell = setup_cell(NOTEBOOK, ["tests/q1.py"], "https://example.org/a")
    ast.parse(TransformerManager().transform_cell(cell))
    assert '"sklearn": "scikit-learn"' in cell
    assert 'files = ["tests/q1.py"]' in cell


def test_a_release_that_is_not_published_fetches_nothing():
    assert "urllib" not in setup_cell(NOTEBOOK, ["tests/q1.py"], None)
