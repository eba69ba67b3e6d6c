"""Speaks with any board that runs Firmata: its pins in and out."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from devices.driver import Claimed, Host, Measured, Output, Printed, Say, Told
from devices.errors import ProtocolError
from devices.protocols import firmata
from devices.protocols.firmata import Analog, Digital, FirmataReader, Message, Mode, Sysex, Version
from devices.protocols.plotter import Sample
from devices.transports.byte_pipe import Chunk

BOOT_US = 1_500_000
ASK_US = 1_000_000
INTERVAL_MS = 50
BLINK_US = 150_000
BLINKS = 6
LED = 13
MODES = {mode.name.lower(): mode for mode in Mode if mode is not Mode.I2C}


class FirmataDriver:
    """Reports all analogue channels at once, and each digital pin from when it is made an input."""

    def __init__(self, host: Host) -> None:
        self._device = f"firmata-{host.port}"
        self._out: list[Output] = []
        self._forget(0)

    def opened(self, now_us: int) -> list[Output]:
        """The board restarts and tells its version by itself; it is asked only if it does not."""
        self._forget(now_us)
        return []

    def _forget(self, now_us: int) -> None:
        self._reader = FirmataReader()
        self._known = False
        self._ask_us = now_us + BOOT_US
        self._pins: tuple[dict[int, int], ...] = ()
        self._channels: dict[int, int] = {}
        self._modes: dict[int, Mode] = {}
        self._values: dict[int, int] = {}
        self._blinks: list[int] = []

    def received(self, chunk: Chunk) -> list[Output]:
        """Messages of the board."""
        for message in self._reader.feed(chunk.data):
            self._meet(message, chunk.at_us)
        return self._take()

    def tick(self, now_us: int) -> list[Output]:
        """Ask again, and blink."""
        if not self._known and now_us >= self._ask_us:
            self._ask_us = now_us + ASK_US
            self._say(Version(), Sysex(firmata.FIRMWARE, b""))
        while self._blinks and now_us >= self._blinks[0]:
            self._blinks.pop(0)
            self._write(LED, len(self._blinks) % 2)
        return self._take()

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """`pins/mode`, `pins/write`, `board/identify` and `board/reset`."""
        match node, key:
            case "pins", "mode":
                told = _object(payload)
                self._set_mode(self._pin(told), str(told.get("mode")))
            case "pins", "write":
                told = _object(payload)
                value = told.get("value")
                if not isinstance(value, int) or not 0 <= value < 1 << 14:
                    raise ProtocolError("bad_command", node=node, key=key)
                self._write(self._pin(told), int(value))
            case "board", "identify":
                self._set_mode(LED, "output")
                self._blinks = [now_us + turn * BLINK_US for turn in range(BLINKS)]
            case "board", "reset":
                self._say(firmata.Reset())
                self._modes.clear()
                self._start()
            case _:
                raise ProtocolError("bad_command", node=node, key=key)
        self._tell_state()
        return self._take()

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """Firmata has nothing that must be kept."""
        return []

    def _meet(self, message: Message, at_us: int) -> None:
        match message:
            case Sysex(id=firmata.FIRMWARE, data=data) if len(data) >= 2:
                self._greet(f"{data[0]}.{data[1]}", firmata.unpack_text(data[2:]))
            case Sysex(id=firmata.CAPABILITIES, data=data) if self._known:
                self._pins = firmata.parse_capabilities(data)
                self._tell_state()
            case Sysex(id=firmata.ANALOG_MAP, data=data) if self._known:
                self._channels = {
                    channel: pin for pin, channel in enumerate(data) if channel != firmata.NO_CHANNEL
                }
                self._start()
            case Sysex(id=firmata.STRING, data=data) if self._known:
                self._out.append(Printed(firmata.unpack_text(data) + "\n"))
            case Analog(channel=channel, value=value) if self._known:
                sample = Sample(f"a{channel}", f"A{channel}", float(value), "#")
                self._out.append(Measured((sample,), at_us))
            case Digital(port=port, mask=mask) if self._known:
                self._see(port, mask, at_us)
            case _:
                pass

    def _greet(self, version: str, name: str) -> None:
        if self._known:
            return
        self._known = True
        self._out += [
            Claimed(self._device),
            Told("firmware", "version", version),
            Told("firmware", "name", name[:100] or "Firmata"),
        ]
        interval = bytes((INTERVAL_MS & 0x7F, INTERVAL_MS >> 7))
        self._say(
            Sysex(firmata.INTERVAL, interval),
            Sysex(firmata.CAPABILITY_QUERY, b""),
            Sysex(firmata.ANALOG_MAP_QUERY, b""),
        )

    def _start(self) -> None:
        self._say(*(firmata.Report(firmata.REPORT_ANALOG, each, on=True) for each in sorted(self._channels)))

    def _see(self, port: int, mask: int, at_us: int) -> None:
        changed = []
        for bit in range(8):
            pin, value = port * 8 + bit, mask >> bit & 1
            if self._modes.get(pin) in (Mode.INPUT, Mode.PULLUP) and self._values.get(pin) != value:
                self._values[pin] = value
                changed.append(Sample(f"d{pin}", f"D{pin}", float(value), "#"))
        if changed:
            self._out.append(Measured(tuple(changed), at_us))
            self._tell_state()

    def _pin(self, told: Mapping[str, Any]) -> int:
        pin = told.get("pin")
        if type(pin) is not int or not 0 <= pin < len(self._pins) or not self._pins[pin]:
            raise ProtocolError("no_such_pin", pin=str(pin))
        return pin

    def _set_mode(self, pin: int, name: str) -> None:
        mode = MODES.get(name)
        if mode is None or (self._pins and mode not in self._pins[pin]):
            raise ProtocolError("pin_cannot", pin=pin, mode=name)
        self._modes[pin] = mode
        self._values.pop(pin, None)
        self._say(firmata.SetMode(pin, mode))
        if mode in (Mode.INPUT, Mode.PULLUP):
            self._say(firmata.Report(firmata.REPORT_DIGITAL, pin // 8, on=True))

    def _write(self, pin: int, value: int) -> None:
        mode = self._modes.get(pin)
        if mode in (Mode.PWM, Mode.SERVO):
            self._say(Analog(pin, value))
        else:
            if mode is not Mode.OUTPUT:
                self._set_mode(pin, "output")
            self._say(firmata.SetPin(pin, bool(value)))
        self._values[pin] = value

    def _tell_state(self) -> None:
        state = {
            str(pin): {
                "can": [name for name, mode in MODES.items() if mode in modes],
                "mode": self._modes[pin].name.lower() if pin in self._modes else None,
                "value": self._values.get(pin),
            }
            for pin, modes in enumerate(self._pins)
            if modes
        }
        self._out.append(Told("pins", "state", json.dumps(state)))

    def _say(self, *messages: Message) -> None:
        self._out += [Say(firmata.format_message(message)) for message in messages]

    def _take(self) -> list[Output]:
        out, self._out = self._out, []
        return out


def _object(payload: str) -> dict[str, Any]:
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_command", payload=payload[:80]) from error
    if not isinstance(told, dict):
        raise ProtocolError("bad_command", payload=payload[:80])
    return told
