import pytest

from autograder.model.errors import ConfigError
from autograder.model.house import load_syllabus

COURSE = """
title = "Deep learning"
[[assignments]]
name = "hw1"
weight = 0.4
[[assignments]]
name = "hw2"
weight = 0.6
"""


def test_a_syllabus_is_read(tmp_path):
    (tmp_path / "course.toml").write_text(COURSE)
    assert [(part.name, part.weight) for part in load_syllabus(tmp_path).assignments] == [
        ("hw1", 0.4),
        ("hw2", 0.6),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (COURSE.replace("title", "titel"), "did you mean `title`"),
        (COURSE.replace("weight", "wieght"), r"assignments\.0\.wieght: no such key; did you mean `weight`"),
        (COURSE.replace("hw2", "hw1"), "hw1 more than once"),
        (COURSE.replace("0.4", "-0.4"), "greater than or equal to 0"),
        (COURSE.replace("0.4", "nan"), "finite"),
        (COURSE + "[late]\npercent_per_day = 110", "percent_per_day: Input should be less than or equal to 100"),
        ('timezone = "Moscow"' + COURSE, "Europe/Moscow"),
        ("drop_lowest = 2" + COURSE, "only 2 assignments"),
        (COURSE + '[[lesson.plan]]\ntitle = "x"\nassignment = "hw3"', "speaks of hw3"),
        (COURSE + '[scale]\nletters = [[0.5, "A"], [0.6, "F"]]', "letters must fall"),
        (COURSE + "[scale]\nten_point = [[0.5, 5], [0.4, 6]]", "ten_point must rise"),
        (COURSE + '[site]\nfiles = "release"', "begins with https"),
        ("title = ", "not TOML"),
        (None, "is missing"),
    ],
)
def test_a_course_file_that_is_wrong_is_named_with_what_to_mend(tmp_path, text, message):
    if text is not None:
        (tmp_path / "course.toml").write_text(text)
    with pytest.raises(ConfigError, match=rf"course\.toml.*{message}"):
        load_syllabus(tmp_path)
