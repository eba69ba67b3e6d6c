"""A command that is refused is an alert of its device: for ten seconds, or until the next command."""

import asyncio
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from devices.agent.delivery import Delivery
from devices.agent.desk import REFUSED_SHOWN_US, Desk
from devices.driver import Claimed, Host, Output, Say
from devices.errors import DeviceError
from devices.kit import Kit
from devices.kits.ev3 import KIT as EV3
from devices.kits.firmata import KIT as FIRMATA
from devices.session import Session
from devices.transports.byte_pipe import Chunk
from devices.transports.mqtt import MqttTransport
from lab_controller.clock import ManualClock

HOST = Host("room", "0badcafe", {}, path="/dev/ttyACM0")


class Room:
    """One emulated kit, its driver, and the desk that speaks for it; `alerts` has all that were said."""

    def __init__(self, kit: Kit) -> None:
        self.clock = ManualClock(1_000_000_000)
        self.alerts: list[Any] = []
        self.device = ""
        self.peer = kit.emulator(self.clock)
        self.pipe = SimpleNamespace(name=HOST.path)
        self.problem = None
        connected = asyncio.Event()
        connected.set()
        transport = cast(MqttTransport, SimpleNamespace(connected=connected))
        self.desk = Desk("agent-r1", transport, cast(Delivery, None), self.clock, self._publish)
        self._kit = kit
        self._driver = kit.driver(HOST)
        self._line: list[bytes] = []
        self.peer.opened(self._line.append)
        self._carry(self._driver.opened(self.clock.now_us()))
        self.run(2)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 20)):
            self.clock.advance(us=50_000)
            if hasattr(self.peer, "tick"):
                self.peer.tick()
            self._listen()
            self._carry(self._driver.tick(self.clock.now_us()))
            self.desk.tick(self.clock.now_us())

    def set(self, name: str, payload: str) -> None:
        """As a page does; what cannot be done is complained of, as by the room."""
        topic = f"lab/5/{self.device}/{name}/set"
        try:
            self.desk.command(topic, payload.encode() or b"\x00")
        except DeviceError as error:
            self.desk.complain(topic, error)
        self._listen()

    def command(self, node: str, key: str, payload: str) -> None:
        """Of a session."""
        self._carry(self._driver.command(node, key, payload, self.clock.now_us()))

    def _listen(self) -> None:
        while self._line:
            self._carry(self._driver.received(Chunk(self._line.pop(0), self.clock.now_us())))

    def _carry(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Say):
                self.peer.heard(output.data)
            elif isinstance(output, Claimed):
                self.device = output.device
                self.desk.attach(cast(Session, self), self.device, self._kit)
            elif self.device:
                self.desk.carry(cast(Session, self), output)

    def _publish(self, topic: str, payload: str, *, retain: bool, qos: int = 1) -> None:
        if topic.endswith("/$alert/command"):
            assert retain
            self.alerts.append(json.loads(payload) if payload else None)


@pytest.fixture
async def ev3() -> Room:
    room = Room(EV3)
    assert room.alerts == [None]
    room.alerts.clear()
    return room


@pytest.fixture
async def firmata() -> Iterator[Room]:
    room = Room(FIRMATA)
    room.alerts.clear()
    yield room
    room.peer.closed()


async def test_a_run_without_a_program_is_told_for_ten_seconds(ev3: Room) -> None:
    ev3.set("program/run", "")
    told = {"code": "no_program", "params": {"port": "/dev/ttyACM0"}}
    assert ev3.alerts == [told]
    ev3.run(REFUSED_SHOWN_US / 1_000_000 - 0.1)
    assert ev3.alerts == [told]
    ev3.run(0.1)
    assert ev3.alerts == [told, None]


async def test_what_the_kit_itself_refuses_is_told_until_the_next_command(ev3: Room) -> None:
    ev3.set("program/run", "nothing")
    ev3.run(1)
    told = {"code": "program_not_started", "params": {"name": "nothing.rbf"}}
    assert ev3.alerts == [told]
    ev3.set("board/identify", "true")
    ev3.run(20)
    assert ev3.alerts == [told, None]


async def test_a_second_refusal_is_told_anew_for_ten_seconds_of_its_own(ev3: Room) -> None:
    ev3.set("program/run", "")
    ev3.run(6)
    ev3.set("program/run", "")
    ev3.run(6)
    told = {"code": "no_program", "params": {"port": "/dev/ttyACM0"}}
    assert ev3.alerts == [told, None, told]
    ev3.run(4)
    assert ev3.alerts == [told, None, told, None]


async def test_a_pin_that_cannot_do_it_is_told(firmata: Room) -> None:
    firmata.set("pins/mode", json.dumps({"pin": 2, "mode": "pwm"}))
    firmata.set("pins/write", json.dumps({"pin": 99, "value": 1}))
    firmata.set("pins/write", json.dumps({"pin": 13, "value": 1}))
    codes = [alert and alert["code"] for alert in firmata.alerts]
    assert codes == ["pin_cannot", None, "no_such_pin", None]


async def test_a_commit_that_makes_no_sense_concerns_no_person(ev3: Room) -> None:
    ev3.set("gate/committed", "{")
    assert ev3.alerts == []


async def test_a_command_for_a_kit_that_is_gone_is_told(ev3: Room) -> None:
    ev3.desk.detach(cast(Session, ev3))
    ev3.set("program/stop", "true")
    assert ev3.alerts == [{"code": "device_absent", "params": {"device": ev3.device}}]
