"""All open streams of a server: found by name, limited by address, ended together."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, Protocol

from fastapi import Request

from lab_controller.bus.changes import Changes
from lab_controller.errors import TooMany
from web.live.frames import Frame, Piece


class Seat(Protocol):
    """One open page: what it has yet to be sent."""

    sending: bool

    async def next(self) -> Piece | None: ...

    def end(self) -> None: ...


class Live(Protocol):
    """What many pages watch together."""

    def __len__(self) -> int: ...

    @property
    def over(self) -> bool: ...

    def join(self) -> Any: ...

    def leave(self, viewer: Any) -> None: ...

    async def snapshot(self) -> Frame: ...

    def beat(self) -> None: ...

    def close(self) -> None: ...


Open = Callable[[Changes], Live]


class Channels:
    """Opens a channel with its first viewer and closes it with the last."""

    def __init__(
        self, changes: Changes, *, beat_s: float = 15, per_address: int = 256, at_most: int = 10_000
    ) -> None:
        """A heartbeat each `beat_s`; another machine gets `per_address` streams, all together `at_most`."""
        self._changes, self._beat_s = changes, beat_s
        self._per_address, self._at_most = per_address, at_most
        self._open: dict[str, Live] = {}
        self._seats: Counter[str] = Counter()
        self._tasks: dict[Seat, asyncio.Task[None] | None] = {}
        self._next_beat: asyncio.TimerHandle | None = None
        self.ended = False

    def __len__(self) -> int:
        return len(self._tasks)

    @contextmanager
    def watch(self, name: str, start: Open, address: str) -> Iterator[tuple[Live, Seat]]:
        """A seat at the channel `name`, which the first viewer's `start` opens.

        Raises TooMany `too_many_streams` when `address` or the server has no seat left.
        """
        full = not is_local(address) and self._seats[address] >= self._per_address
        if full or len(self._tasks) >= self._at_most:
            raise TooMany("too_many_streams", retry_after_s=30)
        channel = self._open.get(name)
        if channel is None or channel.over:
            # A failed one may still be held by a reader that stalls; who comes now sees a new one.
            channel = self._start(name, start)
        viewer: Seat = channel.join()
        if self.ended:
            viewer.end()
        self._seats[address] += 1
        self._tasks[viewer] = asyncio.current_task()
        try:
            yield channel, viewer
        finally:
            channel.leave(viewer)
            del self._tasks[viewer]
            self._seats[address] -= 1
            if not self._seats[address]:
                del self._seats[address]
            if not len(channel):
                channel.close()
                if self._open.get(name) is channel:
                    del self._open[name]

    def end(self) -> None:
        """End every stream: at once where the line is free, by force where a stalled reader holds it."""
        self.ended = True
        if self._next_beat is not None:
            self._next_beat.cancel()
        for channel in self._open.values():
            channel.close()
        for viewer, task in self._tasks.items():
            if viewer.sending and task is not None:
                task.cancel()

    def _start(self, name: str, start: Open) -> Live:
        channel = self._open[name] = start(self._changes)
        if self._next_beat is None:
            self._next_beat = asyncio.get_running_loop().call_later(self._beat_s, self._beat)
        return channel

    def _beat(self) -> None:
        for channel in self._open.values():
            channel.beat()
        self._next_beat = asyncio.get_running_loop().call_later(self._beat_s, self._beat)


def is_local(address: str) -> bool:
    """Whether `address` is this machine: a reverse proxy here counts its own visitors."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def channels_of(request: Request) -> Channels:
    """The streams of the app that answers `request`."""
    channels: Channels = request.app.state.channels
    return channels
