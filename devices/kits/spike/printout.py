"""What a program on a hub prints: text as it comes, and Serial Plotter lines in it as telemetry."""

import codecs

from devices.protocols.plotter import Sample, parse_plotter

LINE_MAX = 256


class Printout:
    """Characters and lines may be torn; a longer line is text only."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""
        self._too_long = False

    def feed(self, data: bytes) -> tuple[str, list[tuple[Sample, ...]]]:
        """The text, and the samples of each plotter line that ended in it."""
        text = self._decoder.decode(data)
        plotted = []
        for piece in text.splitlines(keepends=True):
            self._keep(piece)
            if piece.endswith(("\n", "\r")):
                samples = None if self._too_long else parse_plotter(self._line)
                self._line, self._too_long = "", False
                if samples is not None:
                    plotted.append(samples)
        return text, plotted

    def _keep(self, piece: str) -> None:
        room = LINE_MAX - len(self._line)
        self._too_long |= len(piece) > room
        self._line += piece[:room]
