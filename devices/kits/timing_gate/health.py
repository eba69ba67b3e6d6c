"""What is wrong with a gate: each fault is raised once, and cleared when it has been quiet for a while."""

from collections import deque
from dataclasses import dataclass, field

from devices.driver import Alert, Cleared, Output
from devices.errors import Param
from devices.timing import FitSnapshot

BLOCKED_US = 10_000_000
BOUNCE_WINDOW_US = 10_000_000
BOUNCES = 6
NOISE_WINDOW_US = 30_000_000
NOISES = 3
SILENT_US = 3_000_000
RESET_SHOWN_US = 60_000_000
LOST_SHOWN_US = 600_000_000
DRIFT_PPM = 2000
SLOW_US = 100_000
_WATCHED = {"bounces": "beam_bounces", "noise": "line_noise"}


@dataclass
class GateHealth:
    """Fed by the driver; `take` gives the alerts that began or ended since."""

    blocked_since_us: dict[int, int] = field(default_factory=dict)
    round_trip_us: int | None = None
    heard_us: int = 0
    bounces: int = 0
    _bounces: deque[int] = field(default_factory=lambda: deque(maxlen=BOUNCES))
    _noises: deque[int] = field(default_factory=lambda: deque(maxlen=NOISES))
    _until_us: dict[str, int] = field(default_factory=dict)
    _raised: dict[str, Alert] = field(default_factory=dict)
    _outputs: list[Output] = field(default_factory=list)

    def take(self) -> list[Output]:
        """Alerts to pass on."""
        outputs, self._outputs = self._outputs, []
        return outputs

    @property
    def problems(self) -> list[str]:
        """Codes of what is wrong now."""
        return sorted({alert.code for alert in self._raised.values()})

    def heard(self, now_us: int) -> None:
        """The board said something."""
        self.heard_us = now_us
        self._clear("silent")

    def set_blocked(self, lanes: tuple[int, ...], now_us: int) -> None:
        """Lanes whose beam is broken now."""
        for lane in set(self.blocked_since_us) - set(lanes):
            del self.blocked_since_us[lane]
            self._clear(f"blocked-{lane}")
        for lane in lanes:
            self.blocked_since_us.setdefault(lane, now_us)

    def bounced(self, now_us: int) -> None:
        """An edge came inside the debounce window."""
        self.bounces += 1
        self._bounces.append(now_us)

    def damaged(self, now_us: int) -> None:
        """A sentence came damaged."""
        self._noises.append(now_us)

    def reset(self, now_us: int) -> None:
        """The board restarted by itself: times across the restart cannot be compared."""
        self.set_blocked((), now_us)
        self._raise("reset", "board_reset", now_us + RESET_SHOWN_US)

    def lost(self, first: int, last: int, now_us: int) -> None:
        """Passages that will never come."""
        self._raise("lost", "passages_lost", now_us + LOST_SHOWN_US, first=first, last=last)

    def fitted(self, fit: FitSnapshot, contradictory: bool, now_us: int) -> None:
        """The clock was measured."""
        if contradictory:
            self._raise("clock", "clock_unsteady", now_us + RESET_SHOWN_US)
        if fit.ppm_lo > DRIFT_PPM or fit.ppm_hi < -DRIFT_PPM:
            self._raise("drift", "drift_too_large", None, ppm=round((fit.ppm_lo + fit.ppm_hi) / 2))
        else:
            self._clear("drift")

    def tick(self, now_us: int) -> None:
        """Time has passed."""
        for lane, since_us in self.blocked_since_us.items():
            if now_us - since_us >= BLOCKED_US:
                self._raise(f"blocked-{lane}", "beam_blocked", None, lane=lane)
        self._watch("bounces", self._bounces, BOUNCES, now_us - BOUNCE_WINDOW_US)
        self._watch("noise", self._noises, NOISES, now_us - NOISE_WINDOW_US)
        if now_us - self.heard_us >= SILENT_US:
            self._raise("silent", "board_silent", None)
        for name in [name for name, until_us in self._until_us.items() if now_us >= until_us]:
            self._clear(name)

    def link(self, now_us: int) -> str:
        """ok, slow or lost."""
        if self.round_trip_us is None or now_us - self.heard_us >= SILENT_US:
            return "lost"
        return "slow" if self.round_trip_us > SLOW_US else "ok"

    def _watch(self, name: str, times: deque[int], limit: int, since_us: int) -> None:
        while times and times[0] < since_us:
            times.popleft()
        if len(times) >= limit:
            self._raise(name, _WATCHED[name], None)
        elif not times:
            self._clear(name)

    def _raise(self, name: str, code: str, until_us: int | None, **params: Param) -> None:
        if until_us is not None:
            self._until_us[name] = until_us
        alert = Alert(name, code, params)
        known = self._raised.get(name)
        if known is None or (known != alert and name != "drift"):
            self._raised[name] = alert
            self._outputs.append(alert)

    def _clear(self, name: str) -> None:
        self._until_us.pop(name, None)
        if self._raised.pop(name, None) is not None:
            self._outputs.append(Cleared(name))
