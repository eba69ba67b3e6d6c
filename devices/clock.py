"""The host's clock as devices see it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Microseconds that never go back and never jump; their origin means nothing."""

    def now_us(self) -> int:
        """May be called from any thread."""
        ...


class MonotonicClock:
    """The operating system's monotonic clock: a step of the wall clock does not touch it."""

    def now_us(self) -> int:
        """Microseconds since some moment before this process."""
        return time.monotonic_ns() // 1000
