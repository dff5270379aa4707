import pytest

from autograder.model.errors import ConfigError
from autograder.model.house import House, find_house
from tests.builders import small_house


@pytest.fixture
def house(tmp_path, bundle):
    return small_house(tmp_path, bundle, "")


def test_the_house_is_the_one_that_you_stand_in_from_whichever_folder_of_it(house, monkeypatch):
    monkeypatch.chdir(house.source / "doubles")
    assert find_house() == house


def test_a_house_that_is_named_comes_before_the_one_that_you_stand_in(house, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_house(house.root) == house


def test_where_there_is_no_house_none_is_taken_in_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="--house DIR"):
        find_house()
    with pytest.raises(ConfigError, match=r"course\.toml is missing"):
        find_house(tmp_path)


def test_a_house_says_which_assignments_can_be_graded_there(house):
    assert [entry.name for entry in house.gradable()] == ["doubles"]
    (house.bundle_of("doubles") / "bundle.json").unlink()
    assert house.gradable() == []


def test_an_assignment_that_is_none_is_told_with_those_there_are(house):
    with pytest.raises(ConfigError, match="Assignments here: doubles"):
        house.settings("triples")


def test_the_source_is_released_beside_its_translations(tmp_path):
    house = House(tmp_path)
    assert house.release_of("hw1") == tmp_path / "release/hw1"
    assert house.release_of("hw1", "ru") == tmp_path / "release/ru/hw1"
    assert house.lesson_page("ru") == tmp_path / "release/ru/README.md"
