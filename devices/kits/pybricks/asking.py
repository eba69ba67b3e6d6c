"""One request at a time, as a hub wants it: what is not answered is asked again or given up."""

from collections import deque
from dataclasses import dataclass

from devices.protocols.pybricks_stream import Command, HostMessage, Read, Response, Selector, Value

AGAIN_US = 500_000
TAGS = 128
"""The driver's; an upload uses those above."""
WAITING_MAX = 32


@dataclass
class Asked:
    """A request on its way, or waiting for its turn."""

    message: HostMessage
    said_us: int = 0
    first_us: int = 0


class Asking:
    """`due` gives what must be said now; `answered` what an answer belongs to."""

    def __init__(self) -> None:
        self._waiting: deque[Asked] = deque()
        self._asked: Asked | None = None
        self._tag = 0

    @property
    def idle(self) -> bool:
        """Nothing is asked and nothing waits."""
        return self._asked is None and not self._waiting

    def clear(self) -> None:
        """The line was opened anew: nobody will answer what was asked before."""
        self._waiting.clear()
        self._asked = None

    def read(self, selector: Selector) -> None:
        """Ask for a value."""
        self._waiting.append(Asked(Read(selector)))

    def command(self, body: bytes, *, urgent: bool = False) -> None:
        """Ask for a deed; an urgent one goes before all others."""
        self._tag = (self._tag + 1) % TAGS
        asked = Asked(Command(self._tag, body))
        if urgent:
            self._waiting.appendleft(asked)
        elif len(self._waiting) < WAITING_MAX:
            self._waiting.append(asked)

    def due(self, now_us: int) -> HostMessage | None:
        """The next request, or the same read once more. A command is never said twice."""
        asked = self._asked
        if asked is None:
            if not self._waiting:
                return None
            asked = self._asked = self._waiting.popleft()
            asked.first_us = now_us
        elif isinstance(asked.message, Command) or now_us - asked.said_us < AGAIN_US:
            return None
        asked.said_us = now_us
        return asked.message

    def silent_us(self, now_us: int) -> int:
        """How long the hub has owed an answer."""
        return now_us - self._asked.first_us if self._asked is not None else 0

    def answered(self, answer: Response | Value) -> HostMessage | None:
        """The request that this answers; None if nobody asked."""
        asked = self._asked
        if asked is None:
            return None
        match asked.message, answer:
            case Command(tag=tag), Response(tag=answered) if tag == answered:
                pass
            case Read(selector=selector), Value(selector=told) if selector == told:
                pass
            case _:
                return None
        self._asked = None
        return asked.message
