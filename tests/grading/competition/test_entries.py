from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from autograder.model.errors import SubmissionError
from grading.competition.entries import admit, choose, left_today
from grading.competition.ranking import own_entries
from grading.records.attempts import AttemptKind
from tests.grading.competition.builders import AFTER, CLAIMS, ENDS, MOSCOW, claim, contest


def moscow(day, hour, minute=0):
    return datetime(2026, 12, day, hour, minute, tzinfo=MOSCOW)


def test_one_claim_too_many_is_told_when_the_next_may_come():
    earlier = [claim("ada", 2600, at=moscow(5, 1)), claim("ada", 2600, at=moscow(5, 12))]
    with pytest.raises(SubmissionError) as refused:
        admit(earlier, moscow(5, 20, 30), CLAIMS, MOSCOW)
    assert str(refused.value) == (
        "2 files of predictions count in a day, and today's are used. This one was not scored. "
        "Hand it in again from 2026-12-06 00:00 (Europe/Moscow) on, in 3 h 30 min."
    )


def test_days_are_those_of_the_courses_time_zone():
    late_in_utc = [claim("ada", 2600, at=datetime(2026, 12, 5, hour, tzinfo=UTC)) for hour in (21, 22)]
    assert left_today(late_in_utc, moscow(5, 23), CLAIMS, MOSCOW) == 2
    assert left_today(late_in_utc, moscow(6, 12), CLAIMS, MOSCOW) == 0


def test_invalid_files_notebooks_and_other_days_do_not_count():
    earlier = [
        claim("ada", 2600, at=moscow(5, 8), valid=False),
        claim("ada", 2600, at=moscow(5, 9), kind=AttemptKind.NOTEBOOK),
        claim("ada", 2600, at=moscow(4, 9)),
    ]
    admit(earlier, moscow(5, 10), CLAIMS, MOSCOW)
    assert left_today(earlier, moscow(5, 10), CLAIMS, MOSCOW) == 2


def test_a_limit_that_was_lowered_lets_nobody_through():
    earlier = [claim("ada", 2600 + hour, at=moscow(5, hour)) for hour in range(1, 6)]
    with pytest.raises(SubmissionError, match="1 file of predictions counts in a day"):
        admit(earlier, moscow(5, 20), CLAIMS.model_copy(update={"daily_limit": 1}), MOSCOW)


def test_a_day_that_begins_at_one_oclock_is_told_so():
    beirut = ZoneInfo("Asia/Beirut")  # where clocks go from 00:00 to 01:00
    evening = datetime(2026, 3, 28, 23, tzinfo=beirut)
    with pytest.raises(SubmissionError, match=r"from 2026-03-29 01:00 \(Asia/Beirut\) on, in 1 h\."):
        admit([claim("ada", 2600 + n, at=evening) for n in range(2)], evening, CLAIMS, beirut)


def test_entries_are_selected_by_the_beginning_of_their_names():
    one, other = claim("ada", 2600), claim("ada", 2601, minutes=1)
    wanted = [one.submission[:6].upper(), other.submission, one.submission]
    assert choose("ada", wanted, [one, other], contest()) == (one.submission, other.submission)


def test_a_name_of_no_entry_is_refused_with_those_there_are():
    one = claim("ada", 2600)
    with pytest.raises(SubmissionError) as refused:
        choose("ada", ["none"], [one, claim("ada", 2601, valid=False)], contest(ends=None))
    assert str(refused.value) == (
        f'None of your entries begins with "none". Give 4 or more digits of an entry\'s name; yours are: '
        f"{one.submission[:12]}."
    )


def test_more_than_may_be_selected_are_refused():
    three = [claim("ada", 2600, minutes=minute) for minute in range(3)]
    with pytest.raises(SubmissionError, match=r"3 entries were named\. Select from 1 to 2"):
        choose("ada", [one.submission for one in three], three, contest(ends=None))


def test_nothing_is_selected_after_the_deadline():
    one = claim("ada", 2600)
    with pytest.raises(SubmissionError, match=r"until 2026-12-20 20:59 \(UTC\)"):
        choose("ada", [one.submission], [one], contest(AFTER, zone=ZoneInfo("UTC")))


def test_whoever_has_more_time_selects_and_sees_no_private_score_until_it_ends():
    one = claim("ada", 2600, at=ENDS + timedelta(minutes=30))
    more_time = {"ada": ENDS + timedelta(days=2)}
    (entry,) = own_entries("ada", [one], contest(AFTER, extended=more_time))
    assert (entry.in_time, entry.private) == (True, None)
    assert choose("ada", [one.submission], [one], contest(AFTER, extended=more_time)) == (one.submission,)
    over = contest(ENDS + timedelta(days=3), extended=more_time)
    assert own_entries("ada", [one], over)[0].private is not None
    with pytest.raises(SubmissionError, match=r"until 2026-12-22 23:59 \(Europe/Moscow\)"):
        choose("ada", [one.submission], [one], over)
