"""A small class, made once: tests that change it take a copy."""

import pytest

from tests.builders import graded_class, ungraded_class


@pytest.fixture(scope="session")
def graded_once(tmp_path_factory):
    return graded_class(tmp_path_factory.mktemp("class") / "graded")


@pytest.fixture(scope="session")
def ungraded_once(tmp_path_factory):
    return ungraded_class(tmp_path_factory.mktemp("class") / "ungraded")


@pytest.fixture(scope="session")
def small_class(graded_once):
    """The class, graded. It is everybody's: only to be read."""
    return graded_once


@pytest.fixture
def own_class(graded_once, tmp_path):
    """The class, graded, to be changed."""
    return graded_once.copy_to(tmp_path / "class")


@pytest.fixture
def new_class(ungraded_once, tmp_path):
    """The class before anything was graded, to be changed."""
    return ungraded_once.copy_to(tmp_path / "class")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """An empty folder in no house, to stand in."""
    folder = tmp_path / "nowhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
