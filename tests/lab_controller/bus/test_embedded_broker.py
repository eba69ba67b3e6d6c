"""What only the embedded broker promises: to outlive whatever is thrown at it."""

import asyncio
import random
import struct
import threading
from typing import Any

import pytest

from lab_controller import metrics
from lab_controller.bus import broker, delivery, lab_broker
from lab_controller.bus.access import Kind, Member
from lab_controller.bus.accounts import BrokerAccounts
from lab_controller.bus.broker import FAILURES_PER_ADDRESS
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.errors import Conflict, Invalid
from lab_controller.settings import Settings
from tests.lab_controller.bus.conftest import EmbeddedBus, connect, make_transport, soon, take, told, until

GATE = "lab/5/gate-a1b2c3"


def string(text: bytes) -> bytes:
    return struct.pack("!H", len(text)) + text


def connect_packet(name: bytes) -> bytes:
    body = string(b"MQTT") + b"\x04\xc2" + struct.pack("!H", 60) + string(name) * 3
    return bytes([0x10, len(body)]) + body


HOSTILE = {
    "nothing": b"",
    "http": b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n",
    "torn connect": connect_packet(b"gate-a1b2c3")[:10],
    "connect that is not utf-8": connect_packet(b"\xff\xfe\xff"),
    "endless length": b"\x10\xff\xff\xff\xff\xff\xff",
    "old protocol": b"\x10\x13" + string(b"MQIsdp") + b"\x03\x02\x00\x3c" + string(b"gate"),
    "publish before connect": b"\x30\x05" + string(b"a") + b"xy",
    "reserved packet": connect_packet(b"gate-a1b2c3") + b"\xf0\x00" * 20,
    "publish without topic": connect_packet(b"gate-a1b2c3") + b"\x30\x02\x00\x00",
    "publish with a torn topic": connect_packet(b"gate-a1b2c3") + b"\x32\x03\x00\x09a",
    "publish with qos 3": connect_packet(b"gate-a1b2c3") + b"\x36\x07" + string(b"a") + b"\x00\x01xy",
    "subscribe to nothing": connect_packet(b"gate-a1b2c3") + b"\x82\x02\x00\x01",
    "connect twice": connect_packet(b"gate-a1b2c3") * 2,
    "acknowledgement of nothing": connect_packet(b"gate-a1b2c3") + b"\x40\x02\x00\x63",
}


async def throw(bus: EmbeddedBus, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bus.port)
    writer.write(data)
    writer.write_eof()
    try:
        await soon(reader.read())
    except ConnectionError:
        return
    finally:
        writer.close()


async def check_alive(bus: EmbeddedBus) -> None:
    async with connect(bus, "lab-hub-1", f"{GATE}/#") as hub, connect(bus, "gate-ffffff"):
        gate = make_transport(bus, "gate-a1b2c3")
        await gate.start()
        await soon(gate.publish(f"{GATE}/gate/passage", b"alive"))
        assert told(await take(hub, 1)) == [(f"{GATE}/gate/passage", b"alive")]
        await gate.stop()


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_connection_harms_nobody_else(embedded: EmbeddedBus, data: bytes) -> None:
    await throw(embedded, data)
    await check_alive(embedded)


async def test_random_bytes_harm_nobody_else(embedded: EmbeddedBus) -> None:
    chance = random.Random(5)
    for _ in range(30):
        noise = chance.randbytes(chance.randrange(1, 400))
        await throw(embedded, noise)
        await throw(embedded, connect_packet(b"gate-a1b2c3") + noise)
    await check_alive(embedded)


