from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.model.assignment import Competition
from grading.competition.board import Identity, Likeness
from grading.competition.ranking import own_entries, rank
from grading.records.attempts import AttemptKind
from grading.scoring.metrics import wilson_interval
from tests.grading.competition.builders import AFTER, BEFORE, CLAIMS, ENDS, START, claim, contest


def shown(attempts, now=BEFORE, competition=CLAIMS, extended=None, selections=None, **more):
    return rank(attempts, contest(now, competition, extended=extended or {}, selections=selections or {}), **more)


def ranks(view):
    return [(row.rank, row.who) for row in view.rows]


def test_equals_share_a_rank_and_the_earlier_stands_above():
    view = shown([claim("eve", 2400), claim("bob", 2640, minutes=9), claim("ada", 2700), claim("cy", 2640, minutes=3)])
    assert ranks(view) == [(1, "ada"), (2, "cy"), (2, "bob"), (4, "eve")]


def test_before_the_deadline_two_decimals_of_the_public_score_are_shown():
    (row,) = shown([claim("ada", 2651, 6999)]).rows
    assert (str(row.score), row.score.low, row.public, row.moved) == ("0.88", None, None, None)


def test_after_the_deadline_four_decimals_of_the_private_score_are_shown_with_its_interval():
    (row,) = shown([claim("ada", 2651, 6181)], now=AFTER).rows
    assert (str(row.score), row.score.interval, str(row.public)) == ("0.8830", "0.8730-0.8930", "0.88")


def test_the_deadline_itself_is_in_time_and_public():
    view = shown([claim("ada", 2651, at=ENDS)], now=ENDS)
    assert (view.is_final, view.entries) == (False, 1)


def same_to_two_decimals(k):
    near = range(max(0, k - 30), min(3000, k + 30) + 1)
    return st.sampled_from([other for other in near if round(other / 3000, 2) == round(k / 3000, 2)])


twins = st.integers(0, 3000).flatmap(lambda k: st.tuples(st.just(k), same_to_two_decimals(k)))
classes = st.lists(st.tuples(st.sampled_from("abcd"), twins, st.integers(0, 7000), st.integers(0, 99)), max_size=12)


@settings(deadline=None)
@given(classes)
def test_nothing_before_the_deadline_depends_on_what_is_not_shown(entries):
    one = [claim(who, k, 0, minute) for who, (k, _), _, minute in entries]
    other = [claim(who, k, private, minute) for who, (_, k), private, minute in entries]
    one = [replace(a, submission=b.submission) for a, b in zip(one, other, strict=True)]  # labels make no other file
    assert shown(one) == shown(other)
    for who in "abcd":
        first, second = ([a for a in attempts if a.student == who] for attempts in (one, other))
        assert own_entries(who, first, contest()) == own_entries(who, second, contest())


def test_the_margin_tells_nothing_of_the_digits_that_are_left_out():
    alike = [k for k in range(2280, 2340) if round(k / 3000, 2) == 0.77]  # around which the exact one goes to 0.01
    assert {str(shown([claim("ada", k)]).margin) for k in alike} == {"0.02"}


def test_the_margin_is_half_of_wilsons_interval():
    low, high = wilson_interval(6181, 7000)
    assert shown([claim("ada", 2651, 6181)], now=AFTER).margin.value == round((high - low) / 2, 4)


