"""A clock that can be pushed ahead, so that past rounds are played through the real path in moments."""

import threading
import time


class WarpClock:
    """Monotonic microseconds plus whatever was skipped; shared by the virtual boards and their agent."""

    def __init__(self) -> None:
        self._skipped_us = 0
        self._lock = threading.Lock()

    def now_us(self) -> int:
        """Microseconds since an arbitrary moment; never goes back."""
        with self._lock:
            return time.monotonic_ns() // 1000 + self._skipped_us

    def skip(self, us: int) -> None:
        """Let `us` microseconds pass at once. Raises ValueError if negative."""
        if us < 0:
            raise ValueError("a clock only goes ahead")
        with self._lock:
            self._skipped_us += us
