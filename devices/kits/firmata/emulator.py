"""An Uno with StandardFirmata, whose analogue inputs swing, and which misbehaves on request."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.protocols import firmata
from devices.protocols.firmata import Analog, Digital, FirmataReader, Message, Mode, Report, Sysex, Version
from devices.transports.pty import PtyServer

NAME = "StandardFirmata.ino"
PWM_PINS = frozenset({3, 5, 6, 9, 10, 11})
FIRST_ANALOG, PINS = 14, 20
SAMPLING_MS = 19


def uno_pins() -> tuple[dict[int, int], ...]:
    """What each pin of an Uno can do, with its bits."""
    pins: list[dict[int, int]] = [{}, {}]
    for pin in range(2, PINS):
        can = {Mode.INPUT: 1, Mode.PULLUP: 1, Mode.OUTPUT: 1, Mode.SERVO: 14}
        if pin in PWM_PINS:
            can[Mode.PWM] = 8
        if pin >= FIRST_ANALOG:
            can[Mode.ANALOG] = 10
        pins.append({int(mode): bits for mode, bits in can.items()})
    return tuple(pins)


class FirmataEmulator:
    """`outputs` and `modes` are what the host has set. Faults: `mute`, `noise`, `press` and `vanish`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or MonotonicClock()
        self._say: Callable[[bytes], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._server: PtyServer | None = None
        self._pins = uno_pins()
        self.mute = False
        self._start_anew()

    def _start_anew(self) -> None:
        self.modes: dict[int, int] = {}
        self.outputs: dict[int, int] = {}
        self.inputs: dict[int, int] = {}
        self._analog: set[int] = set()
        self._ports: set[int] = set()
        self._sampling_ms = SAMPLING_MS
        self._reader = FirmataReader(version_bytes=0)

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug the board into a pseudo-terminal."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def opened(self, say: Callable[[bytes], None]) -> None:
        """The board restarts and introduces itself."""
        self._say = say
        self._start_anew()
        self._introduce()
        self._timer = asyncio.get_running_loop().call_later(self._sampling_ms / 1000, self._sample)

    def closed(self) -> None:
        """Nobody listens."""
        self._say = None
        if self._timer is not None:
            self._timer.cancel()

    def heard(self, data: bytes) -> None:
        """Messages of the host."""
        for message in self._reader.feed(data):
            self._obey(message)

    def press(self, pin: int, value: int) -> None:
        """Somebody presses a button at an input."""
        self.inputs[pin] = value
        if pin // 8 in self._ports:
            self._tell_port(pin // 8)

    def noise(self, data: bytes) -> None:
        """Something else on the line."""
        if self._say is not None:
            self._say(data)

    def vanish(self) -> None:
        """Pull the cable."""
        if self._server is not None:
            self._server.unplug()

    def come_back(self) -> None:
        """Put it back."""
        if self._server is not None:
            self._server.plug()

    def print(self, text: str) -> None:
        """The sketch sends a text."""
        self._tell(Sysex(firmata.STRING, firmata.pack_text(text)))

    def _introduce(self) -> None:
        self._tell(Version(2, 5))
        self._tell(Sysex(firmata.FIRMWARE, bytes((2, 5)) + firmata.pack_text(NAME)))

    def _obey(self, message: Message) -> None:
        match message:
            case Version():
                self._tell(Version(2, 5))
            case Sysex(id=firmata.FIRMWARE):
                self._introduce()
            case Sysex(id=firmata.CAPABILITY_QUERY):
                self._tell(Sysex(firmata.CAPABILITIES, firmata.format_capabilities(self._pins)))
            case Sysex(id=firmata.ANALOG_MAP_QUERY):
                channels = (
                    pin - FIRST_ANALOG if pin >= FIRST_ANALOG else firmata.NO_CHANNEL for pin in range(PINS)
                )
                self._tell(Sysex(firmata.ANALOG_MAP, bytes(channels)))
            case Sysex(id=firmata.INTERVAL, data=data) if len(data) == 2:
                self._sampling_ms = max(1, data[0] | data[1] << 7)
            case Report(kind=firmata.REPORT_ANALOG, number=channel, on=on):
                (self._analog.add if on else self._analog.discard)(channel)
            case Report(number=port, on=on):
                (self._ports.add if on else self._ports.discard)(port)
                if on:
                    self._tell_port(port)
            case _:
                self._set(message)

    def _set(self, message: Message) -> None:
        match message:
            case firmata.SetMode(pin=pin, mode=mode) if pin < PINS and mode in self._pins[pin]:
                self.modes[pin] = mode
            case firmata.SetPin(pin=pin, on=on):
                self.outputs[pin] = int(on)
            case Digital(port=port, mask=mask):
                for bit in range(8):
                    if self.modes.get(port * 8 + bit) == Mode.OUTPUT:
                        self.outputs[port * 8 + bit] = mask >> bit & 1
            case Analog(channel=pin, value=value):
                self.outputs[pin] = value
            case firmata.Reset():
                self._start_anew()
            case _:
                pass

    def _sample(self) -> None:
        seconds = self._clock.now_us() / 1e6
        for channel in sorted(self._analog):
            self._tell(Analog(channel, int(512 + 400 * math.sin(seconds + channel))))
        self._timer = asyncio.get_running_loop().call_later(self._sampling_ms / 1000, self._sample)

    def _tell_port(self, port: int) -> None:
        mask = sum(self.inputs.get(port * 8 + bit, 0) << bit for bit in range(8))
        self._tell(Digital(port, mask))

    def _tell(self, message: Message) -> None:
        if self._say is not None and not self.mute:
            self._say(firmata.format_message(message))
