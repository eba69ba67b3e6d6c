"""A Pybricks hub at the far end of a line: it runs what it is sent, and misbehaves on request."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.pybricks.hub import Hub, HubModel, Runtime
from devices.kits.pybricks.runtime import MicroPython
from devices.protocols import pybricks_stream as stream
from devices.protocols.pybricks_stream import Command, HubMessage, Read, Response, Selector, Subscribe, Value
from devices.protocols.spike_cobs import Frame, FrameReader, encode
from devices.transports.pty import PtyServer

ENVELOPE_BYTES = 2
"""A message's type and its tag come on top of the longest command."""
LOOK_S = 1.05


class PybricksEmulator:
    """One hub. Faults: `mute`, `mute_reads`, `lose_replies`, `lose_byte`, `corrupt_byte`, `flood`, `vanish`
    and `come_back`, `events_first` (as over Bluetooth); `hub.refuse_next`, `hub.stdin_held` and the flags
    of its status.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        model: HubModel | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self.mute = False
        self.mute_reads = False
        self.lose_replies = 0
        self.events_first = False
        self.subscribed = False
        self.commands: list[bytes] = []
        self.hub = Hub(model or HubModel(), runtime or MicroPython(), clock or MonotonicClock(), self._tell)
        self._say: Callable[[bytes], None] | None = None
        self._server: PtyServer | None = None
        self._faults: list[Callable[[bytes], bytes]] = []
        self._events: list[HubMessage] = []
        self._hearing = False
        self._reader = self._new_reader()
        self._looking: asyncio.TimerHandle | None = None

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

    def lose_byte(self, place: int = 3) -> None:
        """The next frame loses a byte."""
        self._faults.append(lambda frame: frame[: place % len(frame)] + frame[place % len(frame) + 1 :])

    def corrupt_byte(self, place: int = 3, flip: int = 0x10) -> None:
        """The next frame has a wrong byte."""

        def damage(frame: bytes) -> bytes:
            at = place % len(frame)
            return frame[:at] + bytes([frame[at] ^ flip]) + frame[at + 1 :]

        self._faults.append(damage)

    def flood(self, data: bytes) -> None:
        """Raw bytes that nobody asked for."""
        if self._say is not None:
            self._say(data)

    def tick(self) -> None:
        """A transfer may have stood still for too long; in an event loop this happens by itself."""
        self.hub.tick()

    def opened(self, say: Callable[[bytes], None]) -> None:
        """DTR rose: what was left of an unfinished frame is forgotten."""
        self._say = say
        self._reader = self._new_reader()

    def heard(self, data: bytes) -> None:
        """Everything is carried out, but of several answers of a kind only the last is sent."""
        response: HubMessage | None = None
        value: HubMessage | None = None
        self._hearing = True
        for frame in self._reader.feed(data):
            message = stream.parse_host(frame.message) if isinstance(frame, Frame) else None
            match message:
                case Subscribe(on=on) if on != self.subscribed:
                    self.subscribed = on
                    self._tell(self.hub.status)
                case Command(tag=tag, body=body):
                    self.commands.append(body)
                    response = Response(tag, self.hub.obey(body))
                case Read(selector=selector):
                    value = None if self.mute_reads else Value(selector, self._value(selector))
        self._hearing = False
        if self.events_first:
            self._send_events()
        for answer in (response, value):
            if answer is not None:
                self._answer(answer)
        self._send_events()
        self._look_later()

    def closed(self) -> None:
        """DTR fell, and the subscription with it."""
        self._say = None
        self.subscribed = False

    def _value(self, selector: Selector) -> bytes:
        model = self.hub.model
        match selector:
            case stream.NAME:
                return model.name.encode()
            case stream.FIRMWARE:
                return model.firmware.encode()
            case stream.PROFILE:
                return ".".join(map(str, model.profile)).encode()
            case stream.PNP:
                return model.kind.pack()
            case stream.CAPABILITIES:
                return model.capabilities.pack(model.profile)
        return b""

    def _tell(self, event: HubMessage) -> None:
        """Events reach a subscriber only, and answers go before them."""
        if self.subscribed and self._hearing:
            self._events.append(event)
        elif self.subscribed:
            self._send(event)

    def _send_events(self) -> None:
        events, self._events = self._events, []
        for event in events:
            self._send(event)

    def _answer(self, answer: HubMessage) -> None:
        if self.lose_replies:
            self.lose_replies -= 1
        else:
            self._send(answer)

    def _send(self, message: HubMessage) -> None:
        if self._say is None or self.mute:
            return
        frame = encode(stream.pack_hub(message))
        while self._faults:
            frame = self._faults.pop(0)(frame)
        self._say(frame)

    def _new_reader(self) -> FrameReader:
        return FrameReader(self.hub.model.capabilities.max_write + ENVELOPE_BYTES)

    def _look_later(self) -> None:
        """See the end of a transfer that stands still, where time passes by itself."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._looking is not None:
            self._looking.cancel()
        self._looking = loop.call_later(LOOK_S, self.hub.tick)
