"""What the pages say of the code is true of it: files, functions, arrows, commands, exit codes."""

import ast
import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest

from neurograde.cli import base, main
from neurograde.cli.commands import SECTIONS
from tests.test_architecture import ARROWS, FILES, PACKAGES, room_of

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "docker/README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
ARCHITECTURE = "docs/architecture.md"
FOLDERS = (*PACKAGES, "docker", "docs", "release", "source", "tests")
"""What a path begins with that is one of the repository; others are of a course, or examples."""
PLACEHOLDER = re.compile(r"[<>*\s]")


@cache
def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def code_in(page):
    """What stands between backticks, outside of blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL))


def blocks_of(page, language=""):
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), flags=re.DOTALL | re.MULTILINE)


def paths_in(page):
    """The (path, name in it or nothing) that a page names."""
    for code in code_in(page):
        path, _, name = code.partition(":")
        if path.split("/")[0] in FOLDERS and "/" in path and not PLACEHOLDER.search(code):
            yield path, name


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_exist(page):
    assert [path for path, _ in paths_in(page) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_names_in_files_that_a_page_names_exist(page):
    assert [f"{path}:{name}" for path, name in paths_in(page) if name and name not in names_in(path)] == []


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_links_of_a_page_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", text_of(page))
    assert [link for link in links if "://" not in link and not (ROOT / page).parent.joinpath(link).exists()] == []


@cache
def names_in(path):
    """What a module defines: functions, classes, constants, and with a dot what a class has."""
    return frozenset(_names(ast.parse((ROOT / path).read_text()).body))


def _names(body, above=""):
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield above + node.name
        if isinstance(node, ast.ClassDef):
            yield from _names(node.body, f"{above}{node.name}.")
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from (above + target.id for target in targets if isinstance(target, ast.Name))


def test_a_name_that_is_gone_would_be_seen():
    assert "Grading.run" in names_in("neurograde/services/submissions/grade.py")
    assert "Grading.walk" not in names_in("neurograde/services/submissions/grade.py")
    assert len(list(paths_in(ARCHITECTURE))) > 200


def test_the_drawn_arrows_are_those_that_are_held():
    (drawn,) = blocks_of(ARCHITECTURE, "mermaid")
    arrows = {}
    for room, target in re.findall(r"(\w+) --> (\w+)", drawn):
        arrows.setdefault(room, set()).add(target)
    there = {room_of(name) for name in FILES}
    held = {room: targets & there | ({"model"} - {room}) for room, targets in ARROWS.items() if room in there}
    held["inside"] = set()
    assert {room: below(room, arrows) for room in held} == {room: below(room, held) for room in held}


def below(room, arrows):
    """All that arrows lead to from a room."""
    found, waiting = set(), {room}
    while waiting:
        new = arrows.get(waiting.pop(), set()) - found
        found |= new
        waiting |= new
    return found


def test_the_picture_has_every_room():
    picture = blocks_of(ARCHITECTURE)[0]
    for package in PACKAGES:
        block = re.search(rf"^{package}/.*\n((?: .*\n)*)", picture, re.MULTILINE)[1]
        rooms = {path.name for path in (ROOT / package).iterdir() if path.is_dir() and (path / "__init__.py").exists()}
        assert set(re.findall(r"^  (\w+)/", block, re.MULTILINE)) == rooms


def commands():
    """Every command of the list, with the file and function behind it."""
    for section in SECTIONS.values():
        for name, (place, _) in section.items():
            module, _, function = place.partition(":")
            yield name, f"{module.replace('.', '/')}.py:{function}"


@pytest.mark.parametrize(("name", "place"), list(commands()))
def test_the_page_says_of_every_command_where_it_is(name, place):
    lines = [line for line in text_of(ARCHITECTURE).splitlines() if f"`{place}`" in line]
    made = "make" if name == "demo" else "neurograde"
    assert any(f"`{made} {name}" in line for line in lines)


def typed_in(page):
    """The lines of a page that call `neurograde`, as the shell takes them apart."""
    lines = "\n".join(blocks_of(page)).splitlines()
    typed = [shlex.split(line, comments=True) for line in lines if line.startswith("neurograde ")]
    spans = [shlex.split(code) for code in code_in(page) if re.match(r"neurograde [a-z]", code)]
    return [words[1:] for words in [*typed, *spans]]


@pytest.mark.parametrize("page", PAGES)
def test_commands_that_a_page_shows_can_be_typed(page):
    for words in typed_in(page):
        command, *rest = words
        found = main.get_command(click.Context(main), command)
        assert found is not None, f"there is no neurograde {command}"
        while isinstance(found, click.Group) and rest and not rest[0].startswith("-"):
            found, rest = found.commands[rest[0]], rest[1:]
        options = {option for parameter in found.params for option in parameter.opts}
        assert [word for word in rest if word.startswith("-") and word not in options] == []


def test_exit_codes_are_said_as_they_are():
    codes = re.findall(r"^    (\d+) +(.+)$", base.__doc__, re.MULTILINE)
    assert [code for code, _ in codes] == ["0", "1", "2", "3", "4", "130"]
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", text_of("docs/output.md"), re.MULTILINE)
    assert rows == codes
