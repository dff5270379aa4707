from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.model.assignment import AssignmentSettings, LatePolicy
from autograder.model.errors import ConfigError, SubmissionError
from autograder.model.syllabus import Syllabus, Weighted
from grading.rules.extensions import Extension
from grading.rules.extensions_file import load_extensions
from grading.rules.lateness import duration, judge, lateness, require_open
from tests.builders import make_course

BERLIN = ZoneInfo("Europe/Berlin")
POLICY = LatePolicy(percent_per_day=10)

# Around both changes of the clock in Berlin, 29 March and 25 October 2026.
times = st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 10), timezones=st.just(UTC))
days_of_extension = st.lists(st.integers(1, 9).map(lambda n: Extension(student="ada", assignment="hw", days=n)))


def berlin(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN)


def days_late(handed_in: datetime, due: datetime, zone: ZoneInfo = BERLIN) -> int:
    return lateness(handed_in, due, POLICY, zone).days


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


def test_in_time_is_not_late_and_neither_is_the_last_moment():
    due = berlin(2026, 6, 1, 23, 59)
    for handed_in in (due - timedelta(days=3), due):
        late = lateness(handed_in, due, POLICY, BERLIN)
        assert (late.seconds_late, late.days, late.percent, late.is_late) == (0, 0, 0, False)


def test_every_day_begun_costs_its_percentage():
    due = berlin(2026, 6, 1, 23, 59)
    late = lateness(due + timedelta(days=2, seconds=1), due, POLICY, BERLIN)
    assert (late.seconds_late, late.days, late.percent, late.refused) == (2 * 86400 + 1, 3, 30, False)


@pytest.mark.parametrize(("due", "hours"), [((2026, 3, 28, 23, 59), 23), ((2026, 10, 24, 23, 59), 25)])
def test_a_day_late_ends_with_the_clock_also_when_the_clocks_change(due, hours):
    end = (berlin(*due).astimezone(UTC)) + timedelta(hours=hours)
    assert end.astimezone(BERLIN).time() == berlin(*due).time()
    assert [days_late(end, berlin(*due)), days_late(end + timedelta(seconds=1), berlin(*due))] == [1, 2]


def test_an_hour_that_happens_twice_is_counted_once():
    due = berlin(2026, 10, 25, 2, 30)
    again = due.replace(fold=1)  # the same clock time, an hour later
    assert lateness(again, due, POLICY, BERLIN).seconds_late == 3600


def test_a_day_that_ends_at_a_time_that_does_not_happen_ends_after_the_gap():
    due = berlin(2026, 3, 28, 2, 30)
    assert [days_late(berlin(2026, 3, 29, 3, minute), due) for minute in (30, 31)] == [1, 2]


def test_the_zone_of_the_course_counts_and_not_that_of_the_stamp():
    due = datetime(2026, 3, 28, 22, 59, tzinfo=UTC)  # 23:59 in Berlin; 24 hours later it is 00:59 there
    assert days_late(due + timedelta(hours=24), due) == 2
    assert days_late(due + timedelta(hours=24), due, ZoneInfo("UTC")) == 1


def test_within_the_grace_is_not_late_and_past_it_days_count_from_the_deadline():
    due, policy = berlin(2026, 6, 1, 12), LatePolicy(grace_minutes=15, percent_per_day=10)
    found = [lateness(due + timedelta(minutes=m), due, policy, BERLIN) for m in (15, 16, 24 * 60 + 1)]
    assert [late.days for late in found] == [0, 1, 2]
    assert found[0].seconds_late == 900


def test_after_the_most_days_nothing_counts():
    due, policy = berlin(2026, 6, 1, 12), LatePolicy(percent_per_day=10, most_days=2)
    found = [lateness(due + timedelta(days=d), due, policy, BERLIN) for d in (2, 2.01)]
    assert [(late.refused, late.percent) for late in found] == [(False, 20), (True, 100)]


def test_lateness_never_costs_more_than_everything():
    due = berlin(2026, 6, 1)
    assert lateness(due + timedelta(days=30), due, POLICY, BERLIN).percent == 100


def test_without_a_deadline_nothing_is_late():
    assert lateness(berlin(2030, 1, 1), None, POLICY, BERLIN).days == 0


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without their time zones"):
        lateness(datetime(2026, 6, 1), berlin(2026, 6, 1), POLICY, BERLIN)


@settings(deadline=None)
@given(times, times, times, days_of_extension)
def test_who_hands_in_later_is_never_less_late(due, one, other, extensions):
    earlier, later = (lateness(when, due, POLICY, BERLIN, extensions) for when in sorted((one, other)))
    assert (earlier.seconds_late, earlier.days, earlier.percent) <= (later.seconds_late, later.days, later.percent)


@settings(deadline=None)
@given(times, times)
def test_the_days_late_are_the_days_begun_by_the_clock(due, handed_in):
    days, day, hour = days_late(handed_in, due), timedelta(days=1), timedelta(hours=1)
    clock = handed_in.astimezone(BERLIN).replace(tzinfo=None) - due.astimezone(BERLIN).replace(tzinfo=None)
    assert days == 0 or (days - 1) * day - hour <= clock <= days * day + hour  # an hour: the one that happens twice


