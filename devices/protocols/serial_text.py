"""What a pupil's program prints: text as it comes, and the numbers in its Serial Plotter lines."""

import codecs
from dataclasses import dataclass

from devices.protocols.plotter import Sample, parse_plotter

LINE_MAX = 256
BITS_PER_BYTE = 10


@dataclass(frozen=True)
class PlotterLine:
    """The samples of one line, and when its end was on the wire."""

    samples: tuple[Sample, ...]
    at_us: int


class SerialText:
    """Keeps at most `LINE_MAX` characters. The first line may be torn, so that its numbers are not taken."""

    def __init__(self, *, whole: bool = False) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._line = ""
        self._torn = not whole
        self._last_us = -1

    def feed(self, data: bytes, at_us: int, baud: int) -> tuple[str, list[PlotterLine]]:
        """The text of `data`, whose last byte came at `at_us`, and the plotter lines that end in it."""
        text = self._decode(data)
        told = []
        *ends, rest = text.split("\n")
        left = len(data)
        for piece in ends:
            left -= len(piece.encode()) + 1
            line, torn = self._line + piece, self._torn
            self._line, self._torn = "", False
            samples = None if torn or len(line) > LINE_MAX else parse_plotter(line)
            if samples is not None:
                wire_us = max(0, left) * BITS_PER_BYTE * 1_000_000 // baud
                self._last_us = max(self._last_us + 1, at_us - wire_us)
                told.append(PlotterLine(samples, self._last_us))
        self._line = (self._line + rest)[: LINE_MAX + 1]
        return text, told
