import pytest

from autograder.model.errors import ConfigError
from grading.people.roster import Roster, Student
from neurograde.services.people.names import Names

EVE = Student(id="s1005", name="Evelyn Adams", email="eadams@example.org", login="eve", sis_id="U77", also=("evie",))
ADA = Student(id="s1001", name="Ada Adams", email="ada@example.org", login="aadams")
ROSTER = Roster(students=(EVE, ADA))


@pytest.mark.parametrize(
    "name", ["s1005", "Evelyn Adams", "Adams, Evelyn", "eve", "EVE", "eadams@example.org", "U77", "evie", "adamsevelyn"]
)
def test_a_student_is_known_by_every_name_alike(name):
    names = Names(ROSTER, ["adamsevelyn", "s1001"])
    person = names.find(name)
    assert (person.id, person.recorded, str(person)) == ("s1005", "adamsevelyn", "s1005 (Evelyn Adams)")
    assert names.owner_of(name) == "s1005"


def test_who_handed_in_nothing_is_known_too():
    person = Names(ROSTER, []).find("eve")
    assert (person.id, person.recorded) == ("s1005", "s1005")


def test_a_name_borne_by_two_is_an_error_that_names_both():
    twins = Roster(students=(Student(id="s1", name="Kim Lee"), Student(id="s2", name="Lee Kim")))
    for ask in (Names(twins, []).find, Names(twins, []).require_one):
        with pytest.raises(ConfigError, match=r"s1 \(Kim Lee\).*s2 \(Lee Kim\).*Give the id"):
            ask("Kim Lee")


def test_work_under_two_names_of_a_student_is_never_merged_without_a_word():
    names = Names(ROSTER, ["eve", "adamsevelyn"])
    assert names.find("eve").recorded == "eve"
    with pytest.raises(ConfigError, match="adamsevelyn and eve"):
        names.find("s1005")


def test_without_a_roster_the_name_on_the_file_is_the_student():
    names = Names(Roster(), ["ada", "bob"])
    assert names.find("ada").recorded == "ada"
    assert names.owner_of("ada") == "ada"


def test_nobodys_name_is_told_with_the_nearest():
    with pytest.raises(ConfigError, match=r"bert has no grades in this course\. The nearest are bart"):
        Names(Roster(), ["bart", "lisa"]).find("bert")
    with pytest.raises(ConfigError, match=r"The nearest are s1005"):
        Names(ROSTER, []).find("Evelin Adams")


def test_people_are_shown_by_the_rosters_names_whatever_their_files_were_called():
    shown = Names(ROSTER, ["adamsevelyn", "stranger"]).shown()
    assert shown == {"s1005": "Evelyn Adams", "s1001": "Ada Adams", "adamsevelyn": "Evelyn Adams"}


def test_a_file_whose_name_two_could_own_stops_nobody_and_is_nobodys():
    twins = Roster(students=(Student(id="s1", name="Kim Lee"), Student(id="s2", name="Lee Kim")))
    assert Names(twins, []).owner_of("Kim Lee") not in ("s1", "s2")
    assert Names(twins, ["Kim Lee"]).find("Kim Lee").recorded == "Kim Lee"


def test_a_login_that_is_anothers_id_gives_neither_the_others_work():
    roster = Roster(students=(Student(id="x1", name="Xenia", login="y1"), Student(id="y1", name="Yuri", login="yuri")))
    names = Names(roster, ["y1"])
    assert names.owner_of("y1") not in ("x1", "y1")
    assert names.shown() == {"x1": "Xenia"}
    with pytest.raises(ConfigError, match="Work lies under y1"):
        names.find("yuri")
