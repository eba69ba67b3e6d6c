"""A device that says more than can be passed on, for longer than a moment."""

from devices.agent.twin import Twin

FLOOD_ALERT = "flood"
LASTS_US = 1_500_000
OVER_US = 2_000_000


class FloodWatch:
    """Told whenever something of the device had to be left out."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._since_us: int | None = None
        self._last_us = 0

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
