"""What a hub's status means: whether a program runs, and what is wrong with the hub."""

from devices.driver import Alert, Cleared, Console, Output, Told
from devices.protocols.pybricks import Flag
from devices.protocols.pybricks_stream import Status

_ALERTS = (
    ("battery", ((Flag.BATTERY_EMPTY, "battery_empty"), (Flag.BATTERY_LOW, "battery_low"))),
    ("current", ((Flag.HIGH_CURRENT, "current_too_high"),)),
    ("heat", ((Flag.TOO_HOT, "hub_too_hot"), (Flag.HOT, "hub_hot"))),
)
ALERTS = tuple(name for name, _ in _ALERTS)


class Condition:
    """Tells what changed; after `forget` everything counts as a change."""

    def __init__(self) -> None:
        self.status: Status | None = None
        self._raised: dict[str, str | None] = {}

    @property
    def running(self) -> bool:
        """Whether a program runs."""
        return self.status is not None and bool(self.status.flags & Flag.RUNNING)

    def forget(self) -> None:
        """The hub may have changed meanwhile."""
        self.status = None
        self._raised.clear()

    def learn(self, status: Status) -> list[Output]:
        """A status report came."""
        before, self.status = self.status, status
        running = "true" if self.running else "false"
        outputs: list[Output] = [Told("program", "running", running)]
        if status.slot is not None:
            outputs.append(Told("program", "slot", str(status.slot)))
        for name, faults in _ALERTS:
            code = next((code for flag, code in faults if status.flags & flag), None)
            if self._raised.get(name, "") != code:
                self._raised[name] = code
                outputs.append(Alert(name, code) if code else Cleared(name))
        ending = Flag.SHUTDOWN | Flag.SHUTDOWN_REQUEST
        if status.flags & ending and not (before and before.flags & ending):
            outputs.append(Console("info", "the hub is switching itself off"))
        return outputs
