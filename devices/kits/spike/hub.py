"""The inside of an emulated hub: its slots, its transfer, its program and what is plugged into it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from devices.protocols.spike import (
    CONSOLE_BYTES_MAX,
    HUB_NAME_BYTES_MAX,
    NAME_BYTES_MAX,
    SLOTS,
    Action,
    Answer,
    ConsoleText,
    Event,
    FlowChanged,
    HubName,
    HubUuid,
    Id,
    Info,
    crc,
)
from devices.protocols.spike_records import Battery, Color, Distance, Force, Imu, Motor, Record
from devices.protocols.spike_requests import (
    ClearSlot,
    GetName,
    InfoRequest,
    NotifyRequest,
    ProgramFlow,
    Request,
    SetName,
    StartFile,
    TransferChunk,
    UuidRequest,
)

INFO = Info((1, 0, 86), (1, 8, 149), 509, 1024, 480, 0)
UUID = bytes.fromhex("03970000a1b2c3d4e5f60718293a4b5c")


class Runner(Protocol):
    """Whatever runs a program's text; an emulator without one only says that it runs."""

    def start(self, text: bytes, say: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        """Begin; `say` carries what it prints, `ended` tells that it is over by itself."""
        ...

    def stop(self) -> None:
        """At once; `ended` is not called."""
        ...


@dataclass
class _Transfer:
    slot: int
    crc: int
    text: bytearray = field(default_factory=bytearray)
    running: int = 0


class Hub:
    """Answers requests; `tell` is called with what it says of its own accord."""

    def __init__(
        self,
        *,
        info: Info = INFO,
        uuid: bytes = UUID,
        name: str = "Robi",
        runner: Runner | None = None,
    ) -> None:
        self.info = info
        self.name = name
        self.battery_percent = 87
        self.distance_mm = 420
        self.slots: dict[int, bytes] = {}
        self.running: int | None = None
        self.tell: Callable[[Event], None] = lambda _: None
        self._uuid = uuid
        self._runner = runner
        self._transfer: _Transfer | None = None
        self._starting: int | None = None

    def answer(self, request: Request) -> tuple[Event, ...]:
        """As the firmware does; anything that cannot be done is refused."""
        match request:
            case InfoRequest():
                return (self.info,)
            case UuidRequest():
                return (HubUuid(self._uuid),)
            case GetName():
                return (HubName(self.name),)
            case SetName(name=name):
                is_fit = 0 < len(name.encode()) <= HUB_NAME_BYTES_MAX
                self.name = name if is_fit else self.name
                return (Answer(Id.SET_NAME, is_fit),)
            case ClearSlot(slot=slot):
                self._transfer = None
                return (Answer(Id.CLEAR, self.slots.pop(slot, None) is not None),)
            case StartFile():
                return (Answer(Id.START_FILE, self._begin_transfer(request)),)
            case TransferChunk():
                return (Answer(Id.CHUNK, self._take_chunk(request)),)
            case ProgramFlow(action=Action.START, slot=slot):
                began = self._start(slot)
                return (Answer(Id.FLOW, began), *((FlowChanged(Action.START),) if began else ()))
            case ProgramFlow():
                return (Answer(Id.FLOW, self.stop()),)
            case NotifyRequest():
                return (Answer(Id.NOTIFY, True),)

    def go_on(self) -> None:
        """What the program does comes after the answer that it was started."""
        slot, self._starting = self._starting, None
        if slot is not None and self._runner is not None:
            self._runner.start(self.slots[slot], self.print, self.end)

    def stop(self) -> bool:
        """Stop the program; a hub on a cable does not tell that it stopped on request."""
        was_running, self.running = self.running is not None, None
        if was_running and self._runner is not None:
            self._runner.stop()
        return was_running

    def end(self) -> None:
        """The program is over by itself."""
        if self.running is not None:
            self.running = None
            self.tell(FlowChanged(Action.STOP))

    def print(self, data: bytes) -> None:
        """The program prints."""
        for at in range(0, len(data), CONSOLE_BYTES_MAX - 1):
            self.tell(ConsoleText(data[at : at + CONSOLE_BYTES_MAX - 1]))

    def records(self, now_us: int) -> tuple[Record, ...]:
        """Two driving motors, a colour, a distance and a force sensor; all move while a program runs."""
        phase = now_us / 1e6 if self.running is not None else 0.0
        swing = math.sin(phase)
        degrees = int(phase * 360)
        absolute = (degrees + 180) % 360 - 180
        power, speed = (5000, 50) if self.running is not None else (0, 0)
        light = 512 + int(300 * swing)
        return (
            Battery(self.battery_percent),
            Imu(0, 0, int(900 * swing), 0, 0, 0, 0, 1000, 0, 0, int(100 * swing)),
            Motor(0, 0x30, absolute, power, speed, degrees),
            Motor(1, 0x30, absolute, power, speed, degrees),
            Color(2, 10 if light > 512 else 0, light, light, light),
            Distance(3, self.distance_mm),
            Force(4, 0, 0),
        )

    def _begin_transfer(self, request: StartFile) -> bool:
        is_fit = request.slot < SLOTS and 0 < len(request.name.encode()) <= NAME_BYTES_MAX
        self._transfer = _Transfer(request.slot, request.crc) if is_fit else None
        return is_fit

    def _take_chunk(self, request: TransferChunk) -> bool:
        """The file is whole when the running checksum is the one that was announced."""
        transfer = self._transfer
        if transfer is None or len(request.data) > self.info.chunk_bytes_max:
            return False
        running = crc(request.data, transfer.running)
        if running != request.crc:
            return False
        transfer.running = running
        transfer.text += request.data
        if running == transfer.crc:
            self.slots[transfer.slot] = bytes(transfer.text)
            self._transfer = None
        return True

    def _start(self, slot: int) -> bool:
        if slot not in self.slots:
            return False
        self.stop()
        self.running = self._starting = slot
        return True
