"""A leaderboard for terminals, spreadsheets and programs. The page for students is made by `page`."""

from grading.common.spreadsheet import to_csv
from grading.competition.board import Board, BoardRow

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


def _record(row: BoardRow) -> dict[str, str | float | bool | None]:
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
