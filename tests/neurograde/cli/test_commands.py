import re
import subprocess
import sys
from collections import Counter
from importlib.metadata import version

import click
import pytest

from neurograde.cli import main
from neurograde.cli.commands import SECTIONS
from tests.command_line import neurograde

FILE = "a file that is there"
TYPED = {
    "new": ["triples"],
    "release": ["doubles"],
    "data fashion-mnist": [],
    "grade": ["doubles", FILE],
    "rescore": ["doubles"],
    "feedback": ["doubles", "s1001"],
    "heldout": ["doubles"],
    "leaderboard": ["doubles"],
    "select": ["doubles", "s1001", "abcd"],
    "policy": ["doubles", "--preview", FILE],
    "integrity": ["doubles"],
    "grades": [],
    "explain": ["s1001"],
    "export": ["doubles", "--to", "gradescope"],
    "roster import": [FILE],
    "roster link": ["ada", "s1001"],
    "formgrader": [],
    "doctor": [],
    "demo": [],
}
"""Every command, and what it is given at least."""
LISTED = {name: said for listed in SECTIONS.values() for name, (_, said) in listed.items()}
"""What the list says of each."""
WITHOUT_A_HOUSE = {"data fashion-mnist", "doctor"}
READ_THE_COURSE = [
    "rescore", "feedback", "leaderboard", "select", "policy", "integrity", "grades", "explain", "export", "roster link"
]  # fmt: skip
OF_AN_ASSIGNMENT = [name for name, given in TYPED.items() if given[:1] == ["doubles"]]
PLACED = sorted(TYPED.keys() - {"data fashion-mnist", "new", "release", "demo"})
"""Those that take --course."""


def words_of(name, file):
    return [*name.split(), *(file if word == FILE else word for word in TYPED[name])]


def commands():
    """Every command that does something, by what is typed."""
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", command.commands[inner]) for inner in command.commands)
        else:
            yield name, command


@pytest.fixture
def file(small_class):
    return small_class.uploads / "bob.ipynb"


