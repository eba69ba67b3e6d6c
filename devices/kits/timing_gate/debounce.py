"""One lane as the sketch sees it: the first edge counts at once, bounces are evidence, none is lost."""

from dataclasses import dataclass
from typing import Literal

from devices.protocols.gate import Edge

WINDOW_US = 20_000

Verdict = tuple[Literal["passage", "raw"], Edge, int]


@dataclass
class Lane:
    """Times are those of the board's clock; edges and `close` come in their order."""

    broken: bool = False
    told_broken: bool = False
    window_from_us: int | None = None
    last_us: int = 0

    def see(self, broken: bool, us: int) -> list[Verdict]:
        """An edge; the passages and raw edges that it makes."""
        verdicts = self.close(us)
        if broken == self.broken:
            return verdicts
        self.broken, self.last_us = broken, us
        if self.window_from_us is None:
            verdicts.append(self._tell(us))
        else:
            verdicts.append(("raw", _edge(broken), us))
        return verdicts

    def close(self, us: int) -> list[Verdict]:
        """The window may be over at `us`: the last raw edge is a passage if it changed the state."""
        verdicts: list[Verdict] = []
        while self.window_from_us is not None and us - self.window_from_us >= WINDOW_US:
            self.window_from_us = None
            if self.broken != self.told_broken:
                verdicts.append(self._tell(self.last_us))
        return verdicts

    def _tell(self, us: int) -> Verdict:
        self.told_broken, self.window_from_us = self.broken, us
        return "passage", _edge(self.broken), us


def _edge(broken: bool) -> Edge:
    return "B" if broken else "C"
