"""Which columns of Canvas hold which assignments."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from grading.people.roster import CanvasColumn, any_order


def merged_columns(old: Sequence[CanvasColumn], new: Sequence[CanvasColumn]) -> tuple[CanvasColumn, ...]:
    """Canvas's columns as they are now. Which assignment each holds is remembered."""
    held = {column.id: column.assignment for column in old}
    fresh = tuple(replace(column, assignment=held.get(column.id, "")) for column in new)
    fresh_ids = {column.id for column in fresh}
    return fresh + tuple(column for column in old if column.id not in fresh_ids)


def assign_columns(
    columns: Sequence[CanvasColumn], titles: Mapping[str, Sequence[str]]
) -> tuple[tuple[CanvasColumn, ...], tuple[str, ...]]:
    """Say of Canvas's columns which assignment each holds, by equal titles; and what is left to a person.

    `titles` are each assignment's own, in every language. A column that was given an assignment keeps it. What is not
    certain comes back as lines that name the nearest columns; it is settled by hand in `canvas.csv`.
    """
    taken = {column.assignment for column in columns}
    assigned: dict[str, str] = {}
    notes = []
    for name in titles:
        if name in taken:
            continue
        own_titles = {any_order(title) for title in (name, *titles[name])}
        equal = [column for column in columns if not column.assignment and any_order(column.title) in own_titles]
        if len(equal) == 1:
            assigned[equal[0].id] = name
            continue
        free = [column for column in columns if not column.assignment and column.id not in assigned]
        nearest = _nearest_first(equal or free, own_titles)
        why = f"{len(equal)} columns of Canvas have its title" if equal else "no column of Canvas has its title"
        listed = "; nearest: " + ", ".join(column.header for column in nearest[:3]) if nearest else ""
        notes.append(f"{name}: {why}{listed}. Write {name} beside its column in canvas.csv, or name it so in Canvas.")
    filled = (replace(column, assignment=assigned.get(column.id, column.assignment)) for column in columns)
    return tuple(filled), tuple(notes)


def _nearest_first(columns: Iterable[CanvasColumn], titles: Collection[str]) -> list[CanvasColumn]:
    """Those first whose own title is most like one of these."""
    from rapidfuzz import fuzz

    def likeness(column: CanvasColumn) -> float:
        return max(fuzz.token_sort_ratio(any_order(column.title), title) for title in titles)

    return sorted(columns, key=likeness, reverse=True)
