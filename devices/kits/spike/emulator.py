"""A SPIKE hub at the far end of a line, which misbehaves on request."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.spike.hub import Hub
from devices.protocols.spike import Answer, Event, Id, Notified, format_event
from devices.protocols.spike_cobs import Frame, FrameReader, encode
from devices.protocols.spike_records import format_records
from devices.protocols.spike_requests import NotifyRequest, Request, format_request, parse_request
from devices.transports.pty import PtyServer

OLD_INTERVAL_MS = 100
OLD_LINE = b'{"m":0,"p":[[48,[0,0,0,0]],[0,[]],[0,[]],[0,[]],[0,[]],[0,[]],[0,0,0],[0,0,0],[0,0,0],"",0]}\r'


class SpikeEmulator:
    """One hub. Faults: `mute`, `late_us`, `old_firmware`, `lose_byte`, `corrupt_byte`, `mishear`, `refuse`,
    `flood`, `vanish` and `come_back`; `hub` is its inside.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        hub: Hub | None = None,
        old_firmware: bool = False,
    ) -> None:
        self.mute = False
        self.late_us = 0
        self.requests: list[Request] = []
        self._clock = clock or MonotonicClock()
        self.hub = hub or Hub()
        self.hub.tell = self._tell
        self._old_firmware = old_firmware
        self._interval_us = 0
        self._notify_us = 0
        self._refused: list[Id] = []
        self._faults: list[Callable[[bytes], bytes]] = []
        self._misheard: list[tuple[Id, int, int]] = []
        self._queue: deque[tuple[int, bytes]] = deque()
        self._reader = FrameReader()
        self._say: Callable[[bytes], None] | None = None
        self._server: PtyServer | None = None
        self._timer: asyncio.TimerHandle | None = None

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug the hub into a pseudo-terminal; `path` of what is returned is a serial port."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def vanish(self) -> None:
        """Pull the cable; the hub has a battery and goes on."""
        if self._server is not None:
            self._server.unplug()

    def come_back(self) -> None:
        """Put the cable back."""
        if self._server is not None:
            self._server.plug()

    def lose_byte(self, place: int = 2) -> None:
        """The next frame loses a byte."""
        self._faults.append(lambda frame: frame[: place % len(frame)] + frame[place % len(frame) + 1 :])

    def corrupt_byte(self, place: int = 2, flip: int = 0x10) -> None:
        """The next frame has a wrong byte."""

        self._faults.append(lambda frame: _damaged(frame, place, flip))

    def mishear(self, kind: Id, place: int = 9, flip: int = 0x10) -> None:
        """The next request of this kind comes with a wrong byte in its message."""
        self._misheard.append((kind, place, flip))

    def refuse(self, *kinds: Id) -> None:
        """Say no to the next request of each of these kinds."""
        self._refused += kinds

    def flood(self, data: bytes) -> None:
        """Raw bytes that nobody asked for."""
        if self._say is not None:
            self._say(data)

    def opened(self, say: Callable[[bytes], None]) -> None:
        """The host opened the port; a hub does not restart by that."""
        self._say = say
        self._reader = FrameReader()
        self._queue.clear()
        self._notify(OLD_INTERVAL_MS if self._old_firmware else 0)

    def heard(self, data: bytes) -> None:
        """Answer requests."""
        for frame in self._reader.feed(data):
            request = parse_request(self._hear(frame.message)) if isinstance(frame, Frame) else None
            if request is not None and not self._old_firmware:
                self._obey(request)

    def closed(self) -> None:
        """The host let go; nobody is notified any more."""
        self._say = None
        self._notify(0)

    def tick(self) -> None:
        """Say what is due; in an event loop this happens by itself."""
        now_us = self._clock.now_us()
        while self._queue and self._queue[0][0] <= now_us:
            self._speak(self._queue.popleft()[1])
        if self._interval_us and now_us >= self._notify_us:
            self._notify_us = max(self._notify_us + self._interval_us, now_us)
            if self._old_firmware:
                self.flood(OLD_LINE)
            else:
                self._tell(Notified(format_records(self.hub.records(now_us))))
        self._wake()

    def _hear(self, message: bytes) -> bytes:
        for fault in self._misheard:
            kind, place, flip = fault
            if message[:1] == bytes((kind,)):
                self._misheard.remove(fault)
                return _damaged(message, place, flip)
        return message

    def _obey(self, request: Request) -> None:
        self.requests.append(request)
        kind = Id(format_request(request)[0])
        if kind in self._refused:
            self._refused.remove(kind)
            self._tell(Answer(kind, False))
            return
        if isinstance(request, NotifyRequest):
            self._notify(request.interval_ms)
        for event in self.hub.answer(request):
            self._tell(event)
        self.hub.go_on()

    def _notify(self, interval_ms: int) -> None:
        self._interval_us = interval_ms * 1000
        self._notify_us = self._clock.now_us() + self._interval_us
        self._wake()

    def _tell(self, event: Event) -> None:
        if self.mute:
            return
        frame = encode(format_event(event))
        if self.late_us:
            self._queue.append((self._clock.now_us() + self.late_us, frame))
            self._wake()
        else:
            self._speak(frame)

    def _speak(self, frame: bytes) -> None:
        if self._say is not None:
            self._say(self._faults.pop(0)(frame) if self._faults else frame)

    def _wake(self) -> None:
        """Call `tick` when something is due, where time passes by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        dues = [due_us for due_us, _ in list(self._queue)[:1]]
        dues += [self._notify_us] if self._interval_us else []
        if not dues:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        delay_us = max(0, min(dues) - self._clock.now_us())
        self._timer = loop.call_later(delay_us / 1e6 + 0.0005, self.tick)


def _damaged(data: bytes, place: int, flip: int) -> bytes:
    at = place % len(data)
    return data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