@settings(deadline=None)
@given(classes, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_attempts_does_not_matter(entries, random, over):
    attempts = list({a.submission: a for a in (claim(w, k, p, m) for w, (k, _), p, m in entries)}.values())
    mixed = random.sample(attempts, len(attempts))
    now = AFTER if over else BEFORE
    assert shown(attempts, now=now) == shown(mixed, now=now)


@settings(deadline=None)
@given(classes)
def test_a_better_rank_never_has_a_worse_score(entries):
    rows = shown([claim(w, k, p, m) for w, (k, _), p, m in entries], now=AFTER).rows
    for above, below in pairwise(rows):
        assert above.score.value >= below.score.value
        assert (above.rank == below.rank) == (above.score.value == below.score.value)


def test_a_row_stands_on_the_best_public_score_and_of_equals_on_the_first():
    view = shown([claim("ada", 2500), claim("ada", 2640, minutes=5), claim("ada", 2641, minutes=9)])
    (row,) = view.rows
    assert (row.entries, row.handed_in) == (3, START + timedelta(minutes=5))
    assert [dot.is_best for dot in view.dots] == [False, True, False]


def test_the_best_private_score_among_the_selected_counts():
    first, second, third = claim("ada", 2700, 6000), claim("ada", 2600, 6100, 1), claim("ada", 2500, 6300, 2)
    selections = {"ada": (first.submission, second.submission)}
    (row,) = shown([first, second, third], now=AFTER, selections=selections).rows
    assert (row.score.value, row.handed_in) == (round(6100 / 7000, 4), second.handed_in)


def test_without_a_selection_the_best_public_ones_count_by_every_digit():
    attempts = [claim("ada", 2640, 6300), claim("ada", 2641, 6000, 1), claim("ada", 2642, 6100, 2)]
    (row,) = shown(attempts, now=AFTER).rows
    assert row.score.value == round(6100 / 7000, 4)


def test_no_more_are_selected_than_may_be_and_what_came_too_late_is_not():
    late = claim("ada", 2700, 7000, at=ENDS + timedelta(minutes=1))
    four = [claim("ada", 2500, private, minute) for minute, private in enumerate((6000, 6100, 6200, 6300))]
    wanted = (late.submission, four[0].submission, four[1].submission, four[2].submission)
    (row,) = shown([*four, late], now=AFTER, selections={"ada": wanted}).rows
    assert (row.score.value, row.entries) == (round(6100 / 7000, 4), 4)


def test_whoever_has_more_time_is_missing_from_the_final_board_until_it_ends():
    extended = {"ada": ENDS + timedelta(days=2)}
    attempts = [claim("ada", 2700, at=ENDS + timedelta(days=1)), claim("bob", 2600)]
    view = shown(attempts, now=ENDS + timedelta(days=1, hours=1), extended=extended)
    assert (ranks(view), view.waiting, len(view.dots)) == ([(1, "bob")], 1, 1)
    view = shown(attempts, now=ENDS + timedelta(days=3), extended=extended)
    assert ({row.who for row in view.rows}, view.waiting) == ({"ada", "bob"}, 0)


def test_an_extension_never_takes_time_away():
    view = shown([claim("ada", 2700, minutes=60)], now=AFTER, extended={"ada": START})
    assert ranks(view) == [(1, "ada")]


def test_what_comes_later_is_not_on_an_earlier_board():
    assert shown([claim("ada", 2700, minutes=10)], now=START).rows == ()


def test_baselines_have_no_rank_and_stand_above_their_equals():
    base = claim("the staff's", 2640, kind=AttemptKind.BASELINE, minutes=99)
    view = shown([claim("ada", 2641), base, claim("bob", 2700)])
    assert [(row.rank, row.who, row.is_baseline) for row in view.rows] == [
        (1, "bob", False), (None, "the staff's", True), (2, "ada", False),
    ]  # fmt: skip
    assert (view.students, len(view.dots)) == (2, 2)


def test_the_rerun_of_the_latest_notebook_stands_beside_the_claim():
    notebooks = [
        claim("ada", 2700, 6900, kind=AttemptKind.NOTEBOOK),
        claim("ada", 2500, 6000, 5, kind=AttemptKind.NOTEBOOK),
    ]
    attempts = [claim("ada", 2800, 6500), *notebooks]
    assert str(shown(attempts).rows[0].verified) == "0.83"
    assert str(shown(attempts, now=AFTER).rows[0].verified) == "0.8571"


def test_a_latest_notebook_without_a_score_verifies_nothing():
    attempts = [
        claim("ada", 2800),
        claim("ada", 2700, kind=AttemptKind.NOTEBOOK),
        claim("ada", 1, minutes=5, kind=AttemptKind.NOTEBOOK, valid=False),
    ]
    assert shown(attempts).rows[0].verified is None


def test_a_student_with_a_notebook_only_is_listed_without_a_rank():
    view = shown([claim("ada", 2700, kind=AttemptKind.NOTEBOOK), claim("bob", 2500)])
    assert ranks(view) == [(1, "bob"), (None, "ada")]


def test_where_there_are_no_claims_notebooks_are_the_entries():
    view = shown([claim("ada", 2700, kind=AttemptKind.NOTEBOOK)], competition=Competition(anchors=[(0, 0)]))
    assert (ranks(view), view.rows[0].verified) == ([(1, "ada")], None)


def test_scores_on_other_held_out_data_are_left_out_and_counted():
    view = shown([claim("ada", 2900, version="old"), claim("bob", 2500, minutes=1)])
    assert (ranks(view), view.outdated) == ([(1, "bob")], 1)


@pytest.mark.parametrize(("public", "moved"), [((2700, 2640), -1), ((2640, 2700), 0), ((2641, 2640), 0)])
def test_places_within_a_shared_public_rank_are_no_move(public, moved):
    mine, theirs = public
    rows = shown([claim("ada", mine, 6000), claim("bob", theirs, 6100)], now=AFTER).rows
    assert {row.who: row.moved for row in rows}["ada"] == moved


def test_a_tier_begins_where_chance_does_not_explain_the_distance_to_its_first():
    attempts = [claim("ada", 2700, 6300), claim("bob", 2700, 6290), claim("cy", 2700, 6200), claim("di", 2700, 6200, 1)]
    asked = []

    def apart(first, other):
        asked.append((first.student, other.student))
        return first.scores.private.correct - other.scores.private.correct > 50

    assert [row.tier for row in shown(attempts, now=AFTER, apart=apart).rows] == [1, 1, 2, 2]
    assert asked == [("ada", "bob"), ("ada", "cy")]  # di shares cy's rank, so also the tier
    assert {row.tier for row in shown(attempts, apart=apart).rows} == {None}


def test_a_board_of_ranks_tells_no_score():
    attempts = [claim("ada", 2651, 6181), claim("ada", 2600, 6100, kind=AttemptKind.NOTEBOOK)]
    view = shown(attempts, now=AFTER, ranks_only=True)
    (row,) = view.rows
    assert (row.rank, row.score, row.public, row.verified, view.dots, view.margin) == (1, None, None, None, (), None)


def test_names_stand_for_ids_where_there_are_any():
    view = shown([claim("ada", 2700), claim("bob", 2600)], names={"ada": "Ada\u202e Lovelace\n"})
    assert ranks(view) == [(1, "Ada Lovelace"), (2, "bob")]


def test_no_id_shows_behind_a_pseudonym_that_is_missing():
    with pytest.raises(ValueError, match="a student has no pseudonym"):
        shown([claim("ada", 2700)], names={"bob": "Amber Otter"}, identity=Identity.PSEUDONYMS)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="has no time zone"):
        shown([], now=datetime(2026, 12, 1))


