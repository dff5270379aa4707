"""The false alarms on honest work, measured; copies beside it, found."""

import functools
import hashlib
import json
import re
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from autograder.authoring.corpus.samples import load_sample
from autograder.model.bundle import load_assignment
from autograder.model.errors import ConfigError
from autograder.model.notebook import cells_of, read_tree
from autograder.model.report import Status
from grading.analysis.integrity.examine import examine
from grading.analysis.integrity.findings import Sign, Thresholds, outliers
from grading.analysis.integrity.reading import ReadNotebook, load_thresholds, read_notebooks, read_template
from grading.records.attempts import Attempt, AttemptKind
from grading.rules.policy import Evidence
from grading.scoring.heldout import HeldOut
from grading.scoring.score import reproduction, score
from tests.builders import make_course

ROOT = Path(__file__).parents[4]
CORPUS = ROOT / "tests" / "submissions"
START = datetime(2026, 12, 1, 9, tzinfo=UTC)
RESEEDS = 16


def held_out(labels, version="v"):
    n = len(labels)
    return HeldOut(inputs=np.zeros((n, 1)), labels=labels, public=np.arange(n) % 3 == 0, version=version, split="s")


@pytest.fixture(scope="module")
def digits():
    """(labels, predictions of RESEEDS small networks trained alike, each from a seed of its own)."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    train, test = order[:600], order[600:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # thirty epochs do not converge
        models = [
            MLPClassifier((32,), random_state=seed, max_iter=30, batch_size=32, learning_rate_init=0.005)
            for seed in range(RESEEDS)
        ]
        predictions = np.array(
            [model.fit(images[train] / 16, labels[train]).predict(images[test] / 16) for model in models]
        )
    return labels[test].astype(np.int64), predictions


def with_flips(predictions, share, seed=0):
    rng = np.random.default_rng(seed)
    changed = rng.random(len(predictions)) < share
    return np.where(changed, (predictions + rng.integers(1, 10, len(predictions))) % 10, predictions)


def attempt(student, predictions, kept, *, kind=AttemptKind.NOTEBOOK, minutes=0, claim=None):
    evidence = Evidence(reproduction=reproduction(claim, predictions, kept)) if claim is not None else Evidence()
    return Attempt(
        assignment="hw",
        student=student,
        submission=hashlib.sha256(f"{student} {kind}".encode()).hexdigest(),
        kind=kind,
        handed_in=START + timedelta(minutes=minutes),
        status=Status.PASSED,
        scores=score(predictions, kept),
        evidence=evidence,
        predictions=tuple(int(value) for value in predictions),
    )


def class_of(labels, predictions, **more):
    kept = held_out(labels)
    handed_in = {f"s{number:02}": one for number, one in enumerate(predictions)} | more
    return [attempt(student, one, kept) for student, one in handed_in.items()], kept


def found(attempts, kept, **more):
    findings = examine("hw", attempts, kept, more.pop("notebooks", ()), **more)
    return {case.students: case.signs for case in findings.cases}


# --- predictions


def test_no_honest_pair_of_reseeds_is_flagged(digits):
    labels, predictions = digits
    findings = examine("hw", *class_of(labels, predictions), [])
    assert findings.cases == ()
    agreed = findings.populations[0]
    assert agreed.n == RESEEDS * (RESEEDS - 1) / 2  # all different, and all compared
    assert 0.95 < agreed.median < 0.99


@pytest.mark.parametrize("left_out", range(0, RESEEDS, 3))
def test_no_honest_pair_of_a_smaller_class_is_flagged(digits, left_out):
    labels, predictions = digits
    rest = np.roll(predictions, left_out, axis=0)[:6]
    assert found(*class_of(labels, rest)) == {}


def test_an_exact_copy_is_flagged_and_nobody_else(digits):
    labels, predictions = digits
    assert found(*class_of(labels, predictions, thief=predictions[3])) == {("s03", "thief"): (Sign.IDENTICAL,)}


@pytest.mark.parametrize("share", [0.005, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("whose", [0, 5, 11])
def test_a_copy_with_answers_changed_at_random_is_flagged_and_nobody_else(digits, share, whose):
    labels, predictions = digits
    signs = found(*class_of(labels, predictions, thief=with_flips(predictions[whose], share, seed=whose)))
    assert list(signs) == [(f"s{whose:02}", "thief")]
    assert signs.popitem()[1][0] in (Sign.NEAR, Sign.CHANGED)


def test_the_sentence_of_a_changed_copy_has_its_figures(digits):
    labels, predictions = digits
    attempts, kept = class_of(labels, predictions, thief=with_flips(predictions[3], 0.1))
    (case,) = examine("hw", attempts, kept, []).cases
    (reason,) = case.reasons
    assert re.search(r"says what s03 says \d+ times, and what thief says (once|0 times)", reason.says)
    assert reason.value < 0.1 < 0.5 < reason.population.median
    assert len(reason.differences) == 12
    assert all(row.first != row.second for row in reason.differences)


def test_a_claim_that_was_copied_is_flagged_like_a_re_run(digits):
    labels, predictions = digits
    attempts, kept = class_of(labels, predictions)
    claims = [attempt(a, predictions[i], kept, kind=AttemptKind.CLAIM) for i, a in ((0, "s00"), (1, "s01"), (0, "s02"))]
    assert found([*attempts, *claims], kept) == {("s00", "s02"): (Sign.IDENTICAL,)}


def test_the_baseline_handed_in_twice_and_one_class_throughout_are_nobodys_copy(digits):
    labels, predictions = digits
    same = {"a": predictions[0], "b": predictions[0], "c": np.zeros_like(labels), "d": np.zeros_like(labels)}
    attempts, kept = class_of(labels, predictions[1:], **same)
    staff = replace(attempt("baseline", predictions[0], kept), kind=AttemptKind.BASELINE)
    assert found([*attempts, staff], kept) == {}


def test_models_trained_to_the_same_end_are_not_compared(digits):
    labels, predictions = digits
    alike = [with_flips(predictions[0], 0.002, seed=seed) for seed in range(12)]
    findings = examine("hw", *class_of(labels, alike), [])
    assert findings.cases == ()
    assert "trained to the same end" in " ".join(findings.notes)


def test_half_a_class_with_the_very_same_predictions_is_a_note_and_no_list_of_pairs(digits):
    labels, predictions = digits
    findings = examine("hw", *class_of(labels, [*predictions[:5], *[predictions[9]] * 9]), [])
    assert findings.cases == ()
    assert findings.notes[0].startswith("9 of 14 students have the very same re-runs.")


def test_a_linear_model_is_left_out_by_a_line_of_toml(digits, tmp_path):
    (tmp_path / "hw").mkdir()
    assert load_thresholds(tmp_path, "hw") == Thresholds()
    (tmp_path / "hw" / "integrity.toml").write_text("compare_predictions = false")
    labels, predictions = digits
    attempts, kept = class_of(labels, predictions, thief=predictions[3])
    findings = examine("hw", attempts, kept, [], thresholds=load_thresholds(tmp_path, "hw"))
    assert findings.cases == ()
    assert findings.notes[0] == "The re-runs are not compared: integrity.toml says compare_predictions = false."
    (tmp_path / "hw" / "integrity.toml").write_text("similarty = 0.9")
    with pytest.raises(ConfigError, match=r"integrity.toml: similarty: no such key; did you mean `similarity`\?"):
        load_thresholds(tmp_path, "hw")


def test_predictions_of_another_held_out_set_are_left_out_and_counted(digits):
    labels, predictions = digits
    attempts, kept = class_of(labels, predictions, thief=predictions[3])
    findings = examine("hw", attempts, replace(kept, version="another"), [])
    assert findings.cases == ()
    assert findings.notes == ("17 predictions of another version of the held-out data are not compared.",)


def test_answers_that_are_no_class_are_compared_too(digits):
    labels, predictions = digits
    odd = predictions.copy()
    odd[:, 0] = [-7, 4_000_000_000, *[0] * (RESEEDS - 2)]
    assert found(*class_of(labels, odd)) == {}


def test_an_outlier_is_one_for_its_class():
    honest = np.random.default_rng(0).normal(0.5, 0.01, 1000)
    assert not outliers(honest, 46, 0.01).any()
    assert outliers(np.append(honest, 0.58), 46, 0.01).tolist() == [False] * 1000 + [True]
    assert not outliers(np.ones(20), 7, 0.01).any()


# --- claims and scores


def test_a_claim_far_above_its_re_run_is_flagged(digits):
    labels, predictions = digits
    kept = held_out(labels)
    honest = [attempt(f"s{i}", predictions[i], kept, claim=predictions[i + 1]) for i in range(8)]
    liar = attempt("liar", with_flips(predictions[9], 0.1), kept, claim=labels)
    findings = examine("hw", [*honest, liar], kept, [])
    assert {case.students: case.signs for case in findings.cases} == {("liar",): (Sign.CLAIM_GAP,)}
    (reason,) = findings.cases[0].reasons
    assert reason.value > 3
    assert "z = " in reason.says


def test_a_claim_by_another_model_is_flagged_though_it_is_no_better(digits):
    labels, _ = digits
    kept = held_out(labels)
    rng = np.random.default_rng(0)
    worse = [np.where(rng.random(len(labels)) < 0.2, rng.integers(0, 10, len(labels)), labels) for _ in range(2)]
    signs = found([attempt("s", worse[0], kept, claim=worse[1])], kept)
    assert signs == {("s",): (Sign.CLAIM_GAP,)}


def test_a_score_above_the_ceiling_is_flagged_where_there_is_one(digits):
    labels, predictions = digits
    attempts, kept = class_of(labels, predictions, prodigy=np.where(np.arange(len(labels)) == 0, 9 - labels, labels))
    assert found(attempts, kept, ceiling=0.99) == {("prodigy",): (Sign.ALONE, Sign.CEILING)}
    findings = examine("hw", attempts, kept, [])
    assert [case.signs for case in findings.cases] == [(Sign.ALONE,)]
    assert findings.notes[-1].startswith("No score is called too high: `ceiling`")


@pytest.mark.parametrize("copies", [1, 2])
def test_who_takes_answers_from_the_labels_is_right_where_everybody_else_is_wrong(digits, copies):
    labels, predictions = digits
    taken = np.random.default_rng(1).random(len(labels)) < 0.6
    knows = np.where(taken, labels, predictions[3])
    signs = found(*class_of(labels, predictions, **{f"seer{n}": knows for n in range(copies)}))
    assert {who for who, said in signs.items() if Sign.ALONE in said} == {(f"seer{n}",) for n in range(copies)}


# --- code


@pytest.fixture(scope="session")
def right_answers(builds):
    """A function: the release's cells of code, and by question all right answers that the corpus has."""

    @functools.cache
    def collect(name):
        assignment = load_assignment(builds(name).bundle)
        template = read_template(assignment)
        answers: dict[int, dict[str, None]] = {}
        for folder in sorted(path.parent for path in (CORPUS / name).glob("*/expected.toml")):
            sample = load_sample(folder, assignment)
            if sample.suffix != ".ipynb" or sample.expected.lost or sample.expected.refused:
                continue
            cells = [cell.source for cell in cells_of(read_tree(sample.content, name), name) if cell.kind == "code"]
            if len(cells) == len(template):  # cells added to the notebook are another matter
                for place, (cell, released) in enumerate(zip(cells, template, strict=True)):
                    if cell != released:
                        answers.setdefault(place, {})[cell] = None
        return template, [list(ways) for _, ways in sorted(answers.items())]

    return collect


