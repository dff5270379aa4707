"""Runs otter's test files outside the room, by otter's own classes, against stand-ins."""

import contextlib
import copy
import io
import types
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from otter.test_files import ExceptionTestFile, OKTestFile
from otter.test_files.abstract_test import TestFile

from autograder.model.bundle import Assignment, Case, Question
from autograder.model.errors import TestBrokenError
from autograder.model.report import CaseResult, Status
from autograder.sandbox.channel import Channel
from autograder.sandbox.environment import Environment, StudentNamespace

MAX_MESSAGE = 4000


class SealedTestFile(ExceptionTestFile):  # type: ignore[misc]
    """Otter's exception format; keeps the exception that failed a case, which otter turns into text."""

    failure: BaseException | None = None

    def _generate_error_message(self, excp: Exception, context: int = 0) -> str:
        self.failure = excp
        try:
            return str(super()._generate_error_message(excp, context))
        except AttributeError:  # otter looks for a frame of the test; a call that does not fit has none
            return f"{type(excp).__name__}: {excp}"


class Examiner:
    """The tests of one assignment, loaded once. Asks one question of one submission at a time."""

    def __init__(self, assignment: Assignment) -> None:
        self.questions = {question.name: question for question in assignment.questions}
        self._files = {name: _load(assignment.test_file(name), q) for name, q in self.questions.items()}

    def ask(self, question: str, case: Case, inside: Channel, seed: int) -> CaseResult:
        """The result of one case. Raises StoppedError when the submission's process is gone or out of time."""
        test_file = copy.copy(self._files[question])
        test_file.test_cases = [test for test in test_file.test_cases if test.name == case.name]
        case_seed = seed ^ zlib.crc32(case.name.encode())
        inside.begin_case(case_seed)
        np.random.seed(case_seed % 2**32)
        torch.default_generator.manual_seed(case_seed)
        environment = Environment(inside, _offered(inside, case_seed))
        for name in _names_used(test_file):
            environment.get(name)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            test_file.run(environment)
        if inside.stopped is not None:  # a doctest catches everything
            raise inside.stopped
        (result,) = test_file.test_case_results
        passed, message = result.passed, _without_mark(result.message)
        if passed and inside.changed_copies():
            passed, message = False, CHANGED_COPY
        status = Status.PASSED if passed else _why(test_file, inside)
        if inside.missing and not passed:
            message = f"The notebook does not define {', '.join(inside.missing)}.\n{message}"
        return CaseResult(
            name=case.name,
            status=status,
            points=case.points if passed else 0.0,
            max_points=case.points,
            hidden=case.hidden,
            hint=None if passed else case.hint,
            message="" if passed else message[:MAX_MESSAGE],
        )


CHANGED_COPY = (
    "The test changed a tensor that it holds a copy of, which changes nothing inside. "
    'Set values with load_state_dict, or with student.inside("...source...", name=value).'
)


def unasked(case: Case, status: Status, message: str) -> CaseResult:
    """The result of a case that could not be decided: no points, and why."""
    return CaseResult(
        name=case.name,
        status=status,
        points=0.0,
        max_points=case.points,
        hidden=case.hidden,
        hint=case.hint,
        message=message,
    )


def _offered(inside: Channel, seed: int) -> Mapping[str, Any]:
    """The names that are the examiner's own in every test, whatever the student's notebook calls so."""
    import pandas as pd

    return {
        **{"np": np, "numpy": np, "torch": torch, "nn": torch.nn, "F": torch.nn.functional, "pd": pd},
        "rng": np.random.default_rng(seed),
        "student": StudentNamespace(inside),
    }


def _load(path: Path, question: Question) -> TestFile:
    try:
        source = path.read_text()
        kind = SealedTestFile if "OK_FORMAT = False" in source else OKTestFile
        loaded = kind.from_file(str(path))
    except Exception as error:  # a test file is a program: it may raise anything
        raise TestBrokenError(f"{path} cannot be loaded: {error}. Make the bundle again: neurograde release") from error
    names = {test.name for test in loaded.test_cases}
    if names != {case.name for case in question.cases}:
        raise TestBrokenError(f"{path} does not fit its bundle.json. Make the bundle again: neurograde release")
    return loaded


def _names_used(test_file: TestFile) -> list[str]:
    """Names that a doctest reads: it is run in a plain copy of its namespace, which cannot ask for them."""
    names: dict[str, None] = {}
    for test in test_file.test_cases:
        if isinstance(test.body, str):
            import doctest

            for example in doctest.DocTestParser().get_examples(test.body):
                names.update(dict.fromkeys(_names_in(compile(example.source, "<doctest>", "exec"))))
    return list(names)


def _names_in(code: types.CodeType) -> list[str]:
    inner = [
        name for constant in code.co_consts if isinstance(constant, types.CodeType) for name in _names_in(constant)
    ]
    return [*code.co_names, *inner]


def _why(test_file: TestFile, inside: Channel) -> Status:
    if inside.out_of_memory:
        return Status.OUT_OF_MEMORY
    failure = getattr(test_file, "failure", None) or inside.raised
    # A case errs when what student code raised went through the test; a test that caught it judged for itself.
    return Status.ERRORED if failure is not None and failure is inside.raised else Status.FAILED


def _without_mark(message: str | None) -> str:
    return (message or "").removeprefix("❌ Test case failed\n")
