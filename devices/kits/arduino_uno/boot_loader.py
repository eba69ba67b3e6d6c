"""The boot loader's end of an upload, as optiboot and the old ATmegaBOOT behave."""

from dataclasses import dataclass, field

from devices.protocols.stk500v1 import END, IN_SYNC, LEAVE_PROGRAMMING, OK

FLASH_BYTES = 32768
LENGTHS = {0x41: 3, 0x42: 22, 0x45: 7, 0x55: 4, 0x56: 6, 0x74: 5}
"""Of requests with parameters; all others have two bytes."""
PROGRAM_PAGE = 0x64
ERASE_AND_WRITE_US = 9_000


@dataclass
class Flash:
    """The chip's memory. `stuck` bits by address read as 0 whatever is written."""

    cells: bytearray = field(default_factory=lambda: bytearray(b"\xff" * FLASH_BYTES))
    protected_from: int = FLASH_BYTES
    stuck: dict[int, int] = field(default_factory=dict)
    pages_written: int = 0

    def write(self, address: int, data: bytes) -> None:
        """The boot loader's own section is locked."""
        for place, byte in enumerate(data, start=address):
            if place < self.protected_from:
                self.cells[place] = byte & ~self.stuck.get(place, 0)
        self.pages_written += 1

    def read(self, address: int, size: int) -> bytes:
        """As much as there is."""
        return bytes(self.cells[address : address + size]).ljust(size, b"\xff")


@dataclass(frozen=True)
class Answer:
    """To one request: `takes_us` is what the chip needs beside the wire."""

    command: int
    request_bytes: int
    data: bytes
    takes_us: int = 0

    @property
    def leaves(self) -> bool:
        """Whether the sketch starts now."""
        return self.command == LEAVE_PROGRAMMING[0]


class BootLoader:
    """Bytes in, answers out; `feed` gives None when a request does not end as it must."""

    def __init__(self, flash: Flash, signature: bytes) -> None:
        self._flash = flash
        self._signature = signature
        self._kept = bytearray()
        self._address = 0

    def feed(self, data: bytes) -> list[Answer | None]:
        """Answers to what has come whole."""
        self._kept += data
        answers: list[Answer | None] = []
        while self._kept and len(self._kept) >= (size := self._size()):
            request = bytes(self._kept[:size])
            del self._kept[:size]
            answers.append(self._obey(request) if request[-1] == END else None)
        return answers

    def _size(self) -> int:
        if self._kept[0] != PROGRAM_PAGE:
            return LENGTHS.get(self._kept[0], 2)
        return 5 + int.from_bytes(self._kept[1:3]) if len(self._kept) >= 3 else 5

    def _obey(self, request: bytes) -> Answer:
        told = b""
        takes_us = 0
        match request[0]:
            case 0x41:
                told = bytes([{0x81: 4, 0x82: 4}.get(request[1], 3)])
            case 0x55:
                self._address = 2 * int.from_bytes(request[1:3], "little")
            case 0x56:
                told = b"\x00"
            case 0x64:
                self._flash.write(self._address, request[4:-1])
                takes_us = ERASE_AND_WRITE_US
            case 0x74:
                told = self._flash.read(self._address, int.from_bytes(request[1:3]))
            case 0x75:
                told = self._signature
        data = bytes((IN_SYNC, *told, OK))
        return Answer(request[0], len(request), data, takes_us)