def files_below(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


def contents_of(folder):
    """Every file, without those that SQLite's readers share among themselves."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {path.relative_to(folder): path.read_bytes() for path in files}


# --- the list


def test_every_command_is_in_one_section_and_tried_here():
    times = Counter(name for listed in SECTIONS.values() for name in listed)
    assert set(times.values()) == {1}
    assert {name for name, _ in commands()} == set(TYPED)


def test_a_command_is_called_what_the_list_calls_it():
    context = click.Context(main)
    listed = main.list_commands(context)
    assert [main.get_command(context, name).name for name in listed] == listed


def content_words(text):
    return {word.removesuffix("s") for word in re.findall(r"[\w-]{4,}", text.lower())}


@pytest.mark.parametrize(
    ("name", "said"), [(n, said) for listed in SECTIONS.values() for n, (_, said) in listed.items()]
)
def test_the_list_says_of_a_command_what_the_command_says_itself(name, said):
    told = main.get_command(click.Context(main), name).help.partition("\n\n")[0]
    assert content_words(said) - content_words(told) == set()


def test_help_lists_every_command_below_who_types_it():
    done = neurograde("--help")
    assert (done.exit_code, done.stderr) == (0, "")
    places = [done.stdout.index(f"\n{title}:") for title in SECTIONS]
    assert places == sorted(places)
    for name, said in LISTED.items():
        assert re.search(rf"^  {name} +{re.escape(said)}$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", TYPED)
def test_every_command_explains_itself_and_its_options(name):
    done = neurograde(*name.split(), "--help")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: neurograde {name} [OPTIONS]")
    assert " ".join(dict(commands())[name].help.split())[:40] in " ".join(done.stdout.split())
    for option in ("--verbose", "--quiet", "--log-file", *(["--house"] if name not in WITHOUT_A_HOUSE else [])):
        assert option in done.stdout
    assert neurograde(*name.split(), "-h").stdout == done.stdout


def test_the_version_is_told():
    done = neurograde("--version")
    assert (done.exit_code, done.stdout) == (0, f"neurograde, version {version('neurograde')}\n")


def test_a_command_with_a_typo_gets_the_nearest():
    done = neurograde("gradez")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "No such command 'gradez'. Did you mean grade?" in done.stderr


def test_a_command_that_is_like_none_is_none():
    done = neurograde("xyzzy")
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, "Error: No such command 'xyzzy'.")


def test_the_command_line_is_there_at_once():
    heavy = {"numpy", "torch", "sqlalchemy", "nbgrader", "pandas", "otter", "matplotlib", "jupyter_client"}
    seen = f"import sys; from neurograde.cli import main; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- bad inputs of any command


@pytest.mark.parametrize("name", TYPED)
def test_an_option_that_is_none_is_said(name, file):
    done = neurograde(*words_of(name, file), "--nonsense")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "No such option" in done.stderr
    assert "--nonsense" in done.stderr


@pytest.mark.parametrize("name", [name for name, given in TYPED.items() if given and name != "release"])
def test_what_is_missing_is_said(name, nowhere):
    done = neurograde(*name.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Missing" in done.stderr


@pytest.mark.parametrize("name", sorted(TYPED.keys() - WITHOUT_A_HOUSE))
def test_outside_of_any_house_nothing_is_done_and_nothing_written(name, file, nowhere):
    done = neurograde(*words_of(name, file))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "There is no course here" in done.stderr
    assert "--house DIR" in done.stderr
    assert files_below(nowhere) == []


@pytest.mark.parametrize("name", sorted(TYPED.keys() - WITHOUT_A_HOUSE))
def test_a_house_that_is_none_is_not_made_one(name, file, tmp_path, nowhere):
    done = neurograde(*words_of(name, file), "--house", tmp_path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{tmp_path} is no course" in done.stderr
    assert files_below(tmp_path) == [nowhere.relative_to(tmp_path)]


@pytest.mark.parametrize("name", OF_AN_ASSIGNMENT)
@pytest.mark.parametrize("typo", ["dobles", "doubles/", "../source/doubles"])
def test_an_assignment_that_is_none_is_said_beside_those_there_are(name, typo, small_class, file):
    words = [typo if word == "doubles" else word for word in words_of(name, file)]
    done = neurograde(*words, *(small_class.places if name in PLACED else small_class.places[:2]))
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"source/{typo} is not an assignment" in done.stderr
    assert "doubles, essays" in done.stderr


@pytest.mark.parametrize("name", READ_THE_COURSE)
def test_a_course_that_is_not_there_is_not_made_by_reading_it(name, small_class, policy_file, tmp_path):
    missing = tmp_path / "typo"
    words = words_of(name, policy_file)
    done = neurograde(*words, "--house", small_class.house.root, "--course", missing)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{missing} is not there" in done.stderr
    assert not missing.exists()


@pytest.mark.parametrize("name", ["feedback", "leaderboard", "policy", "grades", "explain"])
def test_reading_a_course_changes_nothing_in_it(name, small_class, policy_file):
    before = contents_of(small_class.course.root)
    assert neurograde(*words_of(name, policy_file), *small_class.places).exit_code == 0
    assert contents_of(small_class.course.root) == before


@pytest.mark.parametrize("name", PLACED)
def test_a_course_that_is_a_file_is_none(name, small_class, file):
    done = neurograde(*words_of(name, file), "--course", file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is a file" in done.stderr


@pytest.mark.parametrize("name", ["grade", "heldout", "roster import", "formgrader"])
def test_a_course_that_cannot_be_made_is_said(name, small_class, file, tmp_path):
    below_a_file = file / "course"
    roster = tmp_path / "roster.csv"
    roster.write_text("name\nDora\n")
    words = words_of(name, roster if name == "roster import" else file)
    done = neurograde(*words, "--house", small_class.house.root, "--course", below_a_file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{below_a_file} cannot be the course directory" in done.stderr
    assert "--course DIR" in done.stderr


# --- what is damaged


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("policy") / "assignment.toml"
    path.write_text('[competition]\nentry_point = "predict"\nanchors = [[0, 0], [1, 8]]\nclaims = true\n')
    return path


@pytest.fixture(scope="module")
def damaged(graded_once, tmp_path_factory):
    """The class with a gradebook that is no database."""
    made = graded_once.copy_to(tmp_path_factory.mktemp("damaged") / "class")
    made.course.gradebook.write_bytes(b"no database at all" * 100)
    return made


@pytest.mark.parametrize("name", [name for name in READ_THE_COURSE if name != "roster link"])
def test_a_damaged_gradebook_is_ours_to_mend(name, damaged, policy_file):
    done = neurograde(*words_of(name, policy_file), *damaged.places)
    assert (done.exit_code, done.stdout) == (4, "")
    assert f"{damaged.course.gradebook}" in done.stderr


@pytest.mark.parametrize("name", ["rescore", "feedback", "leaderboard", "select", "grades", "explain"])
def test_a_roster_that_was_edited_wrongly_is_staffs_to_mend(name, own_class, file):
    (own_class.course.root / "roster.csv").write_text("id,nmae\ns1001,Ada\n")
    done = neurograde(*words_of(name, file), *own_class.places)
    assert (done.exit_code, done.stdout) == (2, "")
    assert 'there is no column "nmae"; did you mean name?' in done.stderr
