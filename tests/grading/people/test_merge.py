from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.model.errors import ConfigError
from grading.people.canvas_columns import assign_columns
from grading.people.files import RosterFile, RosterLine, read_file
from grading.people.merge import described, import_roster, merge
from grading.people.roster import KEYS, CanvasColumn, Roster, Student, folded, link, load_roster
from tests.builders import make_course

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Notes,Homework 1 (501),"Two, in one (502)",Current Score
,,,,,,Manual Posting,,
"    Points Possible",,,,,,12.00,"7,5",(read only)
"Lovelace, Ada",101,S1,alovelace,A,late,8.00,,66
"Turing, Alan",102,S2,aturing,A,,,,
"Student, Test",199,,0123456789abcdef0123456789abcdef01234567,A,,,,
"""
MOODLE = """\
"First name","Last name","ID number","Email address","Groups","Assignment: HW (Real)"
Ada,Lovelace,S1,ada@example.org,"A, B",-
Grace,Hopper,S3,grace@example.org,,-
"""
MOODLE_RU = "Имя;Фамилия;Адрес электронной почты\r\nЮлия;Жукова;yulia@example.org\r\n"
ADA = Student(id="alovelace", name="Lovelace, Ada", lms_id="101", sis_id="S1", login="alovelace", section="A")
ALAN = Student(id="aturing", name="Turing, Alan", lms_id="102", sis_id="S2", login="aturing", section="A")
CLASS = Roster(students=(ADA, ALAN))


def file(text: str):
    return read_file(text.encode(), "f.csv")


def values(text: str) -> list[dict[str, str]]:
    return [dict(entry.values) for entry in file(text).entries]


def test_canvas_is_read_with_its_ids_and_without_its_rows_about_assignments_and_its_test_student():
    read = file(CANVAS)
    assert read.kind == "canvas"
    assert [(entry.line, entry.values["name"]) for entry in read.entries] == [(4, "Lovelace, Ada"), (5, "Turing, Alan")]
    assert read.entries[0].values == {
        "name": "Lovelace, Ada", "lms_id": "101", "sis_id": "S1", "login": "alovelace", "section": "A"
    }  # fmt: skip
    assert read.canvas == (
        CanvasColumn(id="501", title="Homework 1", points=12.0),
        CanvasColumn(id="502", title="Two, in one", points=7.5),
    )
    assert read.notes == ("Canvas's own test student was left out.",)


def test_moodle_is_read_in_english_and_in_russian():
    assert file(MOODLE).kind == file(MOODLE_RU).kind == "moodle"
    assert values(MOODLE)[0] == {"name": "Ada Lovelace", "sis_id": "S1", "email": "ada@example.org", "section": "A, B"}
    assert values(MOODLE_RU) == [{"name": "Юлия Жукова", "email": "yulia@example.org"}]


def test_a_grading_worksheet_of_moodle_is_a_roster_too():
    text = (
        "Identifier,Full name,Email address,Status,Grade\nParticipant 7,Ada Lovelace,ada@example.org,No submission,\n"
    )
    assert file(text).kind == "moodle"
    assert values(text) == [{"name": "Ada Lovelace", "email": "ada@example.org"}]


def test_a_plain_file_says_which_columns_it_did_not_read():
    read = file("name,e-mial,shoe\nAda,ada@example.org,36\n")
    assert read.notes == ('The column "e-mial" was not read; did you mean e-mail?', 'The column "shoe" was not read.')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.csv names no students: it needs a header and a line for each. Export it again."),
        ("name,email\n", "f.csv names no students"),
        ("name\nLovelace, Ada\n", "f.csv, line 2 has 2 cells, but the header 1. Export the file again, or put text"),
        ("shoe,hat\n1,2\n", "f.csv: no column says who a line is about, only shoe, hat. Call one of them name, email"),
        ("email,mail\na@b.c,d@e.f\n", 'f.csv: the columns "email" and "mail" both give the email. Delete one.'),
    ],
)
def test_a_file_that_is_no_roster_is_refused_with_a_way_out(text, message):
    with pytest.raises(ConfigError) as caught:
        file(text)
    assert str(caught.value).startswith(message)


def test_the_first_import_makes_everyone_a_student():
    done = merge(Roster(), file(CANVAS))
    assert done.roster.students == done.added == (ADA, ALAN)
    assert (done.changes, done.doubts, done.absent) == ((), (), ())


def test_the_same_file_again_changes_nothing():
    once = merge(Roster(), file(CANVAS))
    again = merge(once.roster, file(CANVAS))
    assert again.roster == once.roster
    assert (again.added, again.changes, again.doubts, again.unchanged) == ((), (), (), 2)


def test_moodle_after_canvas_completes_students_keeps_those_it_lacks_and_adds_who_is_new():
    done = merge(CLASS, file(MOODLE))
    ada, alan, grace = done.roster.students
    assert ada == replace(ADA, email="ada@example.org", section="A, B")
    assert (alan, grace.id, grace.name) == (ALAN, "grace@example.org", "Grace Hopper")
    assert done.absent == (ALAN,)
    assert list(map(str, done.changes)) == [
        "alovelace: e-mail not known -> ada@example.org",
        "alovelace: section A -> A, B",
    ]


def test_a_competition_name_comes_to_the_student_of_that_full_name_and_says_so():
    done = merge(CLASS, file("name,nickname\nAda Lovelace,Countess\n"))
    assert done.roster.students == (replace(ADA, competition_name="Countess"), ALAN)
    assert [str(change) for change in done.changes] == [
        "alovelace: competition name not known -> Countess (known by name)"
    ]
    assert merge(done.roster, file("nickname,section\nCountess,B\n")).roster.students[0].section == "B"


def test_a_line_with_no_more_than_an_unknown_name_is_listed_with_the_nearest_and_not_taken():
    done = merge(CLASS, file("name,nickname\nAda Lovelase,Countess\nNobody Here,nil\n"))
    assert done.roster == CLASS
    assert [str(doubt) for doubt in done.doubts] == [
        "line 2, Ada Lovelase: nobody in the roster is called so; nearest: alovelace (Lovelace, Ada)",
        "line 3, Nobody Here: nobody in the roster is called so",
    ]


def test_a_newcomer_much_like_a_student_is_in_doubt_until_a_person_says_who_it_is():
    text = file("name,email\nAda Lovelase,ada@example.org\n")
    done = merge(CLASS, text)
    assert done.roster == CLASS
    assert done.doubts[0].match.candidates == (ADA,)
    same = merge(link(CLASS, "Ada Lovelase", "alovelace"), text)
    assert [one.email for one in same.roster.students] == ["ada@example.org", ""]
    other = merge(CLASS, text, add=True)
    assert [one.id for one in other.roster.students] == ["alovelace", "aturing", "ada@example.org"]


def test_a_namesake_with_another_number_is_somebody_else():
    done = merge(CLASS, file(CANVAS.replace("101,S1,alovelace", "777,S7,alovelace2")))
    assert [one.id for one in done.roster.students] == ["alovelace", "aturing", "alovelace2"]
    assert (done.doubts, done.absent) == ((), (ADA,))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "lms_id,sis_id\n101,S2\n",
            "its LMS id is that of alovelace (Lovelace, Ada) and its SIS id is that of aturing (Turing, Alan)",
        ),
        (
            "lms_id,login\n555,alovelace\n",
            "its login is that of alovelace (Lovelace, Ada), but not its LMS id: 555, not 101",
        ),
    ],
)
def test_a_line_that_contradicts_itself_changes_nothing(text, why):
    done = merge(CLASS, file(text))
    assert done.roster == CLASS
    assert [doubt.match.why for doubt in done.doubts] == [why]


def test_two_lines_that_claim_one_student_are_both_in_doubt():
    done = merge(CLASS, file("lms_id,name,section\n101,Ada Lovelace,B\n,Lovelace Ada,C\n102,Turing Alan,D\n"))
    assert [doubt.match.why for doubt in done.doubts] == [
        "line 3 is about the student alovelace too, and says something else",
        "line 2 is about the student alovelace too, and says something else",
    ]
    assert [one.section for one in done.roster.students] == ["A", "D"]


def test_equal_lines_are_one():
    done = merge(Roster(), file("email,name\na@b.c,A\na@b.c,A\n"))
    assert (len(done.added), done.doubts) == (1, ())


def test_ids_are_names_of_folders_and_differ_even_on_disks_without_letter_case():
    done = merge(Roster(), file("login,name\n../etc,Evil\nANN,A\n"))
    assert [one.id for one in done.added] == ["etc", "ANN"]
    done = merge(done.roster, file("sis_id,name\nann,B\n///,Etc\n"), add=True)
    assert [one.id for one in done.added] == ["B", "Etc-2"]


def test_an_id_that_the_file_gives_is_kept_unless_it_is_anothers_login():
    done = merge(CLASS, file("id,login,name\nx y,,X\nbob,,B\n,bob,C\naturing,,T\nA101,,Z\n"), add=True)
    assert [(one.id, one.name) for one in done.added] == [("x-y", "X"), ("bob", "B"), ("C", "C"), ("A101", "Z")]
    clash = merge(Roster(students=(Student(id="t", login="alan"),)), file("id,name\nalan,A\n"), add=True)
    assert [doubt.match.why for doubt in clash.doubts] == ["its id is another's login, e-mail or number: that of t"]


entries = st.lists(
    st.fixed_dictionaries(
        {},
        optional={"id": st.sampled_from(["a", "A", "b", "c-d"])}
        | {key: st.sampled_from(["a", "A", "b", "c d", "d c", "e"]) for key in [*KEYS, "name"] if key != "id"},
    ).filter(bool),
    max_size=6,
)


@settings(deadline=None)
@given(st.lists(entries, min_size=1, max_size=3), st.booleans())
def test_whatever_comes_no_student_is_lost_no_key_has_two_owners_and_a_file_twice_is_as_once(files, add):
    roster = Roster()
    for lines in files:
        given_file = RosterFile(
            kind="moodle", entries=tuple(RosterLine(line=n, values=one) for n, one in enumerate(lines, 2))
        )
        done = merge(roster, given_file, add=add)
        assert [one.id for one in done.roster.students][: len(roster.students)] == [one.id for one in roster.students]
        for key in KEYS:
            taken = [folded(getattr(one, key)) for one in done.roster.students if getattr(one, key)]
            assert len(taken) == len(set(taken))
        assert done.doubts or merge(done.roster, given_file, add=add).roster == done.roster
        roster = done.roster


def test_columns_of_canvas_go_to_the_assignments_of_their_titles_and_doubts_are_listed():
    columns = (
        CanvasColumn(id="1", title="Homework 1", points=5.0),
        CanvasColumn(id="2", title="Homework 2!", points=5.0),
        CanvasColumn(id="3", title="Another", points=5.0, assignment="mlp"),
        CanvasColumn(id="4", title="Exam", points=None),
    )
    titles = {"hw1": ["homework 1", "Домашняя 1"], "hw2": ["Homework 2"], "mlp": ["MLP"], "hw9": ["Final"]}
    found, notes = assign_columns(columns, titles)
    assert [one.assignment for one in found] == ["hw1", "hw2", "mlp", ""]
    assert notes == (
        "hw9: no column of Canvas has its title; nearest: Exam (4). Write hw9 beside its column in canvas.csv, or name "
        "it so in Canvas.",
    )


def test_two_columns_of_one_title_are_not_told_apart_by_guessing():
    twins = (CanvasColumn(id="1", title="HW", points=5.0), CanvasColumn(id="2", title="HW", points=5.0))
    found, notes = assign_columns(twins, {"hw": ["HW"]})
    assert found == twins
    assert notes[0].startswith("hw: 2 columns of Canvas have its title; nearest: HW (1), HW (2). Write hw beside its")


def test_an_import_is_kept_and_a_dry_run_is_not(tmp_path):
    course, path = make_course(tmp_path / "course"), tmp_path / "canvas-export.csv"
    path.write_text(CANVAS)
    import_roster(course, path, {}, dry_run=True)
    assert load_roster(course) == Roster()
    done = import_roster(course, path, {"hw1": ["Homework 1"]})
    assert load_roster(course) == done.roster
    assert done.roster.canvas[0].assignment == "hw1"


def test_a_column_keeps_its_assignment_when_canvas_is_imported_again_under_another_title(tmp_path):
    course, path = make_course(tmp_path / "course"), tmp_path / "canvas-export.csv"
    path.write_text(CANVAS)
    import_roster(course, path, {"hw1": ["Homework 1"]})
    path.write_text(CANVAS.replace("Homework 1 (501)", "First steps (501)"))
    column = import_roster(course, path, {"hw1": ["Homework 1"]}).roster.canvas[0]
    assert (column.title, column.assignment) == ("First steps", "hw1")


def test_a_file_with_an_error_leaves_the_roster_as_it_was(tmp_path):
    course, path = make_course(tmp_path / "course"), tmp_path / "export.csv"
    path.write_text(CANVAS)
    import_roster(course, path, {})
    before = (course.root / "roster.csv").read_bytes()
    path.write_text(CANVAS + '"unfinished')
    with pytest.raises(ConfigError, match=r"export.csv, line 7: unexpected end of data"):
        import_roster(course, path, {})
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        import_roster(course, tmp_path / "nothing.csv", {})
    assert (course.root / "roster.csv").read_bytes() == before


def test_an_import_is_described_line_by_line_for_a_person():
    done = merge(CLASS, file(MOODLE + "Alan,Turing,S9,turing@example.org,,-\nAllan,Turing,,allan@example.org,,-\n"))
    assert list(described(done)) == [
        "4 students: 2 new, 1 changed, 0 as before, 1 in doubt.",
        "new: grace@example.org (Grace Hopper)",
        "new: turing@example.org (Alan Turing)",
        "changed: alovelace: e-mail not known -> ada@example.org",
        "changed: alovelace: section A -> A, B",
        "in doubt, left out: line 5, Allan Turing: not in the roster, but like a name there; "
        "nearest: aturing (Turing, Alan)",
        "Say who is who with: neurograde roster link NAME ID; or, if they are new: neurograde roster import FILE "
        "--add. Then import the file again.",
    ]
