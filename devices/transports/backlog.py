"""How much has been read from a device and not yet been taken: whoever reads waits when it is too much."""

import threading

BACKLOG_BYTES = 1 << 20
CHUNK_BYTES = 200
"""What a chunk weighs besides its bytes."""


class Backlog:
    """Between a reader thread and an event loop. Where nobody waits, a flood fills the memory."""

    def __init__(self, limit: int = BACKLOG_BYTES) -> None:
        self._limit = limit
        self._held = 0
        self._open = True
        self._changed = threading.Condition()

    def put(self, size: int) -> None:
        """A chunk of so many bytes was read; waits while there is no room for another."""
        with self._changed:
            self._held += size + CHUNK_BYTES
            self._changed.wait_for(lambda: self._held < self._limit or not self._open)

    def take(self, size: int) -> None:
        """The chunk was taken."""
        with self._changed:
            self._held -= size + CHUNK_BYTES
            self._changed.notify()

    def close(self) -> None:
        """Nobody takes any more: wait no longer."""
        with self._changed:
            self._open = False
            self._changed.notify()
