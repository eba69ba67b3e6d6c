"""Waiting for what happens, with a deadline."""

import asyncio
from collections.abc import Callable


async def until(claim: Callable[[], object], within_s: float = 8.0) -> None:
    """Let the loop run until `claim()` holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not claim():
        assert loop.time() < deadline, f"still false after {within_s} s"
        woken = asyncio.Event()
        loop.call_later(0.005, woken.set)
        await woken.wait()
