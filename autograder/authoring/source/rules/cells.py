"""Rules about every cell: markers that otter would not see, solutions that it would leave, checks of nothing."""

import re
from collections.abc import Iterator

from autograder.authoring.source.parse import (
    END_SOLUTION,
    IGNORED,
    MARKER,
    MARKERS,
    Problem,
    Source,
    SourceCell,
    solution_roles,
)
from autograder.model.errors import nearest

NEARLY_MARKED = re.compile(r"[^#]*#+\s*(?:(?:begin|end)\s+)?solution(?:\s+no\s+prompt)?\s*$", re.IGNORECASE)


def markers(cell: SourceCell, _: Source) -> Iterator[Problem]:
    """Cells that look like otter's markers and are not, and the other way round."""
    if cell.ignored:
        if not IGNORED.fullmatch(cell.lines[0]):
            yield cell.problem("otter drops a cell that begins with this comment. Write `# IGNORE`, or another word.")
        return
    if any(line.strip() == "```otter" for line in cell.lines):
        yield cell.problem("settings in an ```otter fence are not checked. Put them into a raw cell.")
    if cell.kind == "raw":
        if not cell.marker[0] and cell.first_line.startswith("#"):
            near = nearest(cell.first_line.upper(), MARKERS)
            if near:
                text = "otter does not know this marker and would publish the cell. The first line must be exact."
                yield cell.problem(text, nearest=near[0])
        return
    match = MARKER.match(cell.text)
    if match and (match[3] or match[2].lower() in ("question", "tests")):
        yield cell.problem(f"a marker in a {cell.kind} cell is not read. Make it a raw cell.")


def solution(cell: SourceCell, source: Source) -> Iterator[Problem]:
    """Solutions that otter would leave in the release, or trip over."""
    if cell.kind != "code" or cell.ignored or cell.is_test:
        return
    strips_all = source.settings.get("strip_solutions_from_all_cells") is True
    roles = solution_roles(cell.lines)
    marked = [number for number, role in enumerate(roles, 1) if role]
    if marked and not (cell.is_solution or strips_all):
        text = f"a solution marker on line {marked[0]}, outside SOLUTION blocks: otter would publish it."
        yield cell.problem(f"{text} Put the cell between raw cells `# BEGIN SOLUTION` and `# END SOLUTION`.")
        return
    if cell.is_solution and not marked:
        text = "a cell in a SOLUTION block without a solution marker would be published whole."
        yield cell.problem(f"{text} Mark its lines with `# SOLUTION`, or move the cell out of the block.")
    if "stray" in roles:
        yield cell.problem(f"`{END_SOLUTION}` on line {roles.index('stray') + 1} without `# BEGIN SOLUTION` above it.")
    if "begin" in roles and "end" not in roles[len(roles) - roles[::-1].index("begin") :]:
        yield cell.problem(f"`# BEGIN SOLUTION` without `{END_SOLUTION}` below it in the cell.")
    for number, (line, role) in enumerate(zip(cell.lines, roles, strict=True), 1):
        if not role and NEARLY_MARKED.match(line):
            yield cell.problem(f"line {number} is not stripped: otter wants exactly `# SOLUTION` in capitals.")


def checks(cell: SourceCell, source: Source) -> Iterator[Problem]:
    """`grader.check` typed by hand for a question that is not there."""
    if cell.kind != "code" or cell.ignored or cell.is_test:
        return
    names = [question.name for question in source.questions]
    for name in re.findall(r"\bgrader\.check\(\s*[\"']([^\"']+)[\"']", cell.text):
        if name not in names:
            near = nearest(name, names)
            yield cell.problem(f"checks `{name}`, which is no question.", nearest=near[0] if near else None)
