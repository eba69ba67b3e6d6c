"""A clock that moves when it is told to."""


class HandClock:
    """Microseconds, from wherever it was set."""

    def __init__(self, now_us: int = 1_000_000_000) -> None:
        self.value_us = now_us

    def now_us(self) -> int:
        return self.value_us

    def advance(self, us: int) -> int:
        self.value_us += us
        return self.value_us
