"""What is wrong with a hub: its battery, its firmware, its silence."""

from dataclasses import dataclass, field

from devices.driver import Alert, Cleared, Output
from devices.errors import Param
from devices.kits.spike.greeting import NEEDED_VERSION, OLD_VERSION

BATTERY_LOW, BATTERY_WELL = 15, 20
SILENT_US = 4_000_000


@dataclass
class HubHealth:
    """Fed by the driver; `take` gives the alerts that began or ended since."""

    heard_us: int = 0
    _raised: dict[str, Alert] = field(default_factory=dict)
    _outputs: list[Output] = field(default_factory=list)

    def take(self) -> list[Output]:
        """Alerts to pass on."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def heard(self, now_us: int) -> None:
        """The hub said something."""
        self.heard_us = now_us
        self._clear("silent")

    def battery(self, percent: int) -> None:
        """The hub told how full it is."""
        if percent <= BATTERY_LOW:
            self._raise("battery", "battery_low", percent=percent)
        elif percent >= BATTERY_WELL:
            self._clear("battery")

    def old_firmware(self) -> None:
        """It speaks the protocol of SPIKE App 2."""
        self._raise("firmware", "firmware_too_old", found=OLD_VERSION, needed=NEEDED_VERSION)

    def tick(self, now_us: int) -> None:
        """Time has passed."""
        if now_us - self.heard_us >= SILENT_US:
            self._raise("silent", "hub_silent")

    def _raise(self, name: str, code: str, **params: Param) -> None:
        alert = Alert(name, code, params)
        if self._raised.get(name) != alert:
            self._raised[name] = alert
            self._outputs.append(alert)

    def _clear(self, name: str) -> None:
        if self._raised.pop(name, None) is not None:
            self._outputs.append(Cleared(name))
