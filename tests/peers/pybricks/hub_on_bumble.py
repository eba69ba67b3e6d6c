"""A hub's GATT server and our driver, joined by bumble's virtual radio; runs in an environment of its own.

What the driver has found out and done goes to stdout as JSON. The hub's own behaviour is our emulator's; what
lies between, from the advertisement over MTU and descriptors to the errors, is bumble's.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from bumble.att import ATT_Error, Attribute
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.core import ProtocolError as BumbleError
from bumble.device import Device, Peer
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from bumble.host import Host as BumbleHost
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink

from devices.clock import MonotonicClock
from devices.driver import Host, Output, Printed, Refused, Told
from devices.kits.pybricks.driver import PybricksDriver
from devices.kits.pybricks.hub import Hub, HubModel
from devices.kits.pybricks.upload import Prepared, upload
from devices.protocols.mpy_modules import unpack_modules
from devices.protocols.pybricks import Capabilities, Feature
from devices.protocols.pybricks_stream import HubMessage, pack_hub
from devices.session import Session
from devices.talk import Progress
from devices.transports.ble import BleLink, BleRefusal
from devices.transports.pybricks_ble import COMMAND_EVENT, SERVICE, UUIDS, PybricksBlePipe
from devices.uploads import Program
from tests.devices.waiting import until

HOST = Host("room", "0badcafe")
READABLE, WRITEABLE = Attribute.READABLE, Attribute.WRITEABLE
NAMES = ("firmware", "profile", "pnp", "capabilities")


class Echo:
    """The program: says hello, and what it is told."""

    def start(self, modules: Any, on_output: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._say, self._end = on_output, on_end
        on_output("Сәлем\n".encode())

    def write(self, data: bytes) -> None:
        self._say(b"heard " + data)

    def stop(self) -> None:
        self._end()


class Bricks:
    """The hub."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._errands: set[asyncio.Task[None]] = set()
        capabilities = Capabilities(158, Feature.MULTI_MPY6, 16_384, 1)
        model = HubModel("Bumblebee", "3.5.0", (1, 3, 0), capabilities=capabilities)
        self.hub = Hub(model, Echo(), MonotonicClock(), self._tell)
        values = dict(zip(NAMES, UUIDS.values(), strict=True))
        read = {
            values["firmware"]: model.firmware.encode(),
            values["profile"]: b"1.3.0",
            values["pnp"]: model.kind.pack(),
        }
        self._events: Characteristic[Any] = Characteristic(
            COMMAND_EVENT,
            Characteristic.Properties.WRITE | Characteristic.Properties.NOTIFY,
            WRITEABLE,
            CharacteristicValue(write=lambda _, data: self._obey(bytes(data))),
        )
        self._events.on(self._events.EVENT_SUBSCRIPTION, lambda *_: self._tell(self.hub.status))
        known = Characteristic(
            values["capabilities"],
            Characteristic.Properties.READ,
            READABLE,
            model.capabilities.pack(model.profile),
        )
        device.add_service(
            Service(
                UUID("180A"),
                [
                    Characteristic(uuid, Characteristic.Properties.READ, READABLE, told)
                    for uuid, told in read.items()
                ],
            )
        )
        device.add_service(Service(SERVICE, [self._events, known]))

    async def advertise(self) -> None:
        told = AdvertisingData(
            [
                (AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, bytes(UUID(SERVICE))),
                (AdvertisingData.Type.SHORTENED_LOCAL_NAME, b"Bumblebee"),
            ]
        )
        await self._device.start_advertising(auto_restart=True, advertising_data=bytes(told))

    def _obey(self, data: bytes) -> None:
        if status := self.hub.obey(data):
            raise ATT_Error(status)

    def _tell(self, message: HubMessage) -> None:
        told = self._device.notify_subscribers(self._events, pack_hub(message)[1:])
        errand = asyncio.ensure_future(told)
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)


