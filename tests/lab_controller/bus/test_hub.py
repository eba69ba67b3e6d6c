"""The hub against both brokers and, where the database matters, on SQLite."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session, col, select

from lab_controller import audit
from lab_controller.audit.tables import AuditRecord
from lab_controller.bus.changes import Changes
from lab_controller.bus.handler import Effects, Inbound, Outbound
from lab_controller.bus.hub import Hub
from lab_controller.bus.tables import DeadLetter
from lab_controller.bus.topics import Topic
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.errors import Unavailable
from tests.lab_controller.bus.conftest import (
    ACCOUNTS,
    Bus,
    MosquittoBus,
    connect,
    make_transport,
    soon,
    take,
    told,
    until,
)
from tests.peers.mosquitto import run_mosquitto

GATE = "lab/5/gate-a1b2c3"
LIMIT = 256 * 1024


class Keeper:
    """Stores payloads as alerts of nobody: `bad` is poison, `stop` waits for `go_on`."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.received_us: list[int] = []
        self.busy = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.fail: Callable[[], None] = lambda: None

    def wants(self, topic: Topic) -> bool:
        return topic.node == "gate"

    def store(self, session: Session, messages: Sequence[Inbound]) -> Effects:
        self.busy.set()
        self.go_on.wait(10)
        self.fail()
        effects = Effects()
        for message in messages:
            if message.payload.startswith(b"bad"):
                session.add(
                    DeadLetter(at_us=0, topic="half", size_bytes=0, payload=b"", code="half", detail="")
                )
                session.flush()
                raise ValueError(message.payload.decode())
            session.connection().execute(
                text(
                    "INSERT INTO series (device, key, unit) VALUES ('kept', :key, '') ON CONFLICT DO NOTHING"
                ),
                {"key": message.payload.decode()},
            )
            effects.changed.append("kept")
            answer = Topic(message.topic.device, "set", "gate", "committed")
            effects.publish.append(Outbound(answer, message.payload))
        self.batches.append(len(messages))
        self.received_us += [message.received_us for message in messages]
        return effects


def kept(database: Database) -> list[str]:
    with database.read() as session:
        rows = session.connection().execute(text("SELECT key FROM series WHERE device = 'kept' ORDER BY id"))
        return [row[0] for row in rows]


