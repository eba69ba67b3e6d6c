"""A Pybricks hub over Bluetooth: the same driver and the same upload as on a cable, through operations."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from devices.clock import MonotonicClock
from devices.discovery import Port, SystemPorts
from devices.driver import Output, Printed, Refused, Told
from devices.errors import DeviceError, TransportError
from devices.kits.pybricks.driver import PybricksDriver
from devices.kits.pybricks.hub import Hub, HubModel
from devices.kits.pybricks.upload import Prepared, upload
from devices.protocols.mpy_modules import unpack_modules
from devices.protocols.pybricks import Capabilities, Feature
from devices.protocols.pybricks_stream import pack_hub
from devices.session import Session
from devices.transports.ble import BleakRadio, BleRefusal
from devices.transports.pybricks_ble import COMMAND_EVENT, SERVICE, UUIDS, PybricksBlePipe
from devices.uploads import Program
from tests.devices.kits.pybricks_bench import HOST, MODULES, Script
from tests.devices.waiting import until

FIRMWARE_3_5 = HubModel(
    name="Bumblebee",
    firmware="3.5.0",
    profile=(1, 3, 0),
    capabilities=Capabilities(158, Feature.REPL | Feature.MULTI_MPY6, 16_384, 1),
)


class HubRadio:
    """One hub in range; it is its own link."""

    def __init__(self, model: HubModel = FIRMWARE_3_5) -> None:
        self.script = Script()
        self.hub = Hub(model, self.script, MonotonicClock(), self._tell)
        self.connections = 0
        self.lost: Callable[[], None] = lambda: None
        self._on_data: Callable[[bytes], None] | None = None

    async def connect(self, name: str, service: str, on_lost: Callable[[], None]) -> "HubRadio":
        if (name, service) != (self.hub.model.name, SERVICE):
            raise TransportError("port_missing", port=f"ble:{name}")
        self.connections += 1
        self.lost = on_lost
        return self

    async def read_name(self) -> str:
        return self.hub.model.name

    async def read(self, uuid: str) -> bytes:
        await asyncio.sleep(0)
        model = self.hub.model
        values = (
            model.firmware.encode(),
            ".".join(map(str, model.profile)).encode(),
            model.kind.pack(),
            model.capabilities.pack(model.profile),
        )
        return dict(zip(UUIDS.values(), values, strict=True))[uuid]

    async def write(self, uuid: str, data: bytes) -> None:
        await asyncio.sleep(0)
        assert uuid == COMMAND_EVENT
        if status := self.hub.obey(data):
            raise BleRefusal(status)

    async def listen(self, uuid: str, on_data: Callable[[bytes], None] | None) -> None:
        assert uuid == COMMAND_EVENT
        self._on_data = on_data
        self._tell(self.hub.status)

    async def close(self) -> None:
        self._on_data = None

    def _tell(self, message) -> None:
        if self._on_data is not None:
            self._on_data(pack_hub(message)[1:])


class Line:
    """Our own session with the hub."""

    def __init__(self, radio: HubRadio, path: str = "ble:Bumblebee") -> None:
        self.outputs: list[Output] = []
        pipe = PybricksBlePipe(path, MonotonicClock(), radio)
        self.session = Session(
            pipe,
            [PybricksDriver(HOST)],
            MonotonicClock(),
            on_output=lambda _, output: self.outputs.append(output),
            on_link=lambda _: None,
        )

    def told(self, node: str, key: str) -> list[str]:
        return [o.value for o in self.outputs if isinstance(o, Told) and (o.node, o.key) == (node, key)]

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Line"]:
        running = asyncio.create_task(self.session.run())
        try:
            yield self
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def upload(self) -> None:
        prepared = Prepared(MODULES, Program("line.py", b""))
        await self.session.converse(
            lambda heard: upload(prepared, heard, HOST), lambda _: None, reopens=False
        )


async def test_a_hub_of_before_4_1_is_driven_over_bluetooth():
    radio = HubRadio()
    async with Line(radio).open() as line:
        await until(lambda: line.told("program", "running"))
        await line.upload()
        await until(lambda: line.told("program", "running")[-1] == "true")
        radio.script.say("Сәлем\n".encode())
        await until(lambda: any(isinstance(output, Printed) for output in line.outputs))
        line.session.command("program", "stop", "true")
        await until(lambda: line.told("program", "running")[-1] == "false")
    assert {*line.told("board", "name"), *line.told("firmware", "version")} == {"Bumblebee", "3.5.0"}
    assert unpack_modules(radio.hub.programs[0]) == [("__main__", MODULES[0][1])]


async def test_an_empty_slot_is_told_over_bluetooth_too():
    radio = HubRadio()
    async with Line(radio).open() as line:
        await until(lambda: line.told("program", "running"))
        line.session.command("program", "run", "")
        await until(lambda: Refused("slot_empty", {"slot": 0}) in line.outputs)


async def test_a_hub_out_of_range_is_told_and_found_when_it_comes_back():
    radio = HubRadio()
    async with Line(radio).open() as line:
        await until(lambda: line.session.linked)
        radio.lost()
        await until(lambda: radio.connections == 2 and line.session.linked)


async def test_a_hub_that_is_not_there_is_told_by_its_name():
    async with Line(HubRadio(), "ble:Rover").open() as line:
        await until(lambda: line.session.problem)
        problem = line.session.problem
    assert isinstance(problem, DeviceError)
    assert (problem.code, dict(problem.params)) == ("port_missing", {"port": "ble:Rover"})


async def test_without_bleak_a_person_is_told_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "bleak", None)
    with pytest.raises(TransportError) as refused:
        await BleakRadio().connect("Bumblebee", SERVICE, lambda: None)
    assert (refused.value.code, refused.value.permanent) == ("bluetooth_missing", True)


async def test_what_bleak_says_becomes_our_own_words(monkeypatch):
    class BleakError(Exception):
        pass

    class BleakGATTProtocolError(BleakError):
        pass

    class Scanner:
        found = SimpleNamespace(name="Bumblebee")

        @classmethod
        async def find_device_by_filter(cls, is_wanted, **_):
            told = SimpleNamespace(local_name=None, service_uuids=[SERVICE])
            return cls.found if cls.found and is_wanted(cls.found, told) else None

    class Client:
        name = "Bumblebee"

        def __init__(self, device, disconnected_callback):
            self.lost = disconnected_callback

        async def connect(self):
            pass

        async def read_gatt_char(self, uuid):
            return bytearray(b"3.5.0")

        async def write_gatt_char(self, uuid, data, response):
            raise BleakGATTProtocolError(0x81)

        async def start_notify(self, uuid, hear):
            hear(None, bytearray(b"\x01hi"))

        async def disconnect(self):
            raise BleakError("gone")

    errors = SimpleNamespace(BleakError=BleakError, BleakGATTProtocolError=BleakGATTProtocolError)
    monkeypatch.setitem(
        sys.modules, "bleak", SimpleNamespace(BleakScanner=Scanner, BleakClient=Client, exc=errors)
    )
    monkeypatch.setitem(sys.modules, "bleak.exc", errors)
    heard: list[bytes] = []
    link = await BleakRadio().connect("Bumblebee", SERVICE, lambda: None)
    assert (await link.read_name(), await link.read(UUIDS[next(iter(UUIDS))])) == ("Bumblebee", b"3.5.0")
    await link.listen(COMMAND_EVENT, heard.append)
    with pytest.raises(BleRefusal) as refused:
        await link.write(COMMAND_EVENT, b"\x01")
    await link.close()
    assert (heard, refused.value.status) == ([b"\x01hi"], 0x81)
    Scanner.found = None
    with pytest.raises(TransportError) as absent:
        await BleakRadio().connect("Bumblebee", SERVICE, lambda: None)
    assert (absent.value.code, absent.value.params) == ("port_missing", {"port": "ble:Bumblebee"})


async def test_a_name_in_the_settings_leads_to_bluetooth():
    ports = SystemPorts(["ble:Red robot=pybricks"], MonotonicClock(), usb=False)
    (port,) = await ports.find()
    assert port == Port("ble:Red robot", None, configured=True, kit="pybricks")
    assert isinstance(ports.pipe(port, 115200), PybricksBlePipe)
