"""A device that says more than can be passed on: the rest is left out, and if it lasts that is told."""

from devices.agent.twin import Twin

FLOOD_ALERT = "flood"
SECOND_US = 1_000_000
LASTS_US = 1_500_000
OVER_US = 2_000_000


class FloodWatch:
    """Of one device; a second has room for so much of each sort."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._seconds: dict[str, tuple[int, int]] = {}
        self._since_us: int | None = None
        self._last_us = 0

    def has_room(self, sort: str, count: int, most: int, now_us: int) -> bool:
        """Whether so many more of this sort may be passed on in this second."""
        begun_us, passed = self._seconds.get(sort, (now_us, 0))
        if now_us - begun_us >= SECOND_US:
            begun_us, passed = now_us, 0
        fits = passed + count <= most
        self._seconds[sort] = begun_us, passed + count if fits else passed
        if not fits:
            self.skipped(now_us)
        return fits

    def skipped(self, now_us: int) -> None:
        """Something was left out."""
        self._last_us = now_us
        if self._since_us is None:
            self._since_us = now_us
        elif now_us - self._since_us >= LASTS_US:
            self._twin.alert(FLOOD_ALERT, "device_floods", {})

    def tick(self, now_us: int) -> None:
        """It may be over."""
        if self._since_us is not None and now_us - self._last_us >= OVER_US:
            self._since_us = None
            self._twin.clear(FLOOD_ALERT)
