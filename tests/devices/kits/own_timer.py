"""A timer that no file of ours describes: `sessions/own_timer.toml` does."""

from collections.abc import Callable, Sequence
from pathlib import Path

OWN = Path(__file__).parent / "sessions" / "own_timer.toml"
BAUD = 19200


class OwnTimer:
    """Understands its two questions at any speed."""

    def __init__(self) -> None:
        self.baud = BAUD
        self._say: Callable[[bytes], None] | None = None
        self._kept = b""

    def opened(self, say: Callable[[bytes], None]) -> None:
        self._say = say

    def closed(self) -> None:
        self._say = None

    def heard(self, data: bytes) -> None:
        if self.baud != BAUD:
            return
        *commands, self._kept = (self._kept + data).replace(b"\r", b"\n").split(b"\n")
        for command in filter(None, commands):
            self._tell({b"V": "My Timer 1.0", b"G": "SHUT"}.get(command, "?"))

    def race(self, times: Sequence[str]) -> None:
        """A car for each time; lanes without one did not finish."""
        for line in ("GO", *(f"{lane} {time}" for lane, time in enumerate(times, 1)), "END"):
            self._tell(line)

    def _tell(self, line: str) -> None:
        if self._say is not None:
            self._say(f"{line}\r\n".encode())


class StrictTimer(OwnTimer):
    """Understands nothing at another speed than its own."""

    def set_baud(self, baud: int) -> None:
        self.baud = baud
