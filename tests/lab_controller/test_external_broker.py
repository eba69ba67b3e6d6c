"""The lab with a broker of the school's own: a real Mosquitto that knows one client of each account."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from devices.transports.mqtt import MqttTransport
from lab_controller.bus.access import Kind
from lab_controller.bus.changes import DEVICES
from lab_controller.doctor import Finding, Level, check_broker
from lab_controller.lab import Lab
from lab_controller.settings import Settings
from tests.peers.mosquitto import Mosquitto, run_mosquitto

pytestmark = pytest.mark.peer

HUB, AGENT = "lab-hub-0", "agent-room-1"
THROWN_OUT = "already connected, closing old connection"
PATIENCE_S = 20


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    with run_mosquitto({HUB: Kind.HUB, AGENT: Kind.AGENT}) as broker:
        yield broker


@pytest.fixture
def beside(mosquitto: Mosquitto, settings: Settings) -> Settings:
    """As docs/quick-start.md sets up the hub."""
    return settings.model_copy(
        update={
            "mqtt_url": f"mqtt://{HUB}:{HUB}@127.0.0.1:{mosquitto.port}",
            "mqtt_agent_password": AGENT,
            "serial_usb": False,
        }
    )


@asynccontextmanager
async def connected(settings: Settings, username: str) -> AsyncIterator[tuple[MqttTransport, list[bool]]]:
    """A client that is signed in; and whether it was, at every change after that."""
    port = int(settings.mqtt_url.rpartition(":")[2])
    client = MqttTransport(
        client_id=username, host="127.0.0.1", port=port, username=username, password=username,
        clean_session=False,
    )  # fmt: skip
    states: list[bool] = []
    await client.start()
    async with asyncio.timeout(PATIENCE_S):
        await client.connected.wait()
    client.on_state = lambda up, _reason: states.append(up)
    try:
        yield client, states
    finally:
        await client.stop()


async def test_hub_and_agent_of_one_process_are_signed_in_side_by_side(
    mosquitto: Mosquitto, beside: Settings
) -> None:
    async with asyncio.timeout(PATIENCE_S), Lab.open(beside) as lab:
        with lab.changes.subscribe(DEVICES) as changes:
            while [each.id for each in lab.equipment.list_devices() if each.state == "ready"] != [AGENT]:
                await changes.next()
        assert lab.health()["problems"] == []
    assert THROWN_OUT not in mosquitto.log


async def test_the_doctor_leaves_a_running_hub_connected(mosquitto: Mosquitto, beside: Settings) -> None:
    where = {"host": "127.0.0.1", "port": mosquitto.port, "username": HUB}
    async with asyncio.timeout(PATIENCE_S), Lab.open(beside, embedded_agent=False) as lab:
        await lab.hub.wait_connected()
        found = await check_broker(beside)
        assert lab.hub.connected
    assert found == [Finding("broker", Level.OK, "broker_in_use", where)]
    assert THROWN_OUT not in mosquitto.log


async def test_the_doctor_leaves_a_running_agent_connected(mosquitto: Mosquitto, beside: Settings) -> None:
    url = f"mqtt://{AGENT}:{AGENT}@localhost:{mosquitto.port}"
    async with connected(beside, AGENT) as (_, states):
        (found,) = await check_broker(beside.model_copy(update={"mqtt_url": url}))
        assert (found.code, states) == ("broker_in_use", [])
    assert THROWN_OUT not in mosquitto.log


async def test_the_doctor_asks_the_pages_of_a_hub_whose_connections_it_cannot_see(
    mosquitto: Mosquitto, beside: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        told = b'{"problems": ["database_old"]}'
        writer.write(b"HTTP/1.1 503 Away\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))
        await writer.drain()
        writer.close()

    monkeypatch.setattr("lab_controller.doctor.is_connected", lambda *_: False)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as pages:
        port = pages.sockets[0].getsockname()[1]
        (found,) = await check_broker(beside.model_copy(update={"port": port}))
    assert found.code == "broker_in_use"


async def test_the_doctor_signs_in_for_a_hub_that_is_not_running_and_keeps_its_messages(
    mosquitto: Mosquitto, beside: Settings
) -> None:
    async with asyncio.timeout(PATIENCE_S), Lab.open(beside, embedded_agent=False) as lab:
        await lab.hub.wait_connected()
    async with connected(beside, AGENT) as (agent, _):
        await agent.publish("lab/5/kit-1/$state", b"ready")
    (found,) = await check_broker(beside)
    assert found.code == "broker_answers"
    async with asyncio.timeout(PATIENCE_S), Lab.open(beside, embedded_agent=False) as lab:
        with lab.changes.subscribe(DEVICES) as changes:
            while [each.id for each in lab.equipment.list_devices()] != ["kit-1"]:
                await changes.next()


async def test_the_doctor_of_a_rooms_computer_signs_in_as_its_agent(
    mosquitto: Mosquitto, beside: Settings
) -> None:
    room = {"mqtt_url": f"mqtt://127.0.0.1:{mosquitto.port}", "mqtt_password": AGENT}
    (found,) = await check_broker(beside.model_copy(update=room))
    assert (found.code, found.params["username"]) == ("broker_answers", AGENT)


async def test_the_doctor_is_nobodys_second_client_where_no_account_is_named(
    mosquitto: Mosquitto, beside: Settings
) -> None:
    guest = beside.model_copy(update={"mqtt_url": f"mqtt://127.0.0.1:{mosquitto.port}"})
    async with connected(beside, HUB) as (_, states):
        (found,) = await check_broker(guest)
        assert (found.code, found.params["username"], states) == ("broker_refuses", "lab-doctor", [])
    assert THROWN_OUT not in mosquitto.log


async def test_the_doctor_says_whom_the_broker_refuses(mosquitto: Mosquitto, beside: Settings) -> None:
    wrong = beside.model_copy(update={"mqtt_url": f"mqtt://{HUB}:wrong@127.0.0.1:{mosquitto.port}"})
    (found,) = await check_broker(wrong)
    assert (found.code, found.params["username"], found.params["reason"]) == (
        "broker_refuses",
        HUB,
        "not_authorized",
    )