def test_each_entry_is_compared_with_the_best_but_not_those_that_look_the_same():
    near, far = claim("ada", 2600, minutes=1), claim("ada", 2000, minutes=2)
    best, same = claim("ada", 2650, minutes=3), claim("ada", 2651, minutes=4)
    asked = []

    def within_noise(one, other):
        asked.append(one)
        return one is near

    entries = own_entries("ada", [near, far, best, same], contest(), within_noise=within_noise)
    assert [one.likeness for one in entries] == [Likeness.NOISE, Likeness.APART, Likeness.BEST, Likeness.SAME]
    assert asked == [near, far]


def test_which_entries_the_board_would_select_is_told_after_the_deadline_only():
    attempts = [claim("ada", k, minutes=k) for k in (2640, 2641, 2642)]
    before, after = (own_entries("ada", attempts, contest(now)) for now in (BEFORE, AFTER))
    assert [one.is_selected for one in before] == [False, False, False]
    assert [one.is_selected for one in after] == [False, True, True]


def test_a_late_entry_is_told_to_be_late():
    attempts = [claim("ada", 2640), claim("ada", 2700, at=ENDS + timedelta(minutes=5))]
    entries = own_entries("ada", attempts, contest(AFTER))
    assert [(one.in_time, one.likeness) for one in entries] == [(True, Likeness.BEST), (False, None)]
