"""What a rule is: it looks at a draft and tells what is wrong. Here are also those that look at one part of it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.authoring.source.parse import Problem, Source, SourceCell, SourceQuestion, SourceTest


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What is linted: a source notebook and the names of what lies beside it."""

    notebook: Mapping[str, Any]
    source: Source
    files: Collection[str] | None
    """None where nobody knows."""


Rule = Callable[[Draft], Iterable[Problem]]


def of_config(rule: Callable[[SourceCell, Draft], Iterable[Problem]]) -> Rule:
    """A rule about the ASSIGNMENT CONFIG, where it can be read."""

    def problems(draft: Draft) -> Iterator[Problem]:
        for cell in config_cells(draft.source)[:1]:
            if not draft.source.unread:
                yield from rule(cell, draft)

    return problems


def config_cells(source: Source) -> list[SourceCell]:
    return [cell for cell in source.cells if cell.marker[0] == "assignment"]


def of_question(rule: Callable[[SourceQuestion], Iterable[Problem]]) -> Rule:
    """A rule about each question."""
    return lambda draft: (problem for question in draft.source.questions for problem in rule(question))


def of_test(rule: Callable[[SourceTest], Iterable[Problem]]) -> Rule:
    """A rule about each test that is code."""

    def problems(draft: Draft) -> Iterator[Problem]:
        for test in draft.source.tests:
            if test.cell.kind == "code":
                yield from rule(test)

    return problems


def of_cell(rule: Callable[[SourceCell, Source], Iterable[Problem]]) -> Rule:
    """A rule about each cell, whatever it is."""
    return lambda draft: (problem for cell in draft.source.cells for problem in rule(cell, draft.source))
