"""Waiting without sleeping."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], patience_s: float = 10) -> None:
    """Look after every turn of the event loop."""
    async with asyncio.timeout(patience_s):
        while not condition():  # noqa: ASYNC110  what is looked at has no event
            await asyncio.sleep(0)
