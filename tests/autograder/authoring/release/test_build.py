"""From the source in notebooks/valid to a release; functions that make reports stand in for the room."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from autograder.authoring.release.build import build, build_and_prove
from autograder.authoring.release.install import install
from autograder.authoring.release.otter import read_tests
from autograder.authoring.release.proofs import (
    leaks,
    plant_canaries,
    prove_canaries_stay,
    prove_notebook_opens,
    prove_nothing_secret,
    prove_points,
    secrets_of,
)
from autograder.authoring.source.parse import read_source
from autograder.model.bundle import Assignment, load_assignment
from autograder.model.errors import EngineUnavailableError, ReleaseError
from autograder.model.report import CaseResult, Provenance, QuestionResult, Report, Status
from tests.folders import differences

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
VALID = NOTEBOOKS / "valid"

# otter imports traitlets' users of old, once per process
pytestmark = pytest.mark.filterwarnings("ignore:Traits should be given as instances:DeprecationWarning")


def notebook(name: str) -> dict[str, Any]:
    return json.loads((NOTEBOOKS / name / f"{name}.ipynb").read_text())


def source_folder(folder: Path, **changes: str) -> Path:
    """A copy of the valid source with some files written anew; `data_py="..."` writes data.py."""
    source = shutil.copytree(VALID, folder / "valid")
    for name, text in changes.items():
        (source / name.replace("_", ".")).write_text(text)
    return source


def report_of(assignment: Assignment, earned: float, **statuses: Status) -> Report:
    """Every case gets the share `earned` of its points; `q1_2=FAILED` fails the second case of q1."""
    questions = []
    for question in assignment.questions:
        cases = []
        for number, case in enumerate(question.cases, 1):
            status = statuses.get(f"{question.name}_{number}", Status.PASSED if earned else Status.FAILED)
            points = case.points if status is Status.PASSED else 0
            message = "" if status is Status.PASSED else "AssertionError: 3 is not 2"
            cases.append(
                CaseResult(
                    name=case.name,
                    status=status,
                    points=points,
                    max_points=case.points,
                    hidden=case.hidden,
                    message=message,
                )
            )
        points = sum(case.points for case in cases)
        questions.append(
            QuestionResult(name=question.name, points=points, max_points=question.points, cases=tuple(cases))
        )
    provenance = Provenance(neurograde="0", otter="7", bundle=assignment.fingerprint, image="none", seed=1)
    return Report(
        submission="0" * 64,
        student="staff",
        assignment=assignment.name,
        provenance=provenance,
        questions=tuple(questions),
        seconds=0.1,
        peak_memory_mb=0.0,
    )


def fair(content: bytes, assignment: Assignment) -> Report:
    """All points for the solution, none for anything else."""
    return report_of(assignment, float(content == (assignment.bundle / "solution.ipynb").read_bytes()))


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    """A release put in the place of an older one: its summary, release folder and bundle."""
    course = tmp_path_factory.mktemp("course")
    older = course / "release" / "valid" / "older.txt"
    older.parent.mkdir(parents=True)
    older.write_text("of last year")
    return build_and_prove(VALID, {"en": course / "release" / "valid"}, course / "bundles" / "valid", fair), course


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(VALID, tmp_path_factory.mktemp("build"))


def test_a_release_replaces_the_older_one_and_says_what_it_holds(placed):
    summary, course = placed
    assert (summary.assignment, summary.questions, summary.cases, summary.hidden_cases) == ("valid", 2, 4, 2)
    assert summary.points == 4
    assert summary.files == ("numbers.csv", "tests/q1.py", "tests/q2.py", "valid.ipynb")
    assert len(summary.advice) == 1
    assert sorted(path.name for path in (course / "release").iterdir()) == ["valid"]
    assert sorted(str(path.relative_to(course)) for path in (course / "release").rglob("*.*")) == [
        f"release/valid/{name}" for name in summary.files
    ]


def test_the_bundle_is_what_graders_load_and_only_the_owner_may_enter(placed):
    bundle = placed[1] / "bundles" / "valid"
    assert bundle.stat().st_mode & 0o777 == 0o700
    assignment = load_assignment(bundle)
    assert [(question.name, question.points) for question in assignment.questions] == [("q1", 3), ("q2", 1)]
    assert [case.hint for case in assignment.questions[0].cases] == [None, "Is the last value counted?"]
    assert assignment.files() == {"numbers.csv": b"1.5\n7.25\n-3.0\n"}
    assert "fractions" in assignment.test_file("q1").read_text()
    assert "max(numbers)" in (bundle / "solution.ipynb").read_text()
    assert (bundle / "template.ipynb").read_bytes() == (placed[1] / "release/valid/valid.ipynb").read_bytes()


def test_a_second_build_gives_the_same_bytes(placed, built):
    assert differences(placed[1] / "release" / "valid", built.release) == []
    assert differences(placed[1] / "bundles" / "valid", built.bundle) == []


def test_differences_name_the_files(built, tmp_path):
    other = shutil.copytree(built.release, tmp_path / "other")
    (other / "numbers.csv").write_text("2\n")
    (other / "tests" / "q1.py").rename(other / "tests" / "q3.py")
    assert differences(built.release, other) == [
        "differs: numbers.csv",
        f"only in {built.release}: tests/q1.py",
        f"only in {other}: tests/q3.py",
    ]


def test_the_release_opens_in_jupyter_under_any_name_and_its_public_tests_run_there(placed, tmp_path):
    folder = shutil.copytree(placed[1] / "release" / "valid", tmp_path / "homework")
    shutil.copy(folder / "valid.ipynb", folder / "copy of valid.ipynb")
    renamed = (folder / "valid.ipynb").rename(folder / "ada (1).ipynb")
    opened = nbformat.read(renamed, as_version=4)
    answer = next(cell for cell in opened.cells if cell.source == "largest = ...\nlargest")
    answer.source = "largest = max(numbers)"
    nbclient.NotebookClient(opened, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    says = {cell.source: cell.outputs[0].data["text/plain"] for cell in opened.cells if "grader.check" in cell.source}
    assert "q1 - 1 result" in says['grader.check("q1")']
    assert "q2 results: All test cases passed!" in says['grader.check("q2")']


def test_a_faulty_source_is_refused_with_all_its_problems_and_nothing_is_replaced(tmp_path):
    broken = notebook("valid")
    broken["cells"][3]["source"] = "# BEGIN QUESTION\nname: q1\npoint: 3"
    broken["cells"][0]["source"].append("\n    - images")
    source = source_folder(tmp_path, valid_ipynb=json.dumps(broken))
    kept = tmp_path / "release" / "valid" / "kept.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("as it was")
    with pytest.raises(ReleaseError) as refusal:
        build_and_prove(source, {"en": kept.parent}, tmp_path / "bundles" / "valid", fair)
    assert "cell 1 (`# ASSIGNMENT CONFIG`): `files` lists `images`" in str(refusal.value)
    assert "cell 4 (`# BEGIN QUESTION`): no such key: `point`. Did you mean `points`?" in str(refusal.value)
    assert str(refusal.value).endswith("neurograde release valid")
    assert kept.read_text() == "as it was"
    assert not (tmp_path / "bundles").exists()


def test_folders_that_cannot_all_be_put_in_place_stay_as_they_were(tmp_path):
    new, course = tmp_path / "new", tmp_path / "course"
    for folder, text in ((new, "this year"), (course / "release", "last year"), (course / "bundle", "last year")):
        folder.mkdir(parents=True)
        (folder / "q1.py").write_text(text)
    # the second target lies in the first, and is gone when its turn comes
    targets = {course / "bundle": new, course / "release": new, course / "release" / "part": new}
    with pytest.raises(ReleaseError, match="The previous release is as it was"):
        install(targets)
    with pytest.raises(ReleaseError, match=r"q1.py.*The previous release is as it was"):
        install({course / "bundle": new, course / "release" / "q1.py" / "part": new})
    assert {path.relative_to(course).as_posix(): path.read_text() for path in course.rglob("*.*")} == {
        "bundle/q1.py": "last year",
        "release/q1.py": "last year",
    }
    install({course / "bundle": new, course / "release": new})
    assert [path.read_text() for path in course.rglob("*.*")] == ["this year", "this year"]


def test_what_otter_refuses_is_shown(tmp_path):
    strange = notebook("valid")
    strange["cells"][0]["source"].append("\nruns_on: mars")
    with pytest.raises(ReleaseError, match=r"(?s)valid: otter assign failed.*mars.*neurograde release valid"):
        build(source_folder(tmp_path, valid_ipynb=json.dumps(strange)), tmp_path / "build")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"data_py": "def prepare(folder):\n    raise OSError('no such mirror')"},
            "OSError: no such mirror. Mend data.py",
        ),
        ({"data_py": "def prepare(folder"}, "data.py could not prepare the data: SyntaxError"),
        ({"valid_ipynb": "{"}, "valid.ipynb is not a notebook"),
        ({"valid_ipynb": '{"nbformat": 3}'}, "not a notebook of format 4"),
    ],
)
def test_what_cannot_be_read_or_prepared_is_named(tmp_path, changes, message):
    with pytest.raises(ReleaseError, match=message):
        build(source_folder(tmp_path, **changes), tmp_path / "build")


def test_a_test_file_that_does_not_load_is_refused(built, tmp_path):
    questions = read_source(notebook("valid")).questions
    tests = shutil.copytree(built.bundle / "tests", tmp_path / "tests")
    (tests / "q1.py").write_text((tests / "q1.py").read_text().replace("last value", '"last" value'))
    with pytest.raises(ReleaseError, match=r"cell 4 \(`# BEGIN QUESTION`\).*does not load: SyntaxError"):
        read_tests(tests, questions, staff=True)


def test_half_a_statement_left_by_stripping_is_found(built, tmp_path):
    half = json.loads((built.release / "valid.ipynb").read_text())
    half["cells"][7]["source"] = "%matplotlib inline\nlargest = ...\n    numbers)"
    half["cells"][2]["source"] = "%matplotlib inline\n!ls"
    (tmp_path / "valid.ipynb").write_text(json.dumps(half))
    with pytest.raises(ReleaseError, match=r"cell 8 \(`%matplotlib inline`\) of the release: line 3 is not Python"):
        prove_notebook_opens(tmp_path / "valid.ipynb")


def test_a_notebook_that_jupyter_would_not_open_is_refused(built, tmp_path):
    odd = json.loads((built.release / "valid.ipynb").read_text())
    odd["cells"][0]["id"] = "no id, a sentence"
    (tmp_path / "valid.ipynb").write_text(json.dumps(odd))
    with pytest.raises(ReleaseError, match="Jupyter would not open the release"):
        prove_notebook_opens(tmp_path / "valid.ipynb")


def test_a_test_file_that_lost_a_case_is_refused(built, tmp_path):
    questions = read_source(notebook("valid")).questions
    tests = shutil.copytree(built.bundle / "tests", tmp_path / "tests")
    (tests / "q1.py").write_text((tests / "q1.py").read_text().replace("test_mean_of_fractions", "test_mean_of_two"))
    with pytest.raises(ReleaseError, match="1 cases of 2 tests"):
        read_tests(tests, questions, staff=True)


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("helpers.py", "    total = sum(values)  # as in the lecture", "a solution of cell 7 (`def mean(values):`)"),
        ("tests/q2.py", "\n\n    assert largest == 7.25\n", "a hidden test of cell 21 (`# HIDDEN`)"),
        ("tests/q1.py", "assert abs(mean([0.5, 1.5, 2.5]) - 1.5) < 1e-09, 'fractions'", "a hidden test of cell 11"),
        ("readme.md", "Ask them: Is the last value counted?", "a hidden test of cell 11"),
        ("readme.md", "For teaching assistants: most students forget the empty list.", "a cell for staff of cell 24"),
    ],
)
def test_a_secret_line_anywhere_in_the_release_is_found(tmp_path, name, text, what):
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
    (found,) = leaks(tmp_path, secrets_of(read_source(notebook("valid"))))
    assert found.startswith(f"{name}: `")
    assert what in found


def test_a_secret_line_in_the_middle_of_data_is_found(tmp_path):
    data = bytes(range(256)) * 8
    (tmp_path / "data.bin").write_bytes(data + b"\xd0return total / len(values)\xd0" + data)
    (found,) = leaks(tmp_path, secrets_of(read_source(notebook("valid"))))
    assert found.startswith("data.bin: `return total / len(values)`")


def test_a_secret_line_in_a_notebook_is_found_behind_the_escapes_of_json(tmp_path):
    source = notebook("valid")
    source["cells"][16]["source"] = 'largest = {"é": "max"}  # SOLUTION'
    leaking = {"cells": [], "metadata": {"deep": [{"note": 'see: largest = {"é": "max"}'}]}}
    (tmp_path / "valid.ipynb").write_text(json.dumps(leaking))
    assert len(leaks(tmp_path, secrets_of(read_source(source)))) == 1


def test_a_line_that_students_see_anyway_is_no_secret():
    source = notebook("valid")
    source["cells"][1]["source"] = "Hint: you will need `total = sum(values)`, or a loop."
    lines = [secret.text for secret in secrets_of(read_source(source))]
    assert "return total / len(values)" in lines
    assert "total = sum(values)" not in lines


def test_a_test_is_secret_even_where_otter_would_publish_it():
    lines = [secret.text for secret in secrets_of(read_source(notebook("hidden_on_second_line")))]
    assert "assert mean([1, 2, 6]) == 3" in lines


def test_a_staff_file_under_another_name_is_found(built, tmp_path):
    shutil.copy(built.release / "numbers.csv", tmp_path)
    source = notebook("valid")
    source["cells"][0]["source"] += ["\n", "autograder_files: [assignment.toml, numbers.csv]"]
    with pytest.raises(ReleaseError, match=r"numbers.csv is `numbers.csv`, which `autograder_files` keeps for staff"):
        prove_nothing_secret(built.release, [source], tmp_path)


def test_canaries_sit_in_every_hidden_test_hint_and_solution():
    planted, places = plant_canaries(notebook("valid"))
    assert sorted(places.values()) == [
        'the hidden test of cell 11 (`""" # BEGIN TEST CONFIG`)',
        "the hidden test of cell 21 (`# HIDDEN`)",
        'the hint of cell 11 (`""" # BEGIN TEST CONFIG`)',
        "the solution of cell 17 (`largest = max(numbers)  # SOLUTION`)",
        "the solution of cell 7 (`def mean(values):`)",
    ]
    assert all(json.dumps(planted).count(canary) == 1 for canary in places)