async def test_guessing_passwords_is_stopped_without_work_for_the_host(
    embedded: EmbeddedBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    accounts = embedded.broker._accounts

    def authenticate(username: str, _password: str) -> Any:
        calls.append(username)

    monkeypatch.setattr(accounts, "authenticate", authenticate)
    for _ in range(FAILURES_PER_ADDRESS + 20):
        await throw(embedded, connect_packet(b"gate-a1b2c3"))
    assert len(calls) == FAILURES_PER_ADDRESS


async def test_a_hundred_guesses_at_once_are_no_more_work_than_a_hundred_in_a_row(
    embedded: EmbeddedBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    go_on = threading.Event()

    def authenticate(username: str, _password: str) -> Any:
        calls.append(username)
        go_on.wait(10)

    monkeypatch.setattr(embedded.broker._accounts, "authenticate", authenticate)
    async with asyncio.TaskGroup() as guesses:
        for _ in range(100):
            guesses.create_task(throw(embedded, connect_packet(b"gate-a1b2c3")))
        await until(lambda: len(calls) == 2)
        await soon(asyncio.to_thread(lambda: None))
        go_on.set()
    assert len(calls) <= FAILURES_PER_ADDRESS


async def test_a_flood_for_a_hub_that_is_away_takes_bounded_memory(
    embedded: EmbeddedBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MAX_QUEUED_BYTES", 300_000)
    monkeypatch.setattr(lab_broker, "MAX_RETAINED_BYTES", 300_000)
    broker = embedded.broker._broker
    assert broker is not None
    async with connect(embedded, "gate-a1b2c3") as gate:
        for number in range(10):
            await soon(gate.publish(f"{GATE}/kit/value-{number}", bytes(100_000), retain=True))
        await until(broker._broadcast_queue.empty)
    absent, _ = broker._sessions["lab-hub-0"]
    assert absent.retained_messages.qsize() == 3
    assert len(broker._retained_messages) == 3


def refused() -> float:
    return metrics.REFUSALS.labels("publish_refused")._value.get()


async def test_refused_topics_are_counted_for_whoever_watches(embedded: EmbeddedBus) -> None:
    before = refused()
    async with connect(embedded, "gate-a1b2c3") as gate:
        await soon(gate.publish("lab/5/gate-ffffff/gate/passage", b"x"))
        await until(lambda: refused() == before + 1)


async def test_a_device_that_speaks_for_another_is_told_on_its_own_page_until_it_keeps_quiet(
    embedded: EmbeddedBus, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "TOLD_S", 0.2)
    before = refused()
    topic, foreign = f"{GATE}/$alert/publish-refused", "lab/5/gate-ffffff/gate/passage"
    alert = b'{"code":"publish_refused","params":{"topic":"%b"}}' % foreign.encode()
    async with connect(embedded, "lab-hub-0", topic) as hub, connect(embedded, "gate-a1b2c3") as gate:
        for _ in range(20):
            await soon(gate.publish(foreign, b"x"))
        await until(lambda: refused() == before + 20)
        assert told(await take(hub, 1)) == [(topic, alert)]
        clock.advance(s=1)
        assert told(await take(hub, 1)) == [(topic, b"")]


async def test_two_clients_that_fight_for_one_name_raise_an_alert(embedded: EmbeddedBus) -> None:
    alert = f"{GATE}/$alert/session-contested"
    async with connect(embedded, "lab-hub-0", f"{GATE}/$alert/+") as hub:
        first, second = make_transport(embedded, "gate-a1b2c3"), make_transport(embedded, "gate-a1b2c3")
        await first.start()
        await soon(first.connected.wait())
        await second.start()
        (message,) = await take(hub, 1)
        await first.stop()
        await second.stop()
    assert message.topic == alert
    assert b'"code":"session_contested"' in message.payload


async def test_a_client_that_falls_silent_is_lost(
    embedded: EmbeddedBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = string(b"MQTT") + b"\x04\xe6" + struct.pack("!H", 1) + string(b"gate-a1b2c3")
    body += string(f"{GATE}/$state".encode()) + string(b"lost") + string(b"gate-a1b2c3") * 2
    monkeypatch.setattr(embedded.broker._broker.config, "timeout_disconnect_delay", 0)  # type: ignore[union-attr]
    async with connect(embedded, "lab-hub-0", f"{GATE}/$state") as hub:
        _, writer = await asyncio.open_connection("127.0.0.1", embedded.port)
        writer.write(bytes([0x10, len(body)]) + body)
        assert told(await take(hub, 1)) == [(f"{GATE}/$state", b"lost")]
        writer.close()


def test_an_account_is_known_by_its_password_until_it_is_removed(
    sqlite: Database, clock: ManualClock, settings: Settings
) -> None:
    accounts = BrokerAccounts(sqlite, clock, settings)
    password = accounts.add(actor="test", username="gate-1", kind=Kind.DEVICE)
    for _ in range(2):
        assert accounts.authenticate("gate-1", password) == Member("gate-1", Kind.DEVICE)
        assert accounts.authenticate("gate-1", "wrong") is None
    with pytest.raises(Conflict):
        accounts.add(actor="test", username="gate-1", kind=Kind.DEVICE)
    with pytest.raises(Invalid):
        accounts.add(actor="test", username="Gate 1", kind=Kind.DEVICE)
    accounts.remove(actor="test", username="gate-1")
    assert accounts.authenticate("gate-1", password) is None


def test_the_labs_own_accounts_are_written_nowhere(
    sqlite: Database, clock: ManualClock, settings: Settings
) -> None:
    accounts = BrokerAccounts(sqlite, clock, settings)
    password = accounts.add_own("lab-hub-0", Kind.HUB)
    assert accounts.authenticate("lab-hub-0", password) == Member("lab-hub-0", Kind.HUB)
    assert accounts.authenticate("lab-hub-0", password + "x") is None
    assert accounts.list() == []
