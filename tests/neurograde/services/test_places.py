import pytest

from autograder.model.errors import ConfigError
from autograder.model.house import House
from neurograde.services.places import find_course


@pytest.mark.parametrize("folder", ["source", "release", "release/ru/course", "bundles/hw1"])
def test_marks_and_labels_are_never_kept_where_students_or_the_source_are(tmp_path, folder):
    with pytest.raises(ConfigError, match="no place for marks and labels"):
        find_course(tmp_path / folder, House(tmp_path))


def test_any_other_folder_will_do(tmp_path):
    assert find_course(tmp_path / "autumn", House(tmp_path)).root == tmp_path / "autumn"
