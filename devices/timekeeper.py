"""Measures the clocks of gates that speak MQTT themselves, as the room agent does for those on a cable."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from devices.clock import Clock
from devices.timing import ClockFit, Exchange
from devices.transports.mqtt import MqttTransport

ROOT = "lab/5"
ASK_S = 1.0
DEVICES_MAX = 1000
BOOT_MAX = 16


@dataclass
class _Device:
    ready: bool = False
    answers: bool = False
    asked: tuple[str, int] | None = None
    fit: ClockFit | None = field(default=None)


class Timekeeper:
    """Asks every device with a settable `clock/sync` once a second and publishes its `clock/fit`.

    Its account must be allowed to command devices, as the hub's is. Give it the `clock_id` of an
    agent only if both share a process and so a clock.
    """

    def __init__(self, transport: MqttTransport, clock: Clock, clock_id: str, spec_ppm: int = 5000) -> None:
        self._transport = transport
        self._clock = clock
        self._clock_id = clock_id
        self._spec_ppm = spec_ppm
        self._devices: dict[str, _Device] = {}
        self._series = secrets.token_hex(2)
        self._questions = 0

    async def run(self) -> None:
        """Until cancelled; owns the transport."""
        topics = ("$state", "$description", "clock/sync")
        await self._transport.subscribe([f"{ROOT}/+/{topic}" for topic in topics])
        await self._transport.start()
        asking = asyncio.create_task(self._ask_on())
        try:
            async for message in self._transport.messages():
                self.hear(message.topic, message.payload, self._clock.now_us())
                message.ack()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await self._transport.stop()

    def ask(self) -> None:
        """One question to each gate that is there."""
        for device, known in self._devices.items():
            if not (known.ready and known.answers):
                continue
            self._questions += 1
            # An answer that a gate kept for an earlier timekeeper must fit no question of this one.
            token = f"{self._series}-{self._questions}"
            known.asked = (token, self._clock.now_us())
            question = json.dumps({"token": token}).encode()
            self._transport.publish(f"{ROOT}/{device}/clock/sync/set", question, qos=0)

    def hear(self, topic: str, payload: bytes, now_us: int) -> None:
        """A state, a description or an answer; what makes no sense is no answer."""
        _, _, device, place = topic.split("/", 3)
        known = self._devices.get(device)
        if known is None:
            if len(self._devices) >= DEVICES_MAX:
                return
            known = self._devices[device] = _Device()
        match place:
            case "$state":
                known.ready = payload == b"ready"
            case "$description":
                known.answers = _is_settable(_parse(payload))
            case "clock/sync":
                self._answered(device, known, _parse(payload), now_us)
            case _:
                pass

    async def _ask_on(self) -> None:
        while True:
            await self._transport.connected.wait()
            self.ask()
            await asyncio.sleep(ASK_S)

    def _answered(self, device: str, known: _Device, told: dict[str, Any], now_us: int) -> None:
        boot, us = told.get("boot"), told.get("us")
        if known.asked is None or told.get("token") != known.asked[0]:
            return
        if not isinstance(boot, str) or not 0 < len(boot) <= BOOT_MAX:
            return
        if type(us) is not int or not 0 <= us < 2**63:
            return
        asked_us, known.asked = known.asked[1], None
        if known.fit is None or known.fit.boot != boot:
            known.fit = ClockFit(boot, self._clock_id, self._spec_ppm)
        known.fit.add(Exchange(asked_us, us, now_us))
        fit = known.fit.snapshot()
        if fit is not None:
            self._transport.publish(f"{ROOT}/{device}/clock/fit", fit.to_json().encode(), retain=True)


def _parse(payload: bytes) -> dict[str, Any]:
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _is_settable(description: dict[str, Any]) -> bool:
    """Whether a description has a settable `clock/sync`."""
    shape: Any = description
    for key in ("nodes", "clock", "properties", "sync"):
        shape = shape.get(key) if isinstance(shape, dict) else None
    return isinstance(shape, dict) and shape.get("settable") is True
