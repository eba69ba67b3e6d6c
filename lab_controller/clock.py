"""Wall time in microseconds that never jumps while the process lives."""

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    def now_us(self) -> int:
        """Microseconds since 1970, never going back."""


class SteadyClock:
    """Anchored to the wall clock once, then counted by the monotonic clock.

    A host clock that is stepped (NTP at boot, a hand on the date) does not move `now_us`;
    `observe_step_us` tells that it happened.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        notice_us: int = 500_000,
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._notice_us = notice_us
        self._anchor_ns = wall_ns() - monotonic_ns()
        self._known_offset_us = 0

    def now_us(self) -> int:
        return (self._anchor_ns + self._monotonic_ns()) // 1000

    def go_on_from(self, us: int) -> None:
        """Be at `us` if the host's clock is behind it, as after a step back: that is told as a step."""
        behind_ns = us * 1000 - self._anchor_ns - self._monotonic_ns()
        self._anchor_ns += max(0, behind_ns)

    def host_offset_us(self) -> int:
        """How far the host's wall clock is ahead of this clock."""
        return self._wall_ns() // 1000 - self.now_us()

    def observe_step_us(self) -> int | None:
        """The size of a step of the host clock since the last look, or None; slow slewing adds up."""
        offset_us = self.host_offset_us()
        step_us = offset_us - self._known_offset_us
        if abs(step_us) < self._notice_us:
            return None
        self._known_offset_us = offset_us
        return step_us


class ManualClock:
    """A clock that moves only when it is told to."""

    def __init__(self, now_us: int = 1_800_000_000_000_000) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        return self._now_us

    def advance(self, *, us: int = 0, s: float = 0) -> None:
        step_us = us + round(s * 1_000_000)
        if step_us < 0:
            raise ValueError("a clock does not go back")
        self._now_us += step_us
