"""A page's stream of what happens: nothing is left out, unless its viewer reads too slowly."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol

from lab_controller.bus.changes import Changes, Subscription
from web.live.frames import BEAT, Frame, Piece

MOST_PIECES = 500
MOST_BYTES = 2 * 1024 * 1024
PAUSE_S = 0.01


class Source(Protocol):
    """Asked in a thread, one question at a time."""

    slow: Mapping[str, float]
    """Keys whose changes are told no more often than this many seconds apart."""

    def snapshot(self) -> Piece:
        """Everything as it is now."""
        ...

    def news(self, changed: frozenset[str]) -> list[Piece]:
        """What has happened since the last question, or since this source was made."""
        ...


class Reader:
    """What one open page has yet to be sent; one that falls behind begins anew with a snapshot."""

    __slots__ = ("_beat", "_behind", "_ended", "_feed", "_pieces", "_size", "_waiter", "sending")

    def __init__(self, feed: "Feed") -> None:
        self._feed = feed
        self._pieces: deque[Piece] = deque()
        self._size = 0
        self._beat = self._behind = self._ended = self.sending = False
        self._waiter: asyncio.Future[None] | None = None

    def push(self, pieces: Sequence[Piece]) -> None:
        if not self._behind:
            self._pieces.extend(pieces)
            self._size += sum(len(piece.plain) for piece in pieces)
            if len(self._pieces) > MOST_PIECES or self._size > MOST_BYTES:
                self._behind = True
                self._drop()
        self._wake()

    def beat(self) -> None:
        self._beat = True
        self._wake()

    def end(self) -> None:
        self._ended = True
        self._wake()

    async def next(self) -> Piece | None:
        """What to send now, waiting for it; None when the stream is over."""
        while not self._ended:
            if self._behind:
                self._behind = False
                return (await self._feed.snapshot()).snapshot
            if self._pieces:
                piece = self._pieces.popleft()
                self._size -= len(piece.plain)
                return piece
            if self._beat:
                self._beat = False
                return BEAT
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return None

    def _drop(self) -> None:
        self._pieces.clear()
        self._size = 0

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Feed:
    """The viewers of one page; what happened is asked and packed once for all of them.

    A snapshot may already hold what the next piece tells: ids and times show that it is the same.
    """

    def __init__(self, changes: Changes, keys: Sequence[str], source: Source) -> None:
        self._source = source
        self._readers: set[Reader] = set()
        self._asking = asyncio.Lock()
        self._told_at: dict[str, float] = {}
        self._late: set[str] = set()
        self._close = ExitStack()
        subscription = self._close.enter_context(changes.subscribe(*keys))
        task = asyncio.get_running_loop().create_task(self._publish(subscription))
        task.add_done_callback(lambda _: self._end_readers())
        self._close.callback(task.cancel)
        self._task = task

    def __len__(self) -> int:
        return len(self._readers)

    @property
    def over(self) -> bool:
        """Whether it has failed and tells nothing more."""
        return self._task.done()

    def join(self) -> Reader:
        """A reader that hears everything from now on."""
        reader = Reader(self)
        self._readers.add(reader)
        return reader

    def leave(self, viewer: Reader) -> None:
        self._readers.discard(viewer)

    async def snapshot(self) -> Frame:
        async with self._asking:
            piece = await asyncio.to_thread(self._source.snapshot)
        return Frame(piece, piece)

    def beat(self) -> None:
        for reader in self._readers:
            reader.beat()

    def close(self) -> None:
        """Listen to no more changes and end the readers that are left."""
        self._close.close()
        self._end_readers()

    def _end_readers(self) -> None:
        for reader in self._readers:
            reader.end()

    async def _publish(self, subscription: Subscription) -> None:
        while True:
            changed = await self._next(subscription)
            async with self._asking:
                pieces = await asyncio.to_thread(self._source.news, changed)
            if pieces:
                for reader in self._readers:
                    reader.push(pieces)
            await asyncio.sleep(PAUSE_S)

    async def _next(self, subscription: Subscription) -> frozenset[str]:
        """Keys to ask about: a slow key's change waits until it is due."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = min((self._due(key) for key in self._late), default=None)
            try:
                async with asyncio.timeout_at(due_s):
                    self._late |= await subscription.next()
            except TimeoutError:
                pass
            now = loop.time()
            ready = {key for key in self._late if self._due(key) <= now}
            if ready:
                self._late -= ready
                self._told_at |= dict.fromkeys(ready & self._source.slow.keys(), now)
                return frozenset(ready)

    def _due(self, key: str) -> float:
        return self._told_at.get(key, -1e9) + self._source.slow.get(key, 0)
