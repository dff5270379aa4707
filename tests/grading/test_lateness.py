from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.assignment import LatePolicy
from autograder.errors import ConfigError, SubmissionError
from grading.course import open_course
from grading.lateness import Extension, lateness, load_extensions, require_open

BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime(2026, 10, 24, 23, 59, tzinfo=BERLIN)  # the clocks go back in the night after
POLICY = LatePolicy(grace_minutes=15, percent_per_day=10, most_days=3)
MINE = Extension(student="ada", assignment="hw1", days=2)


def late(after, *extensions, policy=POLICY, due=DUE):
    return lateness((due.astimezone(UTC) + after).astimezone(UTC), due, policy, BERLIN, extensions)


@pytest.mark.parametrize(
    ("after", "days", "percent", "refused"),
    [
        (timedelta(0), 0, 0, False),
        (timedelta(minutes=15), 0, 0, False),
        (timedelta(minutes=16), 1, 10, False),
        (timedelta(hours=25), 1, 10, False),  # a day of 25 hours
        (timedelta(hours=25, minutes=1), 2, 20, False),
        (timedelta(days=4), 4, 100, True),
        (timedelta(days=-1), 0, 0, False),
    ],
)
def test_days_late_are_begun_by_the_clock_of_the_deadline(after, days, percent, refused):
    found = late(after)
    assert (found.days, found.percent, found.refused) == (days, percent, refused)


def test_an_extension_moves_the_deadline_by_the_clock_and_never_back():
    assert late(timedelta(days=2), MINE).days == 0
    assert late(timedelta(days=2, hours=2), MINE).days == 1
    past = Extension(student="ada", assignment="hw1", until=DUE - timedelta(days=5))
    assert late(timedelta(hours=1), past).due == DUE
    assert late(timedelta(hours=1), past, MINE).extended


def test_without_a_deadline_nothing_is_late():
    assert lateness(DUE, None, POLICY, BERLIN).days == 0


@settings(deadline=None)
@given(st.timedeltas(timedelta(0), timedelta(days=30)), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_who_comes_later_never_pays_less(one, other):
    early, later = sorted((one, other))
    assert late(early).percent <= late(later).percent


def test_what_came_too_late_to_count_is_refused_with_the_deadline():
    with pytest.raises(SubmissionError, match=r"due 2026-10-24 23:59 .*ask your instructor"):
        require_open(late(timedelta(days=9)), "hw1")
    require_open(late(timedelta(days=1)), "hw1")


GOOD = '[[extensions]]\nstudent = "ada"\nassignment = "hw1"\ndays = 2\nreason = "ill"\n'


def test_extensions_are_read_and_none_are_there_without_the_file(tmp_path):
    course = open_course(tmp_path)
    assert load_extensions(course) == ()
    (tmp_path / "extensions.toml").write_text(GOOD)
    assert load_extensions(course, assignments=["hw1"], students=["ada"]) == (
        MINE.model_copy(update={"reason": "ill"}),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("days", "dyas"), "did you mean `days`"),
        (GOOD.replace("hw1", "hw7"), 'there is no assignment "hw7"; did you mean "hw1"'),
        (GOOD.replace("ada", "adda"), 'there is no student "adda"; did you mean "ada"'),
        (GOOD.replace("days = 2", ""), "either `until` or `days`"),
        (GOOD.replace("days = 2", "until = 2026-10-27T12:00:00"), "needs a time zone"),
        (GOOD.replace("ada", "*"), "one student's"),
    ],
)
def test_an_extension_that_would_help_nobody_is_an_error(tmp_path, text, message):
    (tmp_path / "extensions.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"extensions\.toml") as refusal:
        load_extensions(open_course(tmp_path), assignments=["hw1"], students=["ada"])
    assert message in str(refusal.value)
