"""What a kit's driver is: bytes, time and commands in, outputs out. It does no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

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
class Console:
    """A line for whoever reads along."""

    level: Literal["debug", "info", "warn", "error"]
    text: str


@dataclass(frozen=True)
class Measured:
    """Samples of one moment."""

    samples: tuple[Sample, ...]
    at_us: int


@dataclass(frozen=True)
class Reopen:
    """The device hangs: the port must be opened anew."""

    code: str


Output = Say | Claimed | Told | Kept | Alert | Cleared | Console | Measured | Reopen


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