def class_from(answers, students, seed=0):
    """Notebooks that answer every question rightly, as the corpus does; any two share as few answers as can be."""
    rng = np.random.default_rng(seed)
    tries = [np.stack([rng.permutation(students) % len(ways) for ways in answers], axis=1) for _ in range(300)]
    chosen = min(tries, key=lambda one: max((one[i] == one[j]).sum() for i in range(students) for j in range(i)))
    return [[ways[way] for ways, way in zip(answers, row, strict=True)] for row in chosen]


def disguised(cells):
    """The same notebook under other names, with comments, other indentation, the cells in another order."""
    names = r"(?<!\.)\b(loss|model|net|X|y|inputs|history|order|labels|images|classes|batch|rate|w|b|p)\b"
    renamed = [re.sub(names, r"my_\1", cell).replace("    ", "  ") for cell in cells]
    return [f"# my own idea\n{cell}\n# done" for cell in reversed(renamed)]


def as_notebooks(*cells_of):
    return [
        ReadNotebook(student=f"s{number:02}", submission=f"{number:064}", cells=tuple(cells))
        for number, cells in enumerate(cells_of)
    ]


@pytest.mark.parametrize("name", ["fashionmnist_kaggle", "mlp_pytorch", "neuron_pytorch"])
def test_right_notebooks_are_not_flagged_and_a_disguised_copy_is(right_answers, name):
    template, answers = right_answers(name)
    honest = class_from(answers, students=8)
    assert found([], None, notebooks=as_notebooks(*honest), template=template) == {}
    with_copy = as_notebooks(*honest, disguised(honest[3]))
    findings = examine(name, [], None, with_copy, template=template)
    (case,) = findings.cases
    assert case.students == ("s03", "s08")
    assert case.signs == (Sign.CODE,)
    assert case.reasons[0].value > 0.95
    lengths = [(len(part.text), part.owners) for row in case.code for cell in row if cell for part in cell.parts]
    assert sum(size for size, owners in lengths if owners) > 0.5 * sum(size for size, _ in lengths)  # is marked
    assert all(left and right for left, right in case.code)  # every cell has found its twin


