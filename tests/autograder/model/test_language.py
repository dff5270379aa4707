from autograder.model.language import plural


def test_a_noun_is_singular_after_one_and_only_then():
    assert [f"{count} {plural(count, 'day')}" for count in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert [plural(count, "Id is", "Ids are") for count in (1, 2)] == ["Id is", "Ids are"]
