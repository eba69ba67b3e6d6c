"""What an emulated hub does with a command: its slots, its transfer, its program and its status."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from devices.clock import Clock
from devices.protocols.mpy_modules import unpack_modules
from devices.protocols.pybricks import (
    Capabilities,
    CommandId,
    Feature,
    Flag,
    HubKind,
    Refusal,
    Version,
)
from devices.protocols.pybricks_stream import HubMessage, Status, Stdout

TRANSFER_US = 1_000_000
APP_DATA_BYTES = 64


class Runtime(Protocol):
    """What runs a program; it ends by itself or at `stop`, and tells either once."""

    def start(
        self,
        modules: Sequence[tuple[str, bytes]],
        on_output: Callable[[bytes], None],
        on_end: Callable[[], None],
    ) -> None:
        """Run the first module; the others may be imported."""
        ...

    def write(self, data: bytes) -> None:
        """Input of the program."""
        ...

    def stop(self) -> None:
        """End the program, if one runs."""
        ...


@dataclass(frozen=True)
class HubModel:
    """Which hub it is, as its box and its firmware say; the default is a Prime Hub on its cable."""

    name: str = "Pybricks Hub"
    firmware: str = "4.1.0"
    profile: Version = (1, 6, 0)
    kind: HubKind = field(default_factory=lambda: HubKind(0x81, 0))
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(60, Feature.MULTI_MPY6 | Feature.MPY61_NATIVE, 52_300, 5)
    )


class Hub:
    """Commands in, refusals out; events go to `tell`. Its programs survive a pulled cable."""

    def __init__(
        self, model: HubModel, runtime: Runtime, clock: Clock, tell: Callable[[HubMessage], None]
    ) -> None:
        self.model = model
        self.flags = Flag(0)
        self.slot = 0
        self.running_id = 0
        self.programs: dict[int, bytes] = {}
        self.stdin_held = False
        """The program does not read its input."""
        self.refuse_next: Refusal | None = None
        self._runtime = runtime
        self._clock = clock
        self._tell = tell
        self._stdin = bytearray()
        self._incoming = bytearray()
        self._until_us = 0
        self._app_data = bytearray(APP_DATA_BYTES)

    @property
    def status(self) -> Status:
        """As the profile of this hub tells it."""
        profile = self.model.profile
        running = self.running_id if profile >= (1, 4, 0) else None
        return Status(self.flags, running, self.slot if profile >= (1, 5, 0) else None)

    def set_flag(self, flag: Flag, on: bool = True) -> None:
        """A change is told."""
        flags = self.flags | flag if on else self.flags & ~flag
        if flags != self.flags:
            self.flags = flags
            self._tell(self.status)

    def choose(self, slot: int) -> None:
        """The buttons of the hub choose where a program goes."""
        self.slot = slot
        self._tell(self.status)

    def tick(self) -> None:
        """A transfer that stands still for a second is over; its slot stays empty."""
        if self.flags & Flag.FILE_IO and self._clock.now_us() >= self._until_us:
            self.set_flag(Flag.FILE_IO, False)

    def obey(self, body: bytes) -> Refusal:
        """One command."""
        self.tick()
        if self.refuse_next is not None:
            refusal, self.refuse_next = self.refuse_next, None
            return refusal
        rest = body[1:]
        match body[0]:
            case CommandId.STOP:
                self._runtime.stop()
                return Refusal.OK
            case CommandId.START:
                return self._start(rest)
            case CommandId.WRITE_META if len(rest) >= 4:
                return self._meta(int.from_bytes(rest[:4], "little"))
            case CommandId.WRITE_RAM if len(rest) >= 4:
                return self._ram(int.from_bytes(rest[:4], "little"), rest[4:])
            case CommandId.WRITE_STDIN:
                return self._input(rest)
            case CommandId.WRITE_APP_DATA if len(rest) >= 2:
                return self._app(int.from_bytes(rest[:2], "little"), rest[2:])
        return Refusal.INVALID_COMMAND

    def _start(self, rest: bytes) -> Refusal:
        if self.flags & Flag.RUNNING:
            return Refusal.BUSY
        if len(rest) > 1:
            return Refusal.VALUE_NOT_ALLOWED
        wanted = rest[0] if rest else self.slot
        try:
            modules = unpack_modules(self.programs.get(wanted, b""))
        except ValueError:
            modules = []
        if not modules:
            return Refusal.INVALID_COMMAND
        self.running_id = wanted
        self._stdin.clear()
        self.set_flag(Flag.RUNNING)
        self._runtime.start(modules, self._print, self._end)
        return Refusal.OK

    def _print(self, data: bytes) -> None:
        """In events that fit, with the line ends of a hub."""
        room = self.model.capabilities.max_write - 1
        cooked = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        for place in range(0, len(cooked), room):
            self._tell(Stdout(cooked[place : place + room]))

    def _end(self) -> None:
        self.set_flag(Flag.RUNNING, False)

    def _meta(self, size: int) -> Refusal:
        if self.flags & Flag.RUNNING:
            return Refusal.BUSY
        receiving = bool(self.flags & Flag.FILE_IO)
        if receiving is (size == 0):
            return Refusal.UNLIKELY
        if size == 0:
            self.programs[self.slot] = b""
            self._incoming = bytearray()
            self._until_us = self._clock.now_us() + TRANSFER_US
        else:
            rounded = (size + 3) // 4 * 4
            self.programs[self.slot] = bytes(self._incoming[:rounded].ljust(rounded, b"\0"))
        self.set_flag(Flag.FILE_IO, size == 0)
        return Refusal.OK

    def _ram(self, offset: int, data: bytes) -> Refusal:
        if offset + len(data) > self.model.capabilities.max_program:
            return Refusal.VALUE_NOT_ALLOWED
        if self.flags & Flag.RUNNING:
            return Refusal.BUSY
        if not self.flags & Flag.FILE_IO:
            return Refusal.UNLIKELY
        self._until_us = self._clock.now_us() + TRANSFER_US
        end = offset + len(data)
        self._incoming.extend(bytes(max(0, end - len(self._incoming))))
        self._incoming[offset:end] = data
        return Refusal.OK

    def _input(self, data: bytes) -> Refusal:
        if len(self._stdin) + len(data) > self.model.capabilities.max_write - 1:
            return Refusal.BUSY
        self._stdin += data
        if not self.stdin_held and self.flags & Flag.RUNNING:
            self._runtime.write(bytes(self._stdin))
            self._stdin.clear()
        return Refusal.OK

    def _app(self, offset: int, data: bytes) -> Refusal:
        if offset + len(data) > APP_DATA_BYTES:
            return Refusal.VALUE_NOT_ALLOWED
        self._app_data[offset : offset + len(data)] = data
        return Refusal.OK
