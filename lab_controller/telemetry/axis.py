"""A device's own microseconds on the wall clock, however late its readings come."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

STEP_US = 100_000
"""Closer than this the axis stays as it is: what comes again finds its own place."""
EARLY_US = 1_000_000
"""Nothing comes before it was measured: the device's clock was set ahead by this much."""
REORDERED_US = 2_000_000
REPEATED_US = 20_000_000
"""Of a device's time, as many messages as may be on their way: an older one does not come a second time."""
WINDOW_US = 60_000_000
STEADY_US = 2_000_000
"""A clock that is slow, or the host's that was set ahead, is late by the same throughout a window."""
FOLLOWING_US = 5_000_000


@dataclass(slots=True)
class Axis:
    """`offset_us` turns stamps into wall time, `before_us` those below `from_us`.

    A message may wait, but is never ahead of its own time: arrival less stamp (`apart_us` of the newest
    stamp) is least where it has not waited, and that is the offset.
    """

    offset_us: int
    newest_us: int
    apart_us: int
    since_us: int
    """The arrival that the window begins with; `first_us` and `least_us` are of the window."""
    first_us: int
    least_us: int
    from_us: int = 0
    before_us: int = 0
    written_us: int = -1
    """Up to this wall time there may be readings that an earlier offset has placed."""

    @classmethod
    def begin(cls, offset_us: int, newest_us: int, received_us: int, apart_us: int | None = None) -> "Axis":
        """With the arrival of `newest_us`, or where it may be among what was stored by an earlier hub."""
        apart_us = offset_us if apart_us is None else apart_us
        return cls(offset_us, newest_us, apart_us, received_us, apart_us, apart_us)

    def place(self, us: Collection[int]) -> list[int]:
        """Their wall times."""
        offset_us, before_us, from_us = self.offset_us, self.before_us, self.from_us
        if min(us) >= from_us:
            return [offset_us + at_us for at_us in us]
        return [at_us + (offset_us if at_us >= from_us else before_us) for at_us in us]

    def is_of(self, newest_us: int, apart_us: int) -> bool:
        """Whether this clock may be what another of the device's quantities is stamped by."""
        return abs(newest_us - self.newest_us) <= REPEATED_US and apart_us >= self.offset_us - STEP_US

    def follow(
        self,
        us: Collection[int],
        received_us: int,
        is_stored: Callable[[], bool],
        other: "Axis | None" = None,
        least_us: int | None = None,
    ) -> int:
        """Take a batch's stamps into account; gives the first stamp that cannot have come before.

        `is_stored` tells whether the batch has come before, `other` is the axis of another quantity,
        and `least_us` is what `find_least` gives for it, where those behind it are known.
        """
        newest_us, known_us = max(us), self.newest_us
        apart_us = received_us - newest_us
        least_us = apart_us if least_us is None else min(apart_us, least_us)
        if newest_us <= known_us:
            if apart_us - self.apart_us <= REORDERED_US or (
                newest_us >= known_us - REPEATED_US and is_stored()
            ):
                return known_us + 1
            self._restart(newest_us, received_us, least_us, other)
            return 0
        early_us = self.offset_us - apart_us
        if early_us > EARLY_US or (early_us > STEP_US and self.offset_us + min(us) > self.written_us):
            self._shift(least_us, received_us)
        elif received_us - self.since_us >= WINDOW_US:
            self._end_window(apart_us, received_us)
        else:
            self.least_us = min(self.least_us, apart_us)
        self.newest_us, self.apart_us = newest_us, apart_us
        return known_us + 1

    def _end_window(self, apart_us: int, received_us: int) -> None:
        least_us = min(self.least_us, apart_us)
        if max(self.first_us, apart_us) - least_us < STEADY_US and least_us > self.offset_us + STEP_US:
            self._shift(least_us, received_us)
        self.since_us, self.first_us, self.least_us = received_us, apart_us, apart_us

    def _shift(self, offset_us: int, received_us: int) -> None:
        """From the next stamp on."""
        self.written_us = max(self.written_us, self.offset_us + self.newest_us)
        self.before_us, self.from_us = self.offset_us, self.newest_us + 1
        self.offset_us = self.first_us = self.least_us = offset_us
        self.since_us = received_us

    def _restart(self, newest_us: int, received_us: int, least_us: int, other: "Axis | None") -> None:
        """The device counts anew."""
        apart_us = received_us - newest_us
        waited_us = self.apart_us - self.offset_us
        follows = received_us - self.newest_us - self.apart_us <= FOLLOWING_US
        offset_us = least_us
        if other is not None and other.offset_us != self.offset_us and other.is_of(newest_us, least_us):
            offset_us = other.offset_us
        elif follows and waited_us > EARLY_US:
            # Right behind readings that have waited, it has waited about as long as they.
            offset_us = min(least_us, apart_us - waited_us)
        self._shift(offset_us, received_us)
        self.from_us = 0
        self.newest_us, self.apart_us = newest_us, apart_us


def find_least(arrivals: Sequence[tuple[int, int]]) -> list[int]:
    """For each newest stamp and its arrival: the least arrival less stamp from it on, of one count.

    What has waited comes within moments: of a transaction's messages, the last has waited least.
    """
    least: list[int] = []
    behind: tuple[int, int] | None = None
    for newest_us, received_us in reversed(arrivals):
        apart_us = received_us - newest_us
        counts_on = behind and (behind[0] > newest_us or behind[1] - apart_us <= REORDERED_US)
        least.append(min(apart_us, least[-1]) if counts_on else apart_us)
        behind = newest_us, apart_us
    least.reverse()
    return least
