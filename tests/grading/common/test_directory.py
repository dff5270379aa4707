import stat

import pytest

from autograder.model.errors import ConfigError
from grading.common.directory import CourseDirectory, find_course
from tests.builders import make_course


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    monkeypatch.delenv("NEUROGRADE_COURSE", raising=False)
    monkeypatch.delenv("NEUROGRADE_GRADEBOOK", raising=False)


def test_the_directory_asked_for_comes_before_the_environment_and_that_before_the_default(tmp_path, monkeypatch):
    assert find_course(None, tmp_path).root == tmp_path / "course"
    monkeypatch.setenv("NEUROGRADE_COURSE", str(tmp_path / "autumn"))
    assert find_course(None, tmp_path).root == tmp_path / "autumn"
    assert find_course(tmp_path / "spring", tmp_path).root == tmp_path / "spring"


@pytest.mark.parametrize("folder", ["", "reports", "reports/hw1/ada"])
def test_who_stands_in_a_course_directory_or_below_it_means_that_one(tmp_path, monkeypatch, folder):
    make_course(tmp_path / "course")
    course = make_course(tmp_path / "autumn")
    (course.root / folder).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(course.root / folder)
    assert find_course(None, tmp_path) == course


def test_a_house_is_no_course_directory_whatever_folders_it_has(tmp_path, monkeypatch):
    make_course(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert find_course(None, tmp_path).root == tmp_path / "course"


def test_finding_a_course_directory_makes_nothing(tmp_path):
    find_course(None, tmp_path)
    find_course(tmp_path / "spring", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_no_empty_course(tmp_path):
    with pytest.raises(ConfigError, match="--course DIR"):
        CourseDirectory(root=tmp_path / "cuorse").require()
    make_course(tmp_path / "course").require()


def test_a_new_course_is_its_owners_and_a_shared_one_stays_shared(tmp_path):
    assert stat.S_IMODE(make_course(tmp_path / "new").root.stat().st_mode) == 0o700
    (tmp_path / "shared").mkdir(mode=0o755)
    assert stat.S_IMODE(make_course(tmp_path / "shared").root.stat().st_mode) == 0o755


def test_labels_are_for_the_owner_even_in_a_directory_made_by_another_tool(tmp_path):
    (tmp_path / "heldout").mkdir(mode=0o755)
    assert stat.S_IMODE(make_course(tmp_path).heldout.stat().st_mode) == 0o700


def test_a_file_in_the_place_of_the_directory_is_said(tmp_path):
    (tmp_path / "course").write_text("")
    with pytest.raises(ConfigError, match="--course"):
        make_course(tmp_path / "course")


def test_a_report_lies_under_its_assignment_student_and_hash(tmp_path):
    course = make_course(tmp_path)
    assert course.report_folder("hw1", "ada", "0123456789abcdef") == tmp_path / "reports/hw1/ada/0123456789ab"
