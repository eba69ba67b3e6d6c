"""The boot loader of a Mega, as avrdude's `wiring` meets it. Source: Atmel AVR068, STK500 version 2."""

from dataclasses import dataclass
from enum import IntEnum

from devices.kits.arduino_uno.boot_loader import Flash

START, TOKEN = 0x1B, 0x0E
HEADER, MOST = 5, 1 + 9 + 256
SIGNATURE = bytes((0x1E, 0x98, 0x01))
OK, UNKNOWN = 0x00, 0xC9
READ_SIGNATURE_BYTE = 0x30


class Command(IntEnum):
    """First byte of a message's body."""

    SIGN_ON = 0x01
    SET_PARAMETER = 0x02
    GET_PARAMETER = 0x03
    LOAD_ADDRESS = 0x06
    ENTER_PROGRAMMING = 0x10
    LEAVE_PROGRAMMING = 0x11
    ERASE = 0x12
    PROGRAM_FLASH = 0x13
    READ_FLASH = 0x14
    READ_FUSE = 0x18
    READ_SIGNATURE = 0x1B
    SPI = 0x1D


@dataclass(frozen=True)
class Message:
    """One body, and the number that its answer repeats."""

    number: int
    body: bytes


class MessageReader:
    """Finds whole messages with a right checksum; everything else is passed over."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Messages that are whole by now."""
        self._kept += data
        found: list[Message] = []
        while (start := self._kept.find(START)) >= 0:
            del self._kept[:start]
            if len(self._kept) < HEADER:
                return found
            size = int.from_bytes(self._kept[2:4])
            if self._kept[4] != TOKEN or size > MOST:
                del self._kept[:1]
                continue
            if len(self._kept) < HEADER + size + 1:
                return found
            raw = bytes(self._kept[: HEADER + size + 1])
            if checksum(raw):
                del self._kept[:1]
                continue
            del self._kept[: len(raw)]
            found.append(Message(raw[1], raw[HEADER:-1]))
        self._kept.clear()
        return found


def checksum(raw: bytes) -> int:
    """XOR of all bytes: 0 over a whole message."""
    value = 0
    for byte in raw:
        value ^= byte
    return value


def format_message(message: Message) -> bytes:
    """As it goes over the line."""
    size = len(message.body).to_bytes(2)
    raw = bytes((START, message.number, *size, TOKEN, *message.body))
    return raw + bytes((checksum(raw),))


class MegaBootLoader:
    """Messages in, answers out; `left` when the sketch is to start."""

    def __init__(self, flash: Flash) -> None:
        self.left = False
        self._flash = flash
        self._reader = MessageReader()
        self._address = 0

    def feed(self, data: bytes) -> bytes:
        """What the boot loader answers."""
        said = b""
        for message in self._reader.feed(data):
            if message.body:
                body = bytes((message.body[0],)) + self._answer(message.body)
                said += format_message(Message(message.number, body))
        return said

    def _answer(self, body: bytes) -> bytes:
        match body[0]:
            case Command.SIGN_ON:
                return bytes((OK, 8)) + b"AVRISP_2"
            case Command.GET_PARAMETER:
                return bytes((OK, 0x0F))
            case Command.SET_PARAMETER | Command.ENTER_PROGRAMMING | Command.ERASE:
                return bytes((OK,))
            case Command.LEAVE_PROGRAMMING:
                self.left = True
                return bytes((OK,))
            case Command.LOAD_ADDRESS if len(body) == 5:
                self._address = (int.from_bytes(body[1:]) & 0x7FFF_FFFF) * 2
                return bytes((OK,))
            case Command.PROGRAM_FLASH if len(body) >= 10:
                data = body[10 : 10 + int.from_bytes(body[1:3])]
                self._flash.write(self._address, data)
                self._address += len(data)
                return bytes((OK,))
            case Command.READ_FLASH if len(body) >= 3:
                data = self._flash.read(self._address, int.from_bytes(body[1:3]))
                self._address += len(data)
                return bytes((OK, *data, OK))
            case Command.READ_SIGNATURE if len(body) >= 5:
                return bytes((OK, SIGNATURE[body[4] % 3], OK))
            case Command.READ_FUSE:
                return bytes((OK, 0xFF, OK))
            case Command.SPI if len(body) >= 8:
                value = SIGNATURE[body[6] % 3] if body[4] == READ_SIGNATURE_BYTE else 0
                return bytes((OK, 0, body[5], 0, value, OK))
        return bytes((UNKNOWN,))
