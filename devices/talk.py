"""A conversation with a device, such as an upload, as a generator: it yields what it wants next.

A talk does no I/O and reads no clock. Bytes of the device gather in `Heard`; the talk yields a `Step` and
goes on when that is done. `Until` gives what its poll found, or None when the time is over; `Reset` forgets
what was heard.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from devices.driver import Remember, Reset, Say, SetBaud
from devices.errors import DeviceError, UploadError

__all__ = ["HEARD_MAX", "Heard", "Pause", "Progress", "Reset", "Step", "Talk", "TalkRunner", "Until"]

T = TypeVar("T")
HEARD_MAX = 1 << 20


@dataclass(frozen=True)
class Until:
    """Wait until `poll` gives something other than None, but no longer than `within_us`."""

    poll: Callable[[], object | None]
    within_us: int


@dataclass(frozen=True)
class Pause:
    """Let time pass, whatever comes."""

    us: int


@dataclass(frozen=True)
class Progress:
    """How far the talk has come: `stage` is translated in `web/`; `total` 0 if it is not known."""

    stage: str
    done: int = 0
    total: int = 0


Step = Say | Until | Pause | Reset | SetBaud | Progress | Remember
Talk = Generator[Step, Any, T]


class Heard:
    """What the device has said and nobody has taken yet."""

    def __init__(self) -> None:
        self.data = bytearray()

    def take(self, count: int) -> bytes | None:
        """The first `count` bytes, once they are there."""
        if len(self.data) < count:
            return None
        taken = bytes(self.data[:count])
        del self.data[:count]
        return taken

    def take_line(self, end: bytes = b"\n") -> bytes | None:
        """Up to and with `end`."""
        place = self.data.find(end)
        return None if place < 0 else self.take(place + len(end))

    def take_all(self) -> bytes:
        """Whatever there is."""
        taken = bytes(self.data)
        self.data.clear()
        return taken


class TalkRunner:
    """Runs one talk: gives its steps to whoever owns the line, which is done with each before the next."""

    def __init__(self, begin: Callable[[Heard], Talk[Any]]) -> None:
        self.heard = Heard()
        self.ended = False
        self.result: Any = None
        self.error: DeviceError | None = None
        self._talk = begin(self.heard)
        self._waiting: Until | Pause | None = None
        self._due_us = 0
        self._cancelled = False

    def start(self, now_us: int) -> list[Step]:
        """The first steps."""
        return self._go_on(now_us, lambda: next(self._talk))

    def received(self, data: bytes, now_us: int) -> list[Step]:
        """Bytes came; a device that floods without being understood fails the talk."""
        self.heard.data += data
        steps = self._look(now_us)
        if not self.ended and len(self.heard.data) > HEARD_MAX:
            steps += self._go_on(now_us, lambda: self._talk.throw(UploadError("device_floods")))
        return steps

    def tick(self, now_us: int) -> list[Step]:
        """Time has passed."""
        return self._look(now_us)

    def cancel(self, now_us: int) -> list[Step]:
        """The talk may still say what leaves the device usable."""
        if self.ended or self._cancelled:
            return []
        self._cancelled = True
        return self._go_on(now_us, lambda: self._talk.throw(UploadError("cancelled")))

    def close(self) -> None:
        """The line is gone: nothing more can be said."""
        self._talk.close()
        self.ended = True

    def _look(self, now_us: int) -> list[Step]:
        if self.ended:
            return []
        match self._waiting:
            case Until(poll=poll):
                found = poll()
                if found is None and now_us < self._due_us:
                    return []
                return self._go_on(now_us, lambda: self._talk.send(found))
            case Pause() if now_us >= self._due_us:
                return self._go_on(now_us, lambda: next(self._talk))
        return []

    def _go_on(self, now_us: int, resume: Callable[[], Step]) -> list[Step]:
        steps: list[Step] = []
        self._waiting = None
        try:
            while True:
                step = resume()
                match step:
                    case Until(poll=poll, within_us=within_us):
                        found = poll()
                        if found is None:
                            self._waiting, self._due_us = step, now_us + within_us
                            return steps
                        resume = _sender(self._talk, found)
                    case Pause(us=us):
                        self._waiting, self._due_us = step, now_us + us
                        return steps
                    case Reset():
                        # What comes after it belongs to the restarted board.
                        steps.append(step)
                        self._waiting, self._due_us = Pause(0), now_us
                        return steps
                    case _:
                        steps.append(step)
                        resume = _sender(self._talk, None)
        except StopIteration as end:
            self.ended, self.result = True, end.value
        except DeviceError as error:
            self.ended, self.error = True, error
        return steps


def _sender(talk: Talk[Any], value: object) -> Callable[[], Step]:
    return lambda: talk.send(value)
