import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from devices.transports.mqtt import MqttMessage, MqttTransport
from lab_controller.bus.access import Kind
from lab_controller.bus.accounts import BrokerAccounts
from lab_controller.bus.broker import EmbeddedBroker
from lab_controller.bus.hub import FILTERS
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.settings import Settings
from tests.peers.databases import open_database
from tests.peers.mosquitto import Mosquitto, run_mosquitto
from tests.peers.parts import free_port

ACCOUNTS: Mapping[str, Kind] = {
    "lab-hub-0": Kind.HUB,
    "lab-hub-1": Kind.HUB,
    "agent-room-1": Kind.AGENT,
    "gate-a1b2c3": Kind.DEVICE,
    "gate-ffffff": Kind.DEVICE,
}
PATIENCE_S = 10


class Bus(Protocol):
    """A broker of either kind, whose accounts have their user names as passwords."""

    port: int

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def kill(self) -> None: ...


class EmbeddedBus:
    def __init__(self, settings: Settings, accounts: BrokerAccounts, clock: ManualClock) -> None:
        self.port = settings.mqtt_port
        self.broker = EmbeddedBroker(settings, accounts, clock)
        self.broker.expect_hub("lab-hub-0", FILTERS)

    async def start(self) -> None:
        await self.broker.start()

    async def stop(self) -> None:
        await self.broker.stop()

    async def kill(self) -> None:
        await self.broker.stop()


class MosquittoBus:
    def __init__(self, mosquitto: Mosquitto) -> None:
        self.port = mosquitto.port
        self._mosquitto = mosquitto

    async def start(self) -> None:
        await asyncio.to_thread(self._mosquitto.start)

    async def stop(self) -> None:
        await asyncio.to_thread(self._mosquitto.stop)

    async def kill(self) -> None:
        await asyncio.to_thread(self._mosquitto.kill)


@pytest.fixture
def sqlite(tmp_path: Path) -> Any:
    with open_database("sqlite", tmp_path) as database:
        yield database


@asynccontextmanager
async def run_embedded(
    settings: Settings, database: Database, clock: ManualClock
) -> AsyncIterator[EmbeddedBus]:
    settings = settings.model_copy(update={"mqtt_port": free_port(), "password_min_length": 4})
    accounts = BrokerAccounts(database, clock, settings)
    for name, kind in ACCOUNTS.items():
        accounts.add(actor="test", username=name, kind=kind, password=name)
    bus = EmbeddedBus(settings, accounts, clock)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.kill()


@pytest.fixture
async def embedded(settings: Settings, sqlite: Database, clock: ManualClock) -> AsyncIterator[EmbeddedBus]:
    async with run_embedded(settings, sqlite, clock) as bus:
        yield bus


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.peer)])
async def bus(
    request: pytest.FixtureRequest, settings: Settings, sqlite: Database, clock: ManualClock
) -> AsyncIterator[Bus]:
    if request.param == "embedded":
        async with run_embedded(settings, sqlite, clock) as embedded:
            yield embedded
    else:
        with run_mosquitto(ACCOUNTS) as mosquitto:
            yield MosquittoBus(mosquitto)


def make_transport(bus: Bus, client_id: str, **options: Any) -> MqttTransport:
    options = {"client_id": client_id, "username": client_id, "password": client_id, **options}
    return MqttTransport(host="127.0.0.1", port=bus.port, **{"clean_session": True, **options})


@asynccontextmanager
async def connect(bus: Bus, username: str, *filters: str, **options: Any) -> AsyncIterator[MqttTransport]:
    """A client that is connected and has subscribed."""
    transport = make_transport(bus, username, **options)
    if filters:
        await transport.subscribe(filters)
    await transport.start()
    try:
        await soon(transport.connected.wait())
        yield transport
    finally:
        await transport.stop()


async def soon(awaitable: Any) -> Any:
    """Its result, or a failure in ten seconds."""
    async with asyncio.timeout(PATIENCE_S):
        return await awaitable


async def until(condition: Callable[[], bool]) -> None:
    """Look after every turn of the event loop, for ten seconds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  what is looked at has no event
            await asyncio.sleep(0)


async def take(transport: MqttTransport, count: int) -> list[MqttMessage]:
    """The next messages, acknowledged."""
    taken: list[MqttMessage] = []
    async with asyncio.timeout(PATIENCE_S):
        async for message in transport.messages():
            message.ack()
            taken.append(message)
            if len(taken) == count:
                break
    return taken


def told(messages: list[MqttMessage]) -> list[tuple[str, bytes]]:
    return [(message.topic, message.payload) for message in messages]
