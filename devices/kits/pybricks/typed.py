"""What a person types for a program: in pieces that any hub takes, again and again until it does."""

PIECE_BYTES = 20
"""Old hubs hold no more, and take a piece only if all of it fits."""
TYPED_BYTES_MAX = 4096
AGAIN_US = 100_000
PATIENCE_US = 5_000_000


class Typed:
    """Bytes on their way to a program's input."""

    def __init__(self) -> None:
        self._left = bytearray()
        self._due_us = 0
        self._refused_us: int | None = None

    def add(self, data: bytes) -> bool:
        """False if that is more than can wait."""
        if len(self._left) + len(data) > TYPED_BYTES_MAX:
            return False
        self._left += data
        return True

    def clear(self) -> None:
        """Nobody will read it."""
        self._left.clear()
        self._refused_us = None

    def due(self, now_us: int) -> bytes | None:
        """The next piece, once it may be said."""
        return bytes(self._left[:PIECE_BYTES]) if self._left and now_us >= self._due_us else None

    def taken(self) -> None:
        """The hub took the piece."""
        del self._left[:PIECE_BYTES]
        self._refused_us = None

    def refused(self, now_us: int) -> bool:
        """The hub was too full; True if it has been for so long that nobody seems to read."""
        if self._refused_us is None:
            self._refused_us = now_us
        self._due_us = now_us + AGAIN_US
        return now_us - self._refused_us >= PATIENCE_US
