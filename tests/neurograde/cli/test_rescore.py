from grading.records.gradebook import Gradebook
from tests.command_line import neurograde


def rescore(made, *options, name="doubles"):
    return neurograde("rescore", name, *made.places, *options)


def grades(course):
    with Gradebook(course.database) as gradebook:
        return {student: marks["doubles"].result for student, marks in gradebook.marks().items()}


def test_where_no_rule_changed_nothing_does(own_class):
    before = grades(own_class.course)
    done = rescore(own_class)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "No score changes. No grade changes.\n", "")
    assert grades(own_class.course) == before


def test_a_changed_rule_shows_who_moves_and_holds_from_then_on(own_class):
    own_class.rules("[1, 2]", "[1, 8]")
    done = rescore(own_class)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "3 of 3 grades change, 3 up and 0 down" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if " notebook " in line]
    assert (rows[0][0], {row[0] for row in rows}) == ("lovelaceada", {"lovelaceada", "eve", "bob"})
    assert rows[0][-3:] == ["6.000", "12.000", "+6.000"]
    assert grades(own_class.course)["lovelaceada"].value == 12
    assert rescore(own_class).stdout == "No score changes. No grade changes.\n"


def test_an_extension_that_was_given_afterwards_forgives(own_class):
    own_class.extend("enoether")
    done = rescore(own_class)
    assert done.exit_code == 0
    assert "2 of 3 grades change, 1 up and 1 down" in done.stdout
    assert grades(own_class.course)["eve"].value == 6


def test_an_assignment_without_a_competition_can_be_rescored(own_class):
    assert rescore(own_class, name="essays").stdout == "No score changes. No grade changes.\n"


def test_rules_that_are_wrong_are_the_instructors(own_class):
    own_class.rules("anchors", "ancors")
    done = rescore(own_class)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "assignment.toml" in done.stderr
    assert "anchors" in done.stderr


def test_held_out_data_that_is_damaged_is_ours_and_moves_nobody(own_class):
    before = grades(own_class.course)
    (own_class.course.heldout / "doubles/labels.npy").write_bytes(b"damaged")
    done = rescore(own_class)
    assert (done.exit_code, done.stdout) == (4, "")
    assert "labels.npy is missing or is not the file that was drawn" in done.stderr
    assert grades(own_class.course) == before