def test_untouched_releases_are_not_like_each_other(right_answers):
    template, _ = right_answers("mlp_pytorch")
    assert found([], None, notebooks=as_notebooks(*[template] * 12), template=template) == {}


def test_no_right_sample_has_data_in_its_code_and_one_that_embeds_labels_does(right_answers):
    template, answers = right_answers("fashionmnist_kaggle")
    every = [source for ways in answers for source in ways]
    assert found([], None, notebooks=as_notebooks(every), template=template) == {}
    planted = as_notebooks([*every, "ANSWERS = '" + "0123456789" * 1000 + "'"])
    assert found([], None, notebooks=planted, template=template) == {("s00",): (Sign.EMBEDDED,)}


def test_what_is_no_python_is_looked_at_all_the_same():
    broken = ["def f(:\n  '''", "\x00\ud7ff (((", "%%bash\necho 'it", "x = " + "(" * 5000]
    assert found([], None, notebooks=as_notebooks(broken, broken), template=["def f("]) == {}


def test_notebooks_are_read_as_they_were_handed_in_and_missing_ones_left_out(tmp_path, digits):
    course = make_course(tmp_path)
    labels, predictions = digits
    attempts, _ = class_of(labels, predictions[:3])
    cell = {"cell_type": "code", "source": ["x = 1\n", "y = 2"], "metadata": {}, "outputs": []}
    for one, content in zip(attempts, (json.dumps({"nbformat": 4, "cells": [cell]}), "no notebook"), strict=False):
        folder = course.report_folder("hw", one.student, one.submission)
        folder.mkdir(parents=True)
        (folder / "upload.ipynb").write_text(content)
    (notebook,) = read_notebooks(course, "hw", attempts)
    assert (notebook.student, notebook.cells) == ("s00", ("x = 1\ny = 2",))


def test_one_case_has_all_there_is_about_a_pair(digits, right_answers):
    labels, predictions = digits
    template, answers = right_answers("mlp_pytorch")
    honest = class_from(answers, students=8)
    attempts, kept = class_of(labels, [*predictions[:8], predictions[3]])
    notebooks = as_notebooks(*honest, disguised(honest[3]))
    (case,) = examine("hw", attempts, kept, notebooks, template=template).cases
    assert case.students == ("s03", "s08")
    assert case.signs == (Sign.IDENTICAL, Sign.CODE)
    assert [one.kind for one in case.people[0].handed_in] == [AttemptKind.NOTEBOOK]
