"""The boot loader of a Leonardo or Micro, as avrdude's `avr109` meets it. Source: Atmel AVR109."""

from devices.kits.arduino_uno.boot_loader import Flash

NAME = b"CATERIN"
SIGNATURE = bytes((0x1E, 0x95, 0x87))
BLOCK_BYTES = 128
DONE, UNKNOWN = b"\r", b"?"
_LENGTHS = {"A": 3, "T": 2, "x": 2, "y": 2, "g": 4}
_FUSES = {"F": 0xFF, "N": 0xD8, "Q": 0xCB, "r": 0xFF}
_SAYS = {
    "S": NAME,
    "V": b"10",
    "v": b"10",
    "p": b"S",
    "a": b"Y",
    "b": b"Y" + BLOCK_BYTES.to_bytes(2),
    "t": b"\x44\x00",
    "s": SIGNATURE[::-1],
    "e": DONE,
}


class LeonardoBootLoader:
    """Bytes in, answers out; `left` when the sketch is to start."""

    def __init__(self, flash: Flash) -> None:
        self.left = False
        self._flash = flash
        self._kept = bytearray()
        self._address = 0

    def feed(self, data: bytes) -> bytes:
        """What the boot loader answers."""
        self._kept += data
        said = b""
        while self._kept:
            size = self._wanted()
            if size is None or len(self._kept) < size:
                break
            request = bytes(self._kept[:size])
            del self._kept[:size]
            said += self._answer(request)
        return said

    def _wanted(self) -> int | None:
        letter = chr(self._kept[0])
        if letter != "B":
            return _LENGTHS.get(letter, 1)
        return 4 + int.from_bytes(self._kept[1:3]) if len(self._kept) >= 4 else None

    def _answer(self, request: bytes) -> bytes:
        letter = chr(request[0])
        if letter in _SAYS:
            return _SAYS[letter]
        if letter in _FUSES:
            return bytes((_FUSES[letter],))
        match letter:
            case "A":
                self._address = int.from_bytes(request[1:]) * 2
            case "B":
                self._flash.write(self._address, request[4:])
                self._address += len(request) - 4
            case "g":
                size = int.from_bytes(request[1:3])
                data = self._flash.read(self._address, size)
                self._address += size
                return data
            case "E":
                self.left = True
            case "T" | "P" | "L" | "x" | "y":
                pass
            case "\x1b":
                return b""
            case _:
                return UNKNOWN
        return DONE
