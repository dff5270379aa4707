"""Which columns of Canvas hold which assignments."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grading.people.roster import (
    CanvasColumn,
    any_order,
)


def merged_columns(old: Sequence[CanvasColumn], new: Sequence[CanvasColumn]) -> tuple[CanvasColumn, ...]:
    """Canvas's columns as they are now. Which assignment each holds is remembered."""
    held = {column.id: column.assignment for column in old}
    fresh = tuple(replace(column, assignment=held.get(column.id, "")) for column in new)
    return fresh + tuple(column for column in old if column.id not in {one.id for one in fresh})


def assign_columns(
    columns: Sequence[CanvasColumn], titles: Mapping[str, Sequence[str]]
) -> tuple[tuple[CanvasColumn, ...], tuple[str, ...]]:
    """Say of Canvas's columns which assignment each holds, by equal titles; and what is left to a person.

    `titles` are each assignment's own, in every language. A column that was given an assignment keeps it. What is not
    certain comes back as lines that name the nearest columns; it is settled by hand in `canvas.csv`.
    """
    from rapidfuzz import fuzz

    taken, notes = {column.assignment for column in columns}, []
    found: dict[str, str] = {}
    for name in (name for name in titles if name not in taken):
        own = {any_order(text) for text in (name, *titles[name])}
        equal = [column for column in columns if not column.assignment and any_order(column.title) in own]
        if len(equal) == 1:
            found[equal[0].id] = name
            continue
        free = equal or [column for column in columns if not column.assignment and column.id not in found]
        free = sorted(free, key=lambda one: -max(fuzz.token_sort_ratio(any_order(one.title), text) for text in own))
        why = f"{len(equal)} columns of Canvas have its title" if equal else "no column of Canvas has its title"
        nearest = "; nearest: " + ", ".join(column.header for column in free[:3]) if free else ""
        notes.append(f"{name}: {why}{nearest}. Write {name} beside its column in canvas.csv, or name it so in Canvas.")
    return tuple(replace(one, assignment=found.get(one.id, one.assignment)) for one in columns), tuple(notes)