def test_a_canary_in_the_students_folder_names_the_cell_it_came_from(tmp_path):
    planted, places = plant_canaries(notebook("valid"))
    for folder in ("student", "autograder"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "valid.ipynb").write_text(json.dumps(planted))
    with pytest.raises(ReleaseError, match=r"the hint of cell 11"):
        prove_canaries_stay([tmp_path], places)


def test_a_canary_that_graders_did_not_get_proves_nothing(tmp_path):
    (tmp_path / "student").mkdir()
    (tmp_path / "autograder").mkdir()
    with pytest.raises(ReleaseError, match=r"otter drops these from the graders' copy too"):
        prove_canaries_stay([tmp_path], plant_canaries(notebook("valid"))[1])


def test_a_solution_that_misses_a_point_is_named_with_case_and_message(built):
    def strict(content: bytes, assignment: Assignment) -> Report:
        return report_of(assignment, 1, q1_2=Status.FAILED)

    with pytest.raises(ReleaseError) as refusal:
        prove_points(built.assignment, strict)
    assert "the solution does not earn every point" in str(refusal.value)
    assert "q1, hidden case `q1 - 2`: FAILED AssertionError: 3 is not 2" in str(refusal.value)
    assert "q2" not in str(refusal.value)


def test_an_untouched_release_that_earns_hidden_points_is_named(built):
    def generous(content: bytes, assignment: Assignment) -> Report:
        if content == (assignment.bundle / "solution.ipynb").read_bytes():
            return report_of(assignment, 1)
        return report_of(assignment, 0, q1_1=Status.PASSED, q2_1=Status.PASSED, q2_2=Status.PASSED)

    with pytest.raises(ReleaseError) as refusal:
        prove_points(built.assignment, generous)
    assert "q2, hidden case `q2 - 2`: 0.5 points without any work" in str(refusal.value)
    assert "q2: all 1 points without any work" in str(refusal.value)
    assert "q1" not in str(refusal.value)


def test_a_report_without_a_question_proves_nothing(built):
    def forgetful(content: bytes, assignment: Assignment) -> Report:
        report = fair(content, assignment)
        return replace(report, questions=report.questions[:1])

    with pytest.raises(ReleaseError, match=r"q2: 0 cases worth 0 points were graded, instead of 2 cases worth 1"):
        prove_points(built.assignment, forgetful)


def test_a_room_that_does_not_open_is_not_the_instructors_fault(built):
    def closed(content: bytes, assignment: Assignment) -> Report:
        raise EngineUnavailableError("no engine answers")

    with pytest.raises(EngineUnavailableError):
        prove_points(built.assignment, closed)
