import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.model.errors import ConfigError, PlatformError
from grading.people.roster import CanvasColumn, Roster, Student, link, load_roster, match, reconcile, save_roster
from tests.builders import make_course

ADA = Student(id="ada", name="Lovelace, Ada", email="ada@example.org", lms_id="101", sis_id="S1", login="alovelace")
IVAN = Student(id="ivan1", name="Иванов Иван", email="ivan@example.org", competition_name="BackProp", section="A")
IVA2 = Student(id="ivan2", name="Иван Петров", email="petrov@example.org", also=("the other one",))
CLASS = Roster(students=(ADA, IVAN, IVA2))

texts = st.text(max_size=15)


@pytest.mark.parametrize(
    ("name", "student", "by"),
    [
        ("ada", ADA, "id"),
        ("ADA@example.org", ADA, "e-mail"),
        ("101", ADA, "LMS id"),
        ("S1", ADA, "SIS id"),
        ("ALovelace", ADA, "login"),
        ("Ada Lovelace", ADA, "name"),
        ("Ada-Lovelace", ADA, "name"),  # as Moodle's folders come in
        ("lovelaceada", ADA, "name, as Canvas puts it on files"),
        ("backprop", IVAN, "competition name"),
        ("Иван Иванов", IVAN, "name"),
        ("the other one", IVA2, "a name linked to them"),
        ("petrov", IVA2, "e-mail before the @"),
    ],
)
def test_a_name_that_equals_something_of_one_student_is_theirs(name, student, by):
    found = match(name, CLASS)
    assert (found.student, found.by, found.why) == (student, by, "")


def test_a_first_name_before_the_at_is_not_enough_when_others_have_that_name():
    latin = Student(id="i3", name="Ivan Sidorov")
    found = match("ivan", Roster(students=(*CLASS.students, latin)))
    assert found.student is None
    assert str(found) == ("ivan: it may be ivan1 (Иванов Иван), by e-mail before the @ or i3 (Ivan Sidorov), by name")


def test_two_students_of_one_name_are_both_named_and_neither_taken():
    twins = Roster(students=(Student(id="a", name="Li Wei"), Student(id="b", name="Wei, Li")))
    found = match("Li Wei", twins)
    assert (found.student, {one.id for one in found.candidates}) == (None, {"a", "b"})


def test_nobody_can_take_anothers_id_by_competing_under_it():
    mallory = Student(id="mallory", competition_name="ada")
    assert match("ada", Roster(students=(mallory, ADA))).student == ADA


def test_an_id_that_is_also_anothers_login_is_for_a_person_to_settle():
    assert match("ada", Roster(students=(Student(id="bob", login="ADA"), ADA))).student is None


def test_competing_under_anothers_login_brings_both_before_a_person():
    mallory = Student(id="mallory", competition_name="alovelace")
    assert match("alovelace", Roster(students=(mallory, ADA))).student is None


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("Ada Lovelase", "ada"), ("ivanov_ivan", "ivan1"), ("back prop!", "ivan1"), ("p.ivan petroff", "ivan2")],
)
def test_an_unknown_name_is_never_taken_and_the_nearest_comes_first_in_any_alphabet(name, nearest):
    found = match(name, CLASS)
    assert found.student is None
    assert found.why == "nobody in the roster is called so"
    assert found.candidates[0].id == nearest


def test_a_name_like_nobodys_has_no_candidates():
    assert match("xxxxxxxx", CLASS).candidates == ()
    assert match("ada", Roster()).why == "the roster is empty"


@settings(deadline=None)
@given(texts)
def test_whatever_the_name_it_is_one_student_or_a_reason(name):
    found = match(name, CLASS)
    assert (found.student is None) == bool(found.why)


def test_two_names_of_one_student_are_both_in_doubt():
    certain, doubtful = reconcile(["ada", "alovelace", "BackProp", "nobody"], CLASS)
    assert certain == {"BackProp": IVAN}
    assert [one.name for one in doubtful] == ["ada", "alovelace", "nobody"]
    assert doubtful[0].why == "it is ada (Lovelace, Ada), by id, and so is alovelace"


def test_a_linked_name_is_certain_from_then_on():
    linked = link(CLASS, "Countess", "ada")
    assert match("countess", linked).student.id == "ada"
    assert link(linked, "Countess", "ada") == linked


@pytest.mark.parametrize(
    ("name", "student", "message"),
    [
        ("x", "adda", 'There is no student with the id "adda" in the roster. Nearest: ada (Lovelace, Ada).'),
        ("BackProp", "ada", '"BackProp" is ivan1 (Иванов Иван), by competition name. If that is wrong, change it in'),
        ("a;b", "ada", '"a;b" cannot be linked to ada (Lovelace, Ada): give a name, without semicolons.'),
    ],
)
def test_a_link_that_cannot_be_is_refused_with_a_way_out(name, student, message):
    with pytest.raises(ConfigError) as caught:
        link(CLASS, name, student)
    assert str(caught.value).startswith(message)


def test_what_is_saved_is_loaded_formulas_and_all(tmp_path):
    course = make_course(tmp_path)
    assert load_roster(course) == Roster()
    nasty = Student(id="x", name="=cmd|' /C calc'!A0", competition_name="@evil", also=("+1", "a, b"))
    column = CanvasColumn(id="7", title="Home, work (1)", points=7.5, assignment="hw1")
    roster = Roster(students=(*CLASS.students, nasty), canvas=(column, CanvasColumn(id="8", title="HW", points=None)))
    save_roster(course, roster)
    assert load_roster(course) == roster
    assert b",=" not in (tmp_path / "roster.csv").read_bytes()


def test_a_full_disk_leaves_the_roster_that_was_there(tmp_path, monkeypatch):
    course = make_course(tmp_path)
    save_roster(course, CLASS)
    before = (tmp_path / "roster.csv").read_bytes()
    (tmp_path / "roster.csv").unlink()
    (tmp_path / "roster.csv").mkdir()  # what cannot be replaced
    with pytest.raises(PlatformError, match=r"roster.csv could not be written: .* It is as it was"):
        save_roster(course, Roster())
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    (tmp_path / "roster.csv").rmdir()
    (tmp_path / "roster.csv").write_bytes(before)
    assert load_roster(course) == CLASS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,e-mial\na,b\n", 'there is no column "e-mial"; did you mean email?'),
        ("id,name\na,A\n,B\n", "line 3 has no id. Give every student one of their own."),
        ("id,email\na,x@y.z\nb,X@y.z\n", "line 3 has the e-mail of line 2, X@y.z. If they are one person, make them"),
        ("id,name\na,A,B\n", "line 2 has more cells than the header. Quote the text that holds a comma."),
    ],
)
def test_a_roster_edited_wrongly_is_said_with_its_line(tmp_path, text, message):
    (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_roster(make_course(tmp_path))
    assert message in str(caught.value)


def test_a_wrong_canvas_file_is_said(tmp_path):
    (tmp_path / "canvas.csv").write_text("canvas_id,title,points\n1,HW,many\n")
    with pytest.raises(ConfigError, match=r"canvas.csv, line 2 needs canvas_id, title, and points that are a number"):
        load_roster(make_course(tmp_path))
