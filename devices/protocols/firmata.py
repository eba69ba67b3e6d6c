"""Firmata 2.5: MIDI-like messages for the pins of a board. Source: firmata/protocol, protocol.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

SYSEX_MAX = 4096
PINS_MAX = 128

ANALOG, DIGITAL, REPORT_ANALOG, REPORT_DIGITAL = 0xE0, 0x90, 0xC0, 0xD0
SET_MODE, SET_PIN, VERSION, RESET = 0xF4, 0xF5, 0xF9, 0xFF
SYSEX, SYSEX_END = 0xF0, 0xF7
ANALOG_MAP_QUERY, ANALOG_MAP, CAPABILITY_QUERY, CAPABILITIES = 0x69, 0x6A, 0x6B, 0x6C
STATE_QUERY, STATE, EXTENDED_ANALOG, STRING, FIRMWARE, INTERVAL = 0x6D, 0x6E, 0x6F, 0x71, 0x79, 0x7A
NO_CHANNEL = 0x7F


class Mode(IntEnum):
    """What a pin is used as."""

    INPUT = 0
    OUTPUT = 1
    ANALOG = 2
    PWM = 3
    SERVO = 4
    I2C = 6
    PULLUP = 11


@dataclass(frozen=True)
class Version:
    """Of the protocol; in the board's direction it asks for it and has no numbers."""

    major: int = 0
    minor: int = 0


@dataclass(frozen=True)
class Analog:
    """A value of an analogue channel, or for a PWM or servo pin."""

    channel: int
    value: int


@dataclass(frozen=True)
class Digital:
    """Eight pins of a port, the lowest in bit 0."""

    port: int
    mask: int


@dataclass(frozen=True)
class Report:
    """The host wants values of an analogue channel, or of a port of eight pins."""

    kind: int
    number: int
    on: bool


@dataclass(frozen=True)
class SetMode:
    """Use a pin as `mode`."""

    pin: int
    mode: int


@dataclass(frozen=True)
class SetPin:
    """One digital output."""

    pin: int
    on: bool


@dataclass(frozen=True)
class Reset:
    """Forget modes and reports."""


@dataclass(frozen=True)
class Sysex:
    """A longer message; `data` is in seven bits a byte."""

    id: int
    data: bytes


Message = Version | Analog | Digital | Report | SetMode | SetPin | Reset | Sysex

_LENGTHS = {ANALOG: 2, DIGITAL: 2, REPORT_ANALOG: 1, REPORT_DIGITAL: 1}
_SYSTEM = {SET_MODE: 2, SET_PIN: 2, RESET: 0}


class FirmataReader:
    """Cuts a byte stream into messages and passes noise over.

    A board's version has two numbers, a host's question for it none: `version_bytes`.
    """

    def __init__(self, version_bytes: int = 2) -> None:
        self._system = {**_SYSTEM, VERSION: version_bytes}
        self._command: int | None = None
        self._data = bytearray()
        self.noise = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """Messages that are whole by now."""
        for byte in data:
            if byte & 0x80:
                if byte == SYSEX_END and self._command == SYSEX:
                    if self._data:
                        yield Sysex(self._data[0], bytes(self._data[1:]))
                    self._command = None
                    continue
                self._begin(byte)
            elif self._command is None or len(self._data) >= SYSEX_MAX:
                self.noise += 1
                self._command = None
                continue
            else:
                self._data.append(byte)
            if self._command is not None and self._command != SYSEX and len(self._data) >= self._wanted():
                message = _read(self._command, bytes(self._data))
                self._command = None
                yield message

    def _begin(self, byte: int) -> None:
        known = byte == SYSEX or byte in self._system or byte & 0xF0 in _LENGTHS
        if self._command is not None or not known:
            self.noise += 1
        self._command = byte if known else None
        self._data.clear()

    def _wanted(self) -> int:
        assert self._command is not None
        return self._system.get(self._command, _LENGTHS.get(self._command & 0xF0, 0))


def _read(command: int, data: bytes) -> Message:
    match command & 0xF0:
        case 0xE0:
            return Analog(command & 0x0F, data[0] | data[1] << 7)
        case 0x90:
            return Digital(command & 0x0F, (data[0] | data[1] << 7) & 0xFF)
        case 0xC0 | 0xD0 as kind:
            return Report(kind, command & 0x0F, bool(data[0]))
    match command:
        case 0xF4:
            return SetMode(data[0], data[1])
        case 0xF5:
            return SetPin(data[0], bool(data[1]))
        case 0xF9:
            return Version(*data)
    return Reset()


def format_message(message: Message) -> bytes:
    """As it goes over the line; a `Version` without numbers asks for them."""
    match message:
        case Version(major=0, minor=0):
            return bytes((VERSION,))
        case Version(major=major, minor=minor):
            return bytes((VERSION, major, minor))
        case Analog(channel=channel, value=value) if channel < 16 and value < 1 << 14:
            return bytes((ANALOG | channel, value & 0x7F, value >> 7))
        case Analog(channel=channel, value=value):
            return format_message(Sysex(EXTENDED_ANALOG, bytes((channel, *_sevens(value)))))
        case Digital(port=port, mask=mask):
            return bytes((DIGITAL | port, mask & 0x7F, mask >> 7))
        case Report(kind=kind, number=number, on=on):
            return bytes((kind | number, on))
        case SetMode(pin=pin, mode=mode):
            return bytes((SET_MODE, pin, mode))
        case SetPin(pin=pin, on=on):
            return bytes((SET_PIN, pin, on))
        case Sysex(id=number, data=data):
            return bytes((SYSEX, number, *data, SYSEX_END))
        case Reset():
            return bytes((RESET,))


def _sevens(value: int) -> Iterator[int]:
    yield value & 0x7F
    while value := value >> 7:
        yield value & 0x7F


def pack_text(text: str) -> bytes:
    """Each byte of Latin-1 as two of seven bits."""
    return bytes(part for byte in text.encode("latin-1", "replace") for part in (byte & 0x7F, byte >> 7))


def unpack_text(data: bytes) -> str:
    """The other way; a half byte at the end is left out."""
    pairs = zip(data[::2], data[1::2], strict=False)
    return bytes((low | high << 7) & 0xFF for low, high in pairs).decode("latin-1")


def parse_capabilities(data: bytes) -> tuple[dict[int, int], ...]:
    """For each pin its modes and their resolutions in bits."""
    pins: list[dict[int, int]] = []
    for part in data.split(bytes((NO_CHANNEL,)))[:-1][:PINS_MAX]:
        pins.append(dict(zip(part[::2], part[1::2], strict=False)))
    return tuple(pins)


def format_capabilities(pins: tuple[dict[int, int], ...]) -> bytes:
    """The other way."""
    each = (bytes(part for item in pin.items() for part in item) + bytes((NO_CHANNEL,)) for pin in pins)
    return b"".join(each)
