"""The public board and, for each team on it, the explanation of its place."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from web.auth import TheLab
from web.formats import format_time_us
from web.languages import pick_name
from web.live.board import view_board
from web.rendering import render

router = APIRouter()
SAME = ("status", "value_us", "score", "laps")
"""By which an attempt is known in the result."""


@router.get("/board/{slug}", name="board")
def show(request: Request, lab: TheLab, slug: str, hall: bool = False) -> Response:
    board = view_board(lab, slug)
    language = request.state.language
    return render(
        request,
        "board.html",
        board=board,
        title=pick_name(board["discipline"]["name"] if board["discipline"] else board["name"], language),
        attempts=max((len(row["attempts"]) for row in board["rows"]), default=0),
        tried=list_tried(board),
        on_track={run["entry"]: run for run in board["now"]},
        fresh=is_fresh(board),
        is_counted=is_counted,
        hall=hall,
        now_us=lab.clock.now_us(),
        gaps=list_gaps(board, language),
        format_gap=partial(format_gap, language=language),
    )


def is_fresh(board: Mapping[str, Any]) -> bool:
    """Teams are entered, and none of them has a result that may be shown."""
    rows = board["rows"]
    return not board["embargo"] and bool(rows) and not any(any(row["attempts"]) for row in rows)


def list_tried(board: Mapping[str, Any]) -> list[int]:
    """The attempts in which a team has a result or a run; the board has no column for the others."""
    made = {n for row in board["rows"] for n, result in enumerate(row["attempts"], 1) if result}
    return sorted(made | {run["attempt"] for run in board["now"]})


def is_counted(attempt: Mapping[str, Any] | None, result: Mapping[str, Any] | None) -> bool:
    """The attempt is the team's result."""
    if attempt is None or result is None or attempt["status"] != "OK":
        return False
    return all(attempt[name] == result[name] for name in SAME)


def format_gap(us: int, language: str) -> str:
    """A difference with its sign."""
    return ("+" if us > 0 else "") + format_time_us(us, language)


def list_gaps(board: Mapping[str, Any], language: str) -> dict[str, str]:
    """How far behind the leader each entry with a time is."""
    timed = [row for row in board["rows"] if row["result"] and row["result"]["value_us"] is not None]
    if board["ranking_unit"] != "time" or not timed or timed[0]["place"] != 1:
        return {}
    best_us = timed[0]["result"]["value_us"]
    return {
        row["entry"]: format_gap(row["result"]["value_us"] - best_us, language)
        for row in timed
        if row["place"] != 1 and row["result"]["status"] == "OK"
    }