def dead_letters(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.exec(select(DeadLetter).order_by(col(DeadLetter.id))).all()
        return [(row.code, row.payload[:20].decode(errors="replace")) for row in rows]


@asynccontextmanager
async def run_hub(
    bus: Bus, database: Database, keeper: Keeper, changes: Changes | None = None, **options: Any
) -> AsyncIterator[Hub]:
    hub_id = options.pop("hub_id", "lab-hub-0")
    hub = Hub(
        make_transport(bus, hub_id, clean_session=False, protocol=options.pop("protocol", "3.1.1")),
        database,
        [keeper],
        changes or Changes(),
        options.pop("clock", None) or ManualClock(),
        hub_id=hub_id,
        **{"max_payload_bytes": LIMIT, **options},
    )
    await hub.start()
    try:
        await soon(hub.wait_connected())
        yield hub
    finally:
        keeper.go_on.set()
        await hub.stop()


async def test_a_message_is_committed_then_answered_and_announced(bus: Bus, sqlite: Database) -> None:
    keeper, changes = Keeper(), Changes()
    with changes.subscribe("kept") as subscription:
        async with (
            run_hub(bus, sqlite, keeper, changes),
            connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate,
        ):
            await soon(gate.publish(f"{GATE}/gate/passage", b"one"))
            assert told(await take(gate, 1)) == [(f"{GATE}/gate/committed/set", b"one")]
            assert await soon(subscription.next()) == {"kept"}
    assert kept(sqlite) == ["one"]


async def test_what_arrives_during_a_transaction_is_one_batch(bus: Bus, sqlite: Database) -> None:
    keeper = Keeper()
    keeper.go_on.clear()
    async with run_hub(bus, sqlite, keeper) as hub, connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate:
        await soon(gate.publish(f"{GATE}/gate/passage", b"first"))
        await soon(asyncio.to_thread(keeper.busy.wait, 10))
        for number in range(40):
            await soon(gate.publish(f"{GATE}/gate/passage", f"{number}".encode()))
        await until(lambda: hub.waiting == 40)
        keeper.go_on.set()
        await take(gate, 41)
    assert keeper.batches == [1, 40]


async def test_poison_is_set_aside_and_the_rest_of_its_batch_is_kept(bus: Bus, sqlite: Database) -> None:
    keeper = Keeper()
    async with run_hub(bus, sqlite, keeper), connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate:
        for payload in (b"1", b"bad one", b"2", b"bad two", b"3"):
            await soon(gate.publish(f"{GATE}/gate/passage", payload))
        await take(gate, 3)
    assert kept(sqlite) == ["1", "2", "3"]
    assert dead_letters(sqlite) == [("message_invalid", "bad one"), ("message_invalid", "bad two")]
    with sqlite.read() as session:
        rows = session.exec(select(AuditRecord)).all()
        told_in_audit = [(row.action, row.subject) for row in rows if row.action == "message_set_aside"]
        assert audit.verify(session).ok
    assert told_in_audit == [("message_set_aside", "device:gate-a1b2c3")]


async def test_a_giant_that_a_foreign_broker_lets_through_is_set_aside(bus: Bus, sqlite: Database) -> None:
    async with (
        run_hub(bus, sqlite, Keeper(), max_payload_bytes=1000),
        connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate,
    ):
        await soon(gate.publish(f"{GATE}/gate/passage", b"x" * 1001))
        await soon(gate.publish(f"{GATE}/gate/passage", b"after"))
        await take(gate, 1)
    assert kept(sqlite) == ["after"]
    assert dead_letters(sqlite) == [("payload_too_large", "x" * 20)]


async def test_a_broker_that_is_restarted_loses_nothing(bus: Bus, sqlite: Database) -> None:
    keeper = Keeper()
    async with run_hub(bus, sqlite, keeper) as hub, connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate:
        await soon(gate.publish(f"{GATE}/gate/passage", b"before"))
        await take(gate, 1)
        await bus.stop()
        await until(lambda: not hub.connected and not gate.connected.is_set())
        waiting = [gate.publish(f"{GATE}/gate/passage", f"during {number}".encode()) for number in range(5)]
        await bus.start()
        await soon(asyncio.gather(*waiting))
        await soon(hub.wait_connected())
        await soon(gate.publish(f"{GATE}/gate/passage", b"after"))
        await take_until(gate, b"after")
    assert kept(sqlite) == ["before", *(f"during {number}" for number in range(5)), "after"]


async def test_a_broker_that_is_killed_loses_nothing_that_its_sender_keeps_until_committed(
    bus: Bus, sqlite: Database
) -> None:
    keeper = Keeper()
    async with run_hub(bus, sqlite, keeper) as hub, connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate:
        unanswered = {f"{number}".encode() for number in range(50)}
        for payload in unanswered:
            gate.publish(f"{GATE}/gate/passage", payload)
        unanswered -= {message.payload for message in await take(gate, 10)}
        await bus.kill()
        await until(lambda: not hub.connected and not gate.connected.is_set())
        await bus.start()
        await soon(asyncio.gather(hub.wait_connected(), gate.connected.wait()))
        for payload in unanswered:
            gate.publish(f"{GATE}/gate/passage", payload)
        while unanswered:
            unanswered -= {message.payload for message in await take(gate, 1)}
    assert sorted(kept(sqlite), key=int) == [str(number) for number in range(50)]


async def take_until(transport: Any, payload: bytes) -> None:
    while (await take(transport, 1))[0].payload != payload:
        pass


async def test_a_row_that_another_worker_took_away_meanwhile_is_no_end_of_the_hub(
    embedded: Bus, sqlite: Database
) -> None:
    keeper = Keeper()

    def fail_once() -> None:
        keeper.fail = lambda: None
        raise StaleDataError("UPDATE statement on table 'devices' expected to update 1 row(s)")

    keeper.fail = fail_once
    async with (
        connect(embedded, "gate-a1b2c3", f"{GATE}/+/+/set") as gate,
        run_hub(embedded, sqlite, keeper),
    ):
        gate.publish(f"{GATE}/gate/passage", b"again")
        assert told(await take(gate, 1)) == [(f"{GATE}/gate/committed/set", b"again")]
    assert kept(sqlite) == ["again"]


async def test_a_hub_that_stops_before_its_commit_gets_the_message_again(bus: Bus, sqlite: Database) -> None:
    keeper = Keeper()
    failing = threading.Event()

    def fail() -> None:
        failing.set()
        raise OperationalError("INSERT", {}, Exception("disk full"))

    keeper.fail = fail
    async with connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate:
        async with run_hub(bus, sqlite, keeper) as hub:
            await soon(gate.publish(f"{GATE}/gate/passage", b"kept for later"))
            await soon(asyncio.to_thread(failing.wait, 10))
            await until(lambda: not hub.storing)
        assert kept(sqlite) == []
        keeper.fail = lambda: None
        async with run_hub(bus, sqlite, keeper):
            assert told(await take(gate, 1)) == [(f"{GATE}/gate/committed/set", b"kept for later")]
    assert kept(sqlite) == ["kept for later"]


async def test_what_waits_for_the_database_is_dated_by_its_arrival(bus: Bus, sqlite: Database) -> None:
    keeper, clock = Keeper(), ManualClock()
    arrived_us = clock.now_us()
    keeper.go_on.clear()
    async with (
        run_hub(bus, sqlite, keeper, clock=clock) as hub,
        connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate,
    ):
        await soon(gate.publish(f"{GATE}/gate/passage", b"0"))
        await soon(asyncio.to_thread(keeper.busy.wait, 10))
        for payload in (b"1", b"2"):
            await soon(gate.publish(f"{GATE}/gate/passage", payload))
        await until(lambda: hub.waiting == 2)
        clock.advance(s=60)
        keeper.go_on.set()
        await take(gate, 3)
    assert keeper.received_us == [arrived_us, arrived_us + 1, arrived_us + 2]


async def test_workers_hear_of_each_others_changes(bus: Bus, sqlite: Database) -> None:
    here, there = Changes(), Changes()
    with here.subscribe("championship:cup") as own, there.subscribe("championship:cup") as others:
        async with (
            run_hub(bus, sqlite, Keeper(), here, hub_id="lab-hub-0", forward_changes=True),
            run_hub(bus, sqlite, Keeper(), there, hub_id="lab-hub-1", forward_changes=True),
        ):
            await asyncio.to_thread(here.announce, ["championship:cup"])
            assert await soon(others.next()) == {"championship:cup"}
            assert await soon(own.next()) == {"championship:cup"}


@pytest.mark.peer
async def test_two_workers_share_the_work_of_an_mqtt_5_broker(sqlite: Database) -> None:
    first, second = Keeper(), Keeper()
    with run_mosquitto(ACCOUNTS) as mosquitto:
        bus = MosquittoBus(mosquitto)
        async with (
            run_hub(bus, sqlite, first, hub_id="lab-hub-0", shared=True, protocol="5"),
            run_hub(bus, sqlite, second, hub_id="lab-hub-1", shared=True, protocol="5"),
            connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate,
        ):
            for number in range(20):
                await soon(gate.publish(f"{GATE}/gate/passage", f"{number}".encode()))
            await take(gate, 20)
    assert sorted(kept(sqlite), key=int) == [str(number) for number in range(20)]
    assert (sum(first.batches) + sum(second.batches), sum(first.batches) > 0, sum(second.batches) > 0) == (
        20,
        True,
        True,
    )


class Listener(Keeper):
    """Hears states and alerts in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[bytes] = []

    def wants(self, topic: Topic) -> bool:
        return topic.kind in ("state", "alert") or topic.prop == "blocked"

    def store(self, session: Session, messages: Sequence[Inbound]) -> Effects:
        self.heard += [message.payload for message in messages]
        return Effects()


@pytest.mark.peer
async def test_every_worker_hears_in_order_what_stays_true_until_the_next_word(sqlite: Database) -> None:
    first, second = Listener(), Listener()
    said = [f"{number}".encode() for number in range(20)]
    with run_mosquitto(ACCOUNTS) as mosquitto:
        bus = MosquittoBus(mosquitto)
        # Beside the copy for every worker comes a shared one, for one of the two.
        for place, copies in (("$state", 40), ("$alert/beam", 60), ("gate/blocked", 60)):
            async with (
                run_hub(bus, sqlite, first, hub_id="lab-hub-0", shared=True, protocol="5"),
                run_hub(bus, sqlite, second, hub_id="lab-hub-1", shared=True, protocol="5"),
                connect(bus, "gate-a1b2c3") as gate,
            ):
                for payload in said:
                    await soon(gate.publish(f"{GATE}/{place}", payload))
                await until(lambda copies=copies: len(first.heard) + len(second.heard) == copies)
                for listener in (first, second):
                    assert list(dict.fromkeys(listener.heard)) == said
                    assert listener.heard == sorted(listener.heard, key=int)
                    listener.heard.clear()


async def test_a_command_from_a_thread_reaches_the_device(bus: Bus, sqlite: Database) -> None:
    async with run_hub(bus, sqlite, Keeper()) as hub, connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate:
        payload = json.dumps({"armed": True}).encode()
        topic = Topic("gate-a1b2c3", "set", "gate", "arm")
        await asyncio.to_thread(hub.publish_from_thread, [Outbound(topic, payload)])
        assert told(await take(gate, 1)) == [(f"{GATE}/gate/arm/set", payload)]


def test_a_hub_that_does_not_run_says_so(sqlite: Database) -> None:
    async def make() -> Hub:
        transport = make_transport(type("Nobody", (), {"port": 1})(), "lab-hub-0")
        return Hub(
            transport, sqlite, [], Changes(), ManualClock(), hub_id="lab-hub-0", max_payload_bytes=LIMIT
        )

    hub = asyncio.run(make())
    with pytest.raises(Unavailable):
        hub.publish_from_thread([])
