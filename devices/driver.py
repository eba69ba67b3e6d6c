"""What a kit's driver is: bytes, time and commands in, outputs out. It does no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from devices.errors import Param
from devices.protocols.plotter import Sample
from devices.transports.byte_pipe import Chunk


@dataclass(frozen=True)
class Say:
    """Bytes for the device."""

    data: bytes


@dataclass(frozen=True)
class Claimed:
    """The device at the other end is known; `device` is its id on the bus."""

    device: str


@dataclass(frozen=True)
class Told:
    """A property has a value."""

    node: str
    key: str
    value: str


@dataclass(frozen=True)
class Kept:
    """A value that must never be lost: it stays on disk until the hub has committed (boot, seq)."""

    node: str
    key: str
    boot: str
    seq: int
    value: str


@dataclass(frozen=True)
class Alert:
    """Something is wrong until `Cleared`; `id` tells one from another."""

    id: str
    code: str
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True)
class Cleared:
    """The alert `id` no longer holds."""

    id: str


@dataclass(frozen=True)
class Refused:
    """The device said no to the last command of a person, who is told for a while."""

    code: str
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True)
class Console:
    """A line for whoever reads along."""

    level: Literal["debug", "info", "warn", "error"]
    text: str


@dataclass(frozen=True)
class Measured:
    """Samples of one moment: telemetry of any rate, plotted and stored."""

    samples: tuple[Sample, ...]
    at_us: int


@dataclass(frozen=True)
class Reopen:
    """The device hangs: the port must be opened anew."""

    code: str


@dataclass(frozen=True)
class Printed:
    """What the program on the device writes, as it comes: lines may be torn."""

    text: str


@dataclass(frozen=True)
class SetBaud:
    """The line goes on at another speed."""

    baud: int


@dataclass(frozen=True)
class Reset:
    """Pulse DTR and RTS, or open the port anew where there are none: most boards restart."""


@dataclass(frozen=True)
class Remember:
    """Something about what is behind this port, for the next time; it comes back in `Host.notes`."""

    key: str
    value: str


Output = (
    Say
    | Claimed
    | Told
    | Kept
    | Alert
    | Cleared
    | Refused
    | Console
    | Measured
    | Reopen
    | Printed
    | SetBaud
    | Reset
    | Remember
)


@dataclass(frozen=True)
class Host:
    """Where a driver runs: `port` is a short stable id of what is plugged in, fit for a device's id.

    `notes` is what was remembered of it; `path` is what a person calls the port, `usb` its (VID, PID).
    `kits` are the ids of all kits that may be there, by the port's identity or by a person's word.
    """

    clock_id: str
    port: str
    notes: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    usb: tuple[int, int] | None = None
    kits: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether no other kind of kit may be there."""
        return len(self.kits) < 2


class Driver(Protocol):
    """One device on one line; it outlives a pulled cable."""

    def opened(self, now_us: int) -> list[Output]:
        """The port was opened: the device may have been reset by that."""
        ...

    def received(self, chunk: Chunk) -> list[Output]:
        """Bytes came."""
        ...

    def tick(self, now_us: int) -> list[Output]:
        """Time has passed; called several times a second."""
        ...

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """A property is to be set. Raises ProtocolError("bad_command")."""
        ...

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """What was `Kept` is on disk."""
        ...


@runtime_checkable
class Fallback(Driver, Protocol):
    """A driver that takes what nobody else knows."""

    def unanswered(self, now_us: int) -> list[Output]:
        """Every other driver has asked in vain: claim the device by its identity, if it is ours."""
        ...
