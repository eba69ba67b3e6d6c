"""The public board as data: allow-listed fields, rendered once for all who watch."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request

from lab_controller.bus.changes import championship_key
from lab_controller.championships.views import board_view
from lab_controller.lab import Lab
from web.auth import TheLab
from web.live.channels import channels_of
from web.live.frames import Frame, build_frame
from web.live.stream import LiveStream

router = APIRouter()


def view_board(lab: Lab, slug: str) -> dict[str, Any]:
    """The board as everybody may see it. Raises NotFound."""
    return board_view(lab.championships.folded(slug), lab.clock.now_us())


@router.get("/board/{slug}/events")
async def watch_board(request: Request, lab: TheLab, slug: str) -> LiveStream:
    """Server-sent events: `snapshot` with the whole board, then `board` on each change."""

    async def render() -> Frame:
        return await asyncio.to_thread(_frame, lab, slug)

    return LiveStream(channels_of(request), f"board:{slug}", [championship_key(slug)], render)


def _frame(lab: Lab, slug: str) -> Frame:
    board = view_board(lab, slug)
    return build_frame("board", board, event_id=str(board["rev"]))
