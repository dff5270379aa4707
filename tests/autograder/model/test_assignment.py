import json

import pytest

from autograder.model.bundle import load_assignment, load_settings
from autograder.model.errors import ConfigError


def settings(tmp_path, text):
    path = tmp_path / "assignment.toml"
    path.write_text(text)
    return load_settings(path)


def test_what_is_not_said_has_a_default(tmp_path):
    found = settings(tmp_path, 'title = "One neuron"')
    assert (found.limits.memory_mb, found.competition, found.due) == (2048, None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('titel = "x"', "titel: no such key; did you mean `title`?"),
        ('title = "x"\n[limits]\nwall_second = 3', "limits.wall_second: no such key; did you mean `wall_seconds`?"),
        ('title = "x"\n[competition]\nanchors = [[0.9, 1], [0.5, 2]]', "anchors must rise"),
        ('title = "x"\n[competition]\nanchors = [[0.5, 2], [0.9, 1]]', "anchors must rise"),
        ('title = "x"\n[competition]\nanchors = [[0.5, nan]]', "finite"),
        ('title = "x"\n[competition]\nanchors = [[1.5, 1]]', "score from 0 to 1"),
        ('title = "x"\n[competition]\nanchors = []', "at least 1"),
        ('title = "x"\ndue = 2026-10-01T12:00:00', "time zone"),
        ('title = "x"\n[limits]\nmemory_mb = 10', "greater than or equal to 512"),
        ("title = ", "is not TOML"),
    ],
)
def test_a_fault_names_the_file_the_key_and_the_way_out(tmp_path, text, said):
    with pytest.raises(ConfigError) as error:
        settings(tmp_path, text)
    assert said in str(error.value)
    assert "assignment.toml" in str(error.value)


def test_a_bundle_that_is_not_there_says_how_to_make_it(tmp_path):
    with pytest.raises(ConfigError, match="neurograde release hw1"):
        load_assignment(tmp_path / "hw1")


def test_any_change_to_the_tests_is_another_assignment(bundle):
    before = load_assignment(bundle).fingerprint
    index = json.loads((bundle / "bundle.json").read_text())
    (bundle / "bundle.json").write_text(json.dumps(index, indent=3))
    assert load_assignment(bundle).fingerprint != before
