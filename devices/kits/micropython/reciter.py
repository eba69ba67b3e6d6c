"""What an emulated board says where no MicroPython is installed: its banner and its prompt."""

from collections.abc import Callable

from devices.protocols.raw_repl import ENTER, FRIENDLY, INTERRUPT, PROMPT

BANNER = (
    b"MicroPython v1.22.0 on 2023-12-27; Generic ESP32 module with ESP32\r\n"
    b'Type "help()" for more information.\r\n'
)
ABSENT = b"This virtual board cannot run programs: the command micropython is missing.\r\n"


class Reciter:
    """Echoes what is typed and runs nothing."""

    def __init__(self, say: Callable[[bytes], None]) -> None:
        self._say = say
        self._line = b""

    def boot(self) -> None:
        """As after a reset with no `main.py`."""
        self._line = b""
        self._say(BANNER + ABSENT + PROMPT)

    def hear(self, one: bytes) -> None:
        """One byte of the host's."""
        match one:
            case _ if one == FRIENDLY:
                self._say(b"\r\n" + BANNER + PROMPT)
            case _ if one == INTERRUPT:
                self._line = b""
                self._say(b"\r\n" + PROMPT)
            case _ if one == ENTER:
                self._say(b"\r\n" + (ABSENT if self._line.strip() else b"") + PROMPT)
                self._line = b""
            case _ if one >= b" ":
                self._line = (self._line + one)[-256:]
                self._say(one)
