from autograder.model.errors import did_you_mean, nearest

KEYS = {"title": 1, "weight": 2, "width": 3}


def test_the_nearest_of_the_known_names_come_first_and_no_more_than_asked_for():
    assert nearest("weigth", KEYS) == ["weight"]
    assert nearest("weigth", KEYS, n=3) == ["weight", "width"]
    assert nearest("colour", KEYS) == nearest("colour", ()) == []


def test_a_hint_names_the_nearest_else_says_what_else_there_is_to_say():
    assert did_you_mean("weigth", KEYS) == "did you mean weight?"
    assert did_you_mean("weigth", KEYS, quote="`", otherwise="look again") == "did you mean `weight`?"
    assert did_you_mean("colour", KEYS, otherwise="look again") == "look again"
    assert did_you_mean("colour", KEYS) == ""
