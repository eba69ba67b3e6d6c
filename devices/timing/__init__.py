"""From passages to durations with a stated bound."""

from devices.timing.clocks import ClockFit, Exchange, FitSnapshot
from devices.timing.passages import Elapsed, IncomparableError, Passage, measure

__all__ = [
    "ClockFit",
    "Elapsed",
    "Exchange",
    "FitSnapshot",
    "IncomparableError",
    "Passage",
    "measure",
]
