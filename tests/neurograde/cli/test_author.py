import pytest

from autograder.authoring.datasets import SHA256, find_fashion_mnist
from autograder.model.errors import EngineUnavailableError
from neurograde.cli.base import Doors
from tests.command_line import neurograde
from tests.fakes import fake_trial

COURSE = 'title = "Course"\n[[assignments]]\nname = "sums"\nweight = 1\n'


def empty_house(folder):
    (folder / "source").mkdir(parents=True)
    (folder / "source/course.toml").write_text(COURSE)
    return folder


@pytest.fixture
def house(tmp_path):
    """A house without an assignment."""
    return empty_house(tmp_path / "house")


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- new


def test_an_assignment_is_begun_and_the_next_step_said(house):
    done = neurograde("new", "sums", "--house", house)
    assert (done.exit_code, done.stderr) == (0, "")
    made = [line.removeprefix("made source/") for line in done.stdout.splitlines() if line.startswith("made ")]
    assert files_below(house / "source") == sorted([*made, "course.toml"])
    assert {"sums/sums.ipynb", "sums/assignment.toml"} <= set(made)
    assert "then neurograde release sums" in done.stdout
    assert '"Sums"' in (house / "source/sums/assignment.toml").read_text()


def test_an_assignment_is_called_what_the_author_says(house):
    assert neurograde("new", "sums", "--title", 'Adding "up"', "--house", house).exit_code == 0
    assert "\"Adding 'up'\"" in (house / "source/sums/assignment.toml").read_text()


def test_the_house_is_the_one_that_somebody_stands_in(house, monkeypatch):
    monkeypatch.chdir(house / "source")
    assert neurograde("new", "sums").exit_code == 0
    assert (house / "source/sums/sums.ipynb").is_file()


@pytest.mark.parametrize("name", ["Sums", "my-sums", "../sums", "sums/", "1sum", ""])
def test_a_name_that_no_assignment_can_have_makes_nothing(house, name):
    done = neurograde("new", name, "--house", house)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "cannot name an assignment. Use small letters, digits and _" in done.stderr
    assert files_below(house) == ["source/course.toml"]


def test_an_assignment_that_is_there_is_left_as_it_is(house):
    neurograde("new", "sums", "--house", house)
    (house / "source/sums/data.py").write_text("# mine")
    done = neurograde("new", "sums", "--house", house)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is there already, and nothing in it was changed" in done.stderr
    assert (house / "source/sums/data.py").read_text() == "# mine"


# --- release


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A house after `neurograde release`, and what that said."""
    house = empty_house(tmp_path_factory.mktemp("released") / "house")
    neurograde("new", "sums", "--house", house)
    return house, neurograde("release", "--house", house, doors=Doors(trial=fake_trial))


def test_all_of_the_course_is_built_and_proved(released):
    house, done = released
    assert done.exit_code == 0
    assert done.stdout.startswith("sums: 1 questions, 2 points, 3 tests (2 hidden). Proved and written in ")
    assert "release/sums/ (measurements.csv, sums.ipynb, tests/q1.py)" in done.stdout
    assert done.stdout.endswith("\nThe lesson page: release/README.md\n")
    assert done.stderr.startswith("Building and proving sums ...\n")
    assert {"bundles/sums/bundle.json", "release/sums/sums.ipynb"} <= set(files_below(house))
    assert "sums/sums.ipynb" in (house / "release/README.md").read_text()


def test_a_fault_of_the_source_is_the_authors_and_nothing_is_written(house):
    neurograde("new", "sums", "--house", house)
    path = house / "source/sums/sums.ipynb"
    path.write_text(path.read_text().replace("# BEGIN SOLUTION", "# BEGIN SOLUTOIN"))
    before = files_below(house)
    done = neurograde("release", "sums", "--house", house, doors=Doors(trial=fake_trial))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "sums.ipynb cannot be released" in done.stderr
    assert files_below(house) == before


def test_no_room_to_prove_it_in_is_ours_and_nothing_is_written(house):
    def no_room(content, assignment):
        raise EngineUnavailableError("No container engine answers.")

    neurograde("new", "sums", "--house", house)
    before = files_below(house)
    done = neurograde("release", "sums", "-q", "--house", house, doors=Doors(trial=no_room))
    assert done.stderr == "Error: No container engine answers.\n"
    assert (done.exit_code, done.stdout) == (4, "")
    assert files_below(house) == before


def test_a_language_that_is_none_is_said(house):
    done = neurograde("release", "sums", "--lang", "xx", "--house", house)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'xx' is not one of 'en', 'ru'" in done.stderr


def test_a_course_that_says_something_else_is_not_guessed_at(house):
    (house / "source/course.toml").write_text(COURSE.replace("weight", "wieght"))
    done = neurograde("release", "--house", house)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "course.toml" in done.stderr
    assert "weight" in done.stderr


# --- data


def test_where_the_data_set_is_is_said():
    done = neurograde("data", "fashion-mnist")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"Fashion-MNIST: {find_fashion_mnist()}, 4 files, each as published (SHA-256)\n"


def test_a_folder_that_has_it_is_copied_to_the_cache(tmp_path):
    done = neurograde("data", "fashion-mnist", "--from", find_fashion_mnist(), env={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.exit_code == 0
    assert {path.name for path in (tmp_path / "neurograde/fashion-mnist").iterdir()} == set(SHA256)


def test_a_folder_that_has_it_not_is_said_and_nothing_is_copied(tmp_path):
    (tmp_path / "empty").mkdir()
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = neurograde("data", "fashion-mnist", "--from", tmp_path / "empty", env=cache)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "does not hold Fashion-MNIST" in done.stderr
    assert not (tmp_path / "cache").exists()


def test_a_data_set_that_is_nowhere_is_said_with_the_ways_to_get_it(tmp_path):
    done = neurograde("data", "fashion-mnist", env={"NEUROGRADE_FASHION_MNIST": str(tmp_path)})
    assert (done.exit_code, done.stdout) == (2, "")
    assert "neurograde data fashion-mnist --download" in done.stderr


def test_a_data_set_that_is_none_is_said():
    done = neurograde("data", "cifar")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "No such command 'cifar'" in done.stderr