@settings(deadline=None)
@given(times, times, days_of_extension, st.randoms())
def test_the_order_of_extensions_is_irrelevant_and_none_makes_anybody_later(due, handed_in, extensions, random):
    found = lateness(handed_in, due, POLICY, BERLIN, extensions)
    shuffled = random.sample(extensions, len(extensions))
    assert lateness(handed_in, due, POLICY, BERLIN, shuffled) == found
    assert found.days <= days_late(handed_in, due)


def test_an_extension_in_days_keeps_the_clock_time():
    due = berlin(2026, 3, 28, 23, 59)
    late = lateness(due, due, POLICY, BERLIN, [Extension(student="ada", assignment="hw", days=2)])
    assert (late.due, late.extended) == (berlin(2026, 3, 30, 23, 59), True)


def test_an_extension_that_ends_before_the_deadline_changes_nothing():
    due = berlin(2026, 6, 1)
    early = Extension(student="ada", assignment="hw", until=berlin(2026, 5, 1))
    assert not lateness(due, due, POLICY, BERLIN, [early]).extended


EXTENSIONS = """
[[extensions]]
student = "ada"
assignment = "hw1"
until = 2026-06-05T12:00:00+02:00
reason = "ill"
[[extensions]]
student = "bob"
assignment = "*"
days = 2
"""


@pytest.mark.parametrize(
    ("student", "assignment", "days"),
    [("ada", "hw1", 0), ("ada", "hw2", 2), ("bob", "hw1", 0), ("bob", "hw2", 0), ("eve", "hw1", 2)],
)
def test_only_ones_own_extensions_count(course, student, assignment, days):
    (course.root / "extensions.toml").write_text(EXTENSIONS)
    syllabus = Syllabus(title="c", timezone="Europe/Berlin", assignments=[Weighted(name="hw1", weight=1)])
    late = judge(
        berlin(2026, 6, 3, 11), student=student, assignment=assignment,
        settings=AssignmentSettings(title="t", due=berlin(2026, 6, 1, 12)), syllabus=syllabus,
        extensions=load_extensions(course),
    )  # fmt: skip
    assert late.days == days


def test_an_assignments_own_late_policy_stands_in_for_the_courses():
    syllabus = Syllabus(title="c", assignments=[Weighted(name="hw", weight=1)], late=LatePolicy(percent_per_day=10))
    due = berlin(2026, 6, 1)
    own = AssignmentSettings(title="t", due=due, late=LatePolicy(percent_per_day=50))
    common = AssignmentSettings(title="t", due=due)
    percents = [
        judge(berlin(2026, 6, 1, 1), student="a", assignment="hw", settings=one, syllabus=syllabus).percent
        for one in (own, common)
    ]
    assert percents == [50, 10]


def test_without_the_file_there_are_no_extensions(course):
    assert load_extensions(course) == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("days = 2", "", "extensions.1: give either `until` or `days`"),
        ("days = 2", "days = 2\nuntil = 2026-06-05T12:00:00Z", "extensions.1: give either `until` or `days`"),
        ("+02:00", "", "extensions.0: until needs a time zone, e.g. 2026-12-24T23:59:00+03:00"),
        ("2026-06-05T12:00:00+02:00", "20260605", "extensions.0.until: Input should be a valid datetime"),
        ("days = 2", "days = 0", "extensions.1.days: Input should be greater than 0"),
        ("days = 2", "days = 999999999", "extensions.1.days: Input should be less than or equal to 366"),
        ("reason", "raeson", "extensions.0.raeson: no such key; did you mean `reason`?"),
        ('"bob"', '"*"', "extensions.1: an extension is one student's; for everybody change `due` in assignment.toml"),
        ('"hw1"', '"hw11"', 'extensions.0.assignment: there is no assignment "hw11"; did you mean "hw1"?'),
        ('"bob"', '"bobb"', 'extensions.1.student: there is no student "bobb"; did you mean "bob"?'),
        ('"ada"', '"xyz"', 'extensions.0.student: there is no student "xyz"; mend it in extensions.toml.'),
        ("[[extensions]]", "[[extensions", "is not TOML"),
    ],
)  # fmt: skip
def test_extensions_that_are_wrong_are_named_with_what_to_mend(course, old, new, message):
    (course.root / "extensions.toml").write_text(EXTENSIONS.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_extensions(course, assignments=["hw1", "hw2"], students=["ada", "bob"])
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{course.root / 'extensions.toml'}")


def test_what_came_too_late_is_refused_in_words_for_the_student():
    due, closed = berlin(2026, 6, 1, 23, 59), LatePolicy(most_days=0)
    require_open(lateness(due, due, closed, BERLIN), "hw1")
    with pytest.raises(SubmissionError) as caught:
        require_open(lateness(due + timedelta(hours=2, minutes=5), due, closed, BERLIN), "hw1")
    assert str(caught.value) == (
        "hw1 was due 2026-06-01 23:59 (Europe/Berlin), and this came 2 h 5 min later, too late to count. "
        "If you had a reason, ask your instructor for an extension."
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0.4 s"), (1, "1 s"), (70, "1 min 10 s"), (3600, "1 h"), (90_060, "1 d 1 h"), (86_460, "1 d")],
)
def test_a_span_of_time_is_told_in_its_two_largest_units(seconds, told):
    assert duration(seconds) == told
