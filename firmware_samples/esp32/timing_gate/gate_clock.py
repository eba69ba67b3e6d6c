"""Microseconds since the start: the chip's own count wraps after 18 minutes, this one does not."""

from time import ticks_diff, ticks_us


class Clock:
    """May be read from any thread; `advance` belongs to the main loop."""

    def __init__(self):
        self._base = (0, ticks_us())

    def advance(self):
        """To be called at least once in four minutes."""
        us, base = self._base
        ticks = ticks_us()
        self._base = (us + ticks_diff(ticks, base), ticks)

    def at(self, ticks):
        us, base = self._base
        return us + ticks_diff(ticks, base)

    def now(self):
        return self.at(ticks_us())
