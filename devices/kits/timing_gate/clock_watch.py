"""Asks a gate for its time and keeps the fit of its present boot."""

from devices.protocols.gate import SyncReply, SyncRequest
from devices.timing import ClockFit, Exchange, FitSnapshot

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class ClockWatch:
    """One question at a time; an answer to an older one is not used."""

    def __init__(self, clock_id: str) -> None:
        self.fit: FitSnapshot | None = None
        self.round_trip_us: int | None = None
        self.contradictory = False
        self._clock_id = clock_id
        self._fitting: ClockFit | None = None
        self._asked: tuple[str, int] | None = None
        self._questions = 0

    def begin(self, boot: str) -> None:
        """Another boot is another clock."""
        self._fitting = ClockFit(boot, self._clock_id)
        self._asked = None
        self.fit = None

    def ask(self, now_us: int) -> SyncRequest:
        """The token is short, as its bytes on the line are part of the uncertainty."""
        self._questions = (self._questions + 1) % len(_DIGITS) ** 2
        tens, ones = divmod(self._questions, len(_DIGITS))
        token = _DIGITS[tens] + _DIGITS[ones]
        self._asked = (token, now_us)
        return SyncRequest(token)

    def answer(self, reply: SyncReply) -> FitSnapshot | None:
        """The new fit, or None if this answers nothing that we asked of this boot."""
        if self._fitting is None or self._asked is None or self._asked[0] != reply.token:
            return None
        asked_us, self._asked = self._asked[1], None
        answered_us = max(reply.began_us, asked_us)
        self.round_trip_us = answered_us - asked_us
        before = self._fitting.contradictions
        self._fitting.add(Exchange(asked_us, reply.us, answered_us))
        self.fit = self._fitting.snapshot()
        self.contradictory = self._fitting.contradictions > before
        return self.fit
