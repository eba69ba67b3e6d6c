"""At which speed a pupil's sketch prints: tried one by one until what comes is text."""

from collections.abc import Iterable

USUAL = (9600, 115200, 57600, 38400, 19200, 4800, 250000, 1000000)
ENOUGH = 32
"""Bytes that settle it."""
FEW = 8
"""Bytes that settle it once nothing follows."""
KEPT = 256
QUIET_US = 600_000
SWITCH_US = 60_000
"""What comes so soon after a change of speed was on its way before."""
CLEAN, DIRTY = 0.1, 0.4
_PLAIN = frozenset((*range(0x20, 0x7F), *b"\t\n\r\f\b\x1b"))


class SpeedHunt:
    """Bytes in; `baud` is the speed to listen at. Ends `found`, or `lost` when every speed was tried."""

    def __init__(self, noted: int | None = None) -> None:
        self._usual: tuple[int, ...] = tuple(dict.fromkeys((*((noted,) if noted else ()), *USUAL)))
        self.baud = self._usual[0]
        self.found = False
        self.lost = False
        self.seen = bytearray()
        """What came at this speed since it was set, or the end of it."""
        self._left: list[int] = []
        self._worst: dict[int, float] = {}
        self._heard_us = 0
        self._deaf_until_us = 0
        self.start(self.baud, 0)

    def start(self, baud: int, now_us: int, *, settled: bool = False, switched: bool = False) -> None:
        """Begin at this speed; `settled` if it is known to be right, `switched` if the line had another."""
        self.found, self.lost = settled, False
        self._worst = {}
        self._left = [each for each in self._usual if each != baud]
        self._set(baud, now_us, switched=switched)

    def hear(self, data: bytes, at_us: int) -> None:
        """Bytes came."""
        if at_us < self._deaf_until_us:
            return
        self.seen += data
        self._heard_us = at_us
        del self.seen[:-KEPT]

    def decide(self, now_us: int) -> bool:
        """Whether the speed is another one now."""
        count = len(self.seen)
        quiet = now_us - self._heard_us >= QUIET_US
        if self.lost or not (count >= ENOUGH or (quiet and count >= FEW)):
            return False
        share = noise(self.seen)
        if self.found:
            if share < DIRTY or count < ENOUGH:
                return False
            self.start(self.baud, now_us)
            self._worst[self.baud] = share
            return self._next(now_us)
        if share <= CLEAN:
            self.found = True
            return False
        self._worst[self.baud] = share
        return self._next(now_us)

    def _next(self, now_us: int) -> bool:
        if self._left:
            self._set(self._left.pop(0), now_us, switched=True)
            return True
        self.lost = True
        best = min(self._worst, key=lambda baud: self._worst[baud])
        changed = best != self.baud
        self._set(best, now_us, switched=True)
        return changed

    def _set(self, baud: int, now_us: int, *, switched: bool) -> None:
        self._deaf_until_us = now_us + SWITCH_US if switched else now_us
        self.baud = baud
        self.seen.clear()
        self._heard_us = now_us


def noise(data: Iterable[int]) -> float:
    """The share of bytes that no text has; text in any alphabet is UTF-8."""
    raw = bytes(data)
    text = raw.decode("utf-8", errors="replace")
    torn = 3 if raw and raw[0] & 0xC0 == 0x80 else 0
    bad = sum(each == "\ufffd" or (ord(each) < 0x80 and ord(each) not in _PLAIN) for each in text[torn:])
    return bad / max(1, len(text))
