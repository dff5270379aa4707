import pytest

from grading.people.pseudonyms import pseudonyms

SECRET = b"a secret of a whole term"


def test_pseudonyms_differ_and_hang_on_the_secret():
    students = [f"student{number}" for number in range(500)]
    names = pseudonyms(students, SECRET)
    assert len(set(names.values())) == 500
    assert pseudonyms(students, SECRET[::-1])["student0"] != names["student0"]


def test_a_pseudonym_never_passes_to_another_when_the_class_grows():
    students = [f"student{number}" for number in range(1200)]
    small, large = pseudonyms(students[:300], SECRET), pseudonyms(students, SECRET)
    owners = {name: student for student, name in small.items()}
    assert all(large[student].startswith(name) for student, name in small.items())
    assert all(owners.get(name, student) == student for student, name in large.items())


def test_a_secret_that_can_be_guessed_is_refused():
    with pytest.raises(ValueError, match="the secret has 4 bytes"):
        pseudonyms(["ada"], b"1234")