class BumbleRadio:
    """Our side of the air."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def connect(self, name: str, service: str, on_lost: Callable[[], None]) -> BleLink:
        found: asyncio.Future[Address] = asyncio.get_running_loop().create_future()

        def look(heard: Any) -> None:
            if heard.data.get(AdvertisingData.Type.SHORTENED_LOCAL_NAME) == name and not found.done():
                found.set_result(heard.address)

        self._device.on("advertisement", look)
        await self._device.start_scanning()
        connection = await self._device.connect(await found)
        connection.on(connection.EVENT_DISCONNECTION, lambda *_: on_lost())
        peer = Peer(connection)
        await peer.request_mtu(517)
        await peer.discover_all()
        return BumbleLink(peer, connection)


class BumbleLink:
    """A connection of bumble's."""

    def __init__(self, peer: Peer, connection: Any) -> None:
        self._peer = peer
        self._connection = connection
        self._on_data: Callable[[bytes], None] | None = None

    async def read_name(self) -> str:
        return bytes(await self._of("00002a00-0000-1000-8000-00805f9b34fb").read_value()).decode()

    async def read(self, uuid: str) -> bytes:
        return bytes(await self._of(uuid).read_value())

    async def write(self, uuid: str, data: bytes) -> None:
        try:
            await self._of(uuid).write_value(data, with_response=True)
        except BumbleError as error:
            raise BleRefusal(int(error.error_code)) from error

    async def listen(self, uuid: str, on_data: Callable[[bytes], None] | None) -> None:
        characteristic = self._of(uuid)
        before, self._on_data = self._on_data, on_data
        if before is not None:
            await characteristic.unsubscribe(before)
        if on_data is not None:
            await characteristic.subscribe(on_data)

    async def close(self) -> None:
        await self._connection.disconnect()

    def _of(self, uuid: str) -> Any:
        return self._peer.get_characteristics_by_uuid(UUID(uuid))[0]


def make_device(link: LocalLink, name: str, address: str) -> Device:
    controller = Controller(name, link=link, public_address=address)
    return Device(name=name, address=Address(address), host=BumbleHost(controller, AsyncPipeSink(controller)))


async def main() -> None:
    link = LocalLink()
    far = make_device(link, "Bumblebee", "F1:F1:F1:F1:F1:F1")
    near = make_device(link, "Room", "F0:F0:F0:F0:F0:F0")
    await far.power_on()
    await near.power_on()
    bricks = Bricks(far)
    await bricks.advertise()
    outputs: list[Output] = []
    stages: list[Progress] = []
    pipe = PybricksBlePipe("ble:Bumblebee", MonotonicClock(), BumbleRadio(near))
    session = Session(
        pipe,
        [PybricksDriver(HOST)],
        MonotonicClock(),
        on_output=lambda _, output: outputs.append(output),
        on_link=lambda _: None,
    )
    running = asyncio.create_task(session.run())

    def told(node: str, key: str) -> list[str]:
        return [o.value for o in outputs if isinstance(o, Told) and (o.node, o.key) == (node, key)]

    def printed() -> str:
        return "".join(output.text for output in outputs if isinstance(output, Printed))

    await until(lambda: told("program", "running"))
    session.command("program", "run", "")
    await until(lambda: any(isinstance(output, Refused) for output in outputs))
    prepared = Prepared((("line", b"M\x06\x00\x1f" + bytes(range(256)) * 4),), Program("line.py", b""))
    await session.converse(lambda heard: upload(prepared, heard, HOST), stages.append, reopens=False)
    await until(lambda: "Сәлем" in printed())
    await until(lambda: told("program", "running")[-1] == "true")
    session.command("console", "send", "this is more than twenty bytes\n")
    await until(lambda: printed().count("\n") > 1)
    session.command("program", "stop", "true")
    await until(lambda: told("program", "running")[-1] == "false")
    modules = unpack_modules(bricks.hub.programs[0])
    print(
        json.dumps(
            {
                "name": told("board", "name")[0],
                "firmware": told("firmware", "version")[0],
                "refused": next(output.code for output in outputs if isinstance(output, Refused)),
                "stored": [(name, len(mpy)) for name, mpy in modules],
                "written": stages[-2].done,
                "printed": printed(),
            }
        )
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


asyncio.run(main())
