"""A leaderboard for terminals, spreadsheets and programs. The page for students is made by `page`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from grading.common.spreadsheet import to_csv
from grading.leaderboard.board import Board, Entry, Likeness, Row, Shown

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = (
    "rank",
    "name",
    "score",
    "low",
    "high",
    "public",
    "moved",
    "rerun",
    "tier",
    "entries",
    "handed_in",
    "baseline",
)
"""Of the CSV file and of each row in JSON, the same on every board; what is not shown on one is empty, or null."""

LIKENESS: Mapping[Likeness | None, str] = {
    Likeness.BEST: "your best",
    Likeness.SAME: "the same as your best",
    Likeness.NOISE: "within noise of your best",
    Likeness.APART: "",
    None: "",
}
"""What a student reads beside an entry."""


def board_table(board: Board, title: str) -> "Table":
    """The board for a terminal: columns that say nothing on this one are left out."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Plain

    shown = Table(
        title=Plain(f"{title}: {heading(board)}"),
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    columns = [column for column in _COLUMNS if any(column[1](row) for row in board.rows)]
    for name, _ in columns:
        shown.add_column(name, justify="left" if name == "name" else "right", no_wrap=name != "name", overflow="fold")
    tier = 1
    for row in board.rows:
        if row.tier is not None and row.tier != tier:
            shown.add_section()
            tier = row.tier
        shown.add_row(*(Plain(text(row)) for _, text in columns), style="dim" if row.rank is None else "")
    if notes := _notes(board):
        shown.caption, shown.caption_justify = Plain("\n".join(notes)), "left"
    return shown


def heading(board: Board) -> str:
    """What the board shows, as of when."""
    what = "ranks" if board.ranks_only else "private scores" if board.is_final else "public scores"
    state = "final" if board.is_final else "not final"
    return f"{what}, {state}, {board.at:%Y-%m-%d %H:%M} ({board.zone})"


def board_csv(board: Board) -> bytes:
    """The board as CSV, a row each, with `COLUMNS`. Names never become formulas."""
    return to_csv(
        [
            COLUMNS,
            *(
                [cell if isinstance(cell, str) or cell is None else float(cell) for cell in _record(row).values()]
                for row in board.rows
            ),
        ]
    )


def board_object(board: Board, assignment: str) -> dict[str, object]:
    """The board for `json.dumps`: scores as shown, times with their zone, null for what is not shown."""
    return {
        "assignment": assignment,
        "scores": None if board.ranks_only else "private" if board.is_final else "public",
        "final": board.is_final,
        "at": board.at.isoformat(),
        "ends": board.ends.isoformat() if board.ends else None,
        "names": board.identity.value,
        "metric": board.metric or None,
        "rows_scored": board.rows_scored,
        "margin": board.margin.value if board.margin else None,
        "students": board.students,
        "entries": board.entries,
        "waiting": board.waiting,
        "outdated": board.outdated,
        "rows": [_record(row) for row in board.rows],
    }


def entries_table(entries: Sequence[Entry], left: int | None = None) -> "Table":
    """One student's entries, for that student; `left` is how many more count today."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("entry", "handed in"):
        shown.add_column(name, no_wrap=True)
    for name in ("public", "private"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("")
    for one in entries:
        said = ("too late" if not one.in_time else "", "selected" if one.is_selected else "", LIKENESS[one.likeness])
        shown.add_row(
            one.submission[:12],
            f"{one.handed_in:%Y-%m-%d %H:%M}",
            str(one.public),
            f"{one.private} ({one.private.interval})" if one.private and one.private.interval else _text(one.private),
            ", ".join(filter(None, said)),
        )
    if left is not None:
        shown.caption = f"{left} more count today"
    return shown


def _record(row: Row) -> dict[str, str | float | bool | None]:
    score = row.score
    values = (
        row.rank,
        row.who,
        score.value if score else None,
        score.low if score else None,
        score.high if score else None,
        row.public.value if row.public else None,
        row.moved,
        row.verified.value if row.verified else None,
        row.tier,
        row.entries,
        row.handed_in.isoformat(timespec="seconds") if row.handed_in else None,
        row.is_baseline,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _text(shown: Shown | None) -> str:
    return str(shown) if shown else ""


_COLUMNS: Sequence[tuple[str, Callable[[Row], str]]] = (
    ("rank", lambda row: "base" if row.is_baseline else str(row.rank or "-")),
    ("name", lambda row: row.who),
    ("score", lambda row: _text(row.score)),
    ("95 % interval", lambda row: row.score.interval if row.score else ""),
    ("public", lambda row: _text(row.public)),
    ("moved", lambda row: f"{row.moved:+d}" if row.moved else ""),
    ("re-run", lambda row: _text(row.verified)),
    ("entries", lambda row: str(row.entries or "")),
    ("handed in", lambda row: f"{row.handed_in:%Y-%m-%d %H:%M}" if row.handed_in else ""),
)


def _notes(board: Board) -> list[str]:
    notes = []
    if board.margin:
        notes.append(f"A score is uncertain by about ±{board.margin}; smaller differences may be luck.")
    if board.waiting:
        notes.append(f"{board.waiting} not ranked yet: an extension has not ended.")
    if board.outdated:
        notes.append(
            f"{board.outdated} scores left out: the metric or the held-out data changed. "
            "`neurograde rescore` brings them up to date."
        )
    return notes
