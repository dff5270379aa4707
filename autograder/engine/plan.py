"""What is done with a submission, step by step: run a cell, ask a case, predict. Pure."""

from dataclasses import dataclass

from autograder.model.bundle import Assignment, Case
from autograder.model.notebook import Submission, checks_in


@dataclass(frozen=True, slots=True)
class RunCell:
    """Step: run the cell at this index."""

    index: int


@dataclass(frozen=True, slots=True)
class AskCase:
    """Step: run one case of a question."""

    question: str
    case: Case


@dataclass(frozen=True, slots=True)
class Predict:
    """Step: call the entry point on the held-out inputs, in an order drawn for this submission."""


Step = RunCell | AskCase | Predict


def plan(submission: Submission, assignment: Assignment, *, predict: bool) -> list[Step]:
    """The steps in order: each question where the notebook checks it, the others at the end, then the entry point.

    As with otter, the last check of a question is the one that counts.
    """
    questions = {question.name: question for question in assignment.questions}
    steps: list[Step] = []
    checked = set()
    for index, cell in enumerate(submission.cells):
        if cell.kind != "code":
            continue
        steps.append(RunCell(index))
        for name in checks_in(cell.source):
            if name in questions:
                checked.add(name)
                steps += [AskCase(name, case) for case in questions[name].cases]
    for name in questions:
        if name not in checked:
            steps += [AskCase(name, case) for case in questions[name].cases]
    return [*steps, Predict()] if predict else steps
