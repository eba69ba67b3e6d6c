"""What the lab needs of any broker, held by the embedded one and by Mosquitto."""

import asyncio
from contextlib import suppress

import pytest

from devices.errors import TransportError
from devices.transports.mqtt import MqttTransport, Will
from tests.lab_controller.bus.conftest import Bus, connect, make_transport, soon, take, told

ALL = "lab/5/#"
GATE = "lab/5/gate-a1b2c3"


async def test_a_message_reaches_the_hub(bus: Bus) -> None:
    async with connect(bus, "lab-hub-0", ALL) as hub, connect(bus, "gate-a1b2c3") as gate:
        await soon(gate.publish(f"{GATE}/gate/passage", b'{"seq":1}'))
        (message,) = await take(hub, 1)
        assert (message.topic, message.payload, message.qos, message.retained) == (
            f"{GATE}/gate/passage",
            b'{"seq":1}',
            1,
            False,
        )


@pytest.mark.parametrize(
    ("username", "password"),
    [("gate-a1b2c3", "wrong"), ("nobody", "nobody"), (None, None), ("gate-a1b2c3", None)],
)
async def test_a_stranger_is_refused(bus: Bus, username: str | None, password: str | None) -> None:
    refused = asyncio.Event()
    transport = make_transport(bus, username or "gate-a1b2c3", username=username, password=password)
    transport.on_state = lambda up, _reason: None if up else refused.set()
    await transport.start()
    await soon(refused.wait())
    assert not transport.connected.is_set()
    await transport.stop()


async def test_a_stranger_cannot_cut_off_the_one_whose_name_it_uses(bus: Bus) -> None:
    async with connect(bus, "lab-hub-0", ALL, clean_session=False) as hub:
        lost = asyncio.Event()
        hub.on_state = lambda up, _reason: None if up else lost.set()
        for clean in (True, False):
            refused = asyncio.Event()
            stranger = make_transport(bus, "lab-hub-0", password="guess", clean_session=clean)
            stranger.on_state = lambda up, _reason, refused=refused: None if up else refused.set()
            await stranger.start()
            await soon(refused.wait())
            await stranger.stop()
        async with connect(bus, "gate-a1b2c3") as gate:
            await soon(gate.publish(f"{GATE}/gate/passage", b"1"))
        assert told(await take(hub, 1)) == [(f"{GATE}/gate/passage", b"1")]
        assert not lost.is_set()


async def test_publishing_outside_ones_own_topics_reaches_nobody(bus: Bus) -> None:
    async with (
        connect(bus, "lab-hub-0", ALL) as hub,
        connect(bus, "gate-a1b2c3") as gate,
        connect(bus, "agent-room-1") as agent,
    ):
        for topic in ("lab/5/gate-ffffff/gate/passage", f"{GATE}/gate/arm/set", "lab/5/$broadcast/alarm"):
            await soon(gate.publish(topic, b"stolen"))
        await soon(agent.publish(f"{GATE}/gate/arm/set", b"stolen"))
        await soon(agent.publish("lab/5/lab-hub-0/changes/keys", b"stolen"))
        await soon(gate.publish(f"{GATE}/gate/passage", b"own"))
        await soon(agent.publish("lab/5/gate-ffffff/gate/passage", b"own"))
        heard: list[tuple[str, bytes]] = []
        while len(heard) < 2:
            # The embedded broker says of a device what it has tried.
            heard += [each for each in told(await take(hub, 1)) if "/$alert/publish-refused" not in each[0]]
        assert sorted(heard) == [
            (f"{GATE}/gate/passage", b"own"),
            ("lab/5/gate-ffffff/gate/passage", b"own"),
        ]


async def test_a_device_hears_its_commands_and_no_one_elses(bus: Bus) -> None:
    async with connect(bus, "lab-hub-0") as hub, connect(bus, "gate-a1b2c3", f"{GATE}/+/+/set") as gate:
        await soon(hub.publish("lab/5/gate-ffffff/gate/arm/set", b"other"))
        await soon(hub.publish(f"{GATE}/gate/arm/set", b"mine"))
        assert told(await take(gate, 1)) == [(f"{GATE}/gate/arm/set", b"mine")]


async def test_what_is_retained_waits_for_a_new_listener_and_goes_when_cleared(bus: Bus) -> None:
    async with connect(bus, "gate-a1b2c3") as gate:
        await soon(gate.publish(f"{GATE}/$state", b"ready", retain=True))
        await soon(gate.publish(f"{GATE}/$alert/x", b"trouble", retain=True))
        await soon(gate.publish(f"{GATE}/$alert/x", b"", retain=True))
    async with connect(bus, "lab-hub-0", ALL) as hub, connect(bus, "gate-ffffff") as other:
        await soon(other.publish("lab/5/gate-ffffff/gate/passage", b"live"))
        first, second = await take(hub, 2)
        assert (first.topic, first.payload, first.retained) == (f"{GATE}/$state", b"ready", True)
        assert (second.payload, second.retained) == (b"live", False)


async def test_a_will_is_told_when_a_device_vanishes_and_not_when_it_says_goodbye(bus: Bus) -> None:
    will = Will(f"{GATE}/$state", b"lost")
    async with connect(bus, "lab-hub-0", ALL) as hub:
        async with connect(bus, "gate-a1b2c3", will=will):
            pass
        gate = make_transport(bus, "gate-a1b2c3", will=will)
        await gate.start()
        await soon(gate.connected.wait())
        await vanish(gate)
        assert told(await take(hub, 1)) == [(f"{GATE}/$state", b"lost")]


async def vanish(transport: MqttTransport) -> None:
    """Tear the connection as a pulled cable does, and do not come back."""
    connection = transport._connection
    assert connection is not None
    assert transport._task is not None
    connection.client._sock.close()
    transport._task.cancel()
    with suppress(asyncio.CancelledError):
        await transport._task


async def test_what_a_dead_hub_had_not_acknowledged_comes_again_and_in_order(bus: Bus) -> None:
    topics = [f"{GATE}/gate/p{number}" for number in range(8)]
    hub = make_transport(bus, "lab-hub-0", clean_session=False)
    await hub.subscribe([ALL])
    await hub.start()
    await soon(hub.connected.wait())
    async with connect(bus, "gate-a1b2c3") as gate:
        for topic in topics[:4]:
            await soon(gate.publish(topic, b"1"))
        seen = []
        async with asyncio.timeout(10):
            async for message in hub.messages():
                seen.append(message)
                if len(seen) == 4:
                    break
        seen[0].ack()
        await vanish(hub)
        for topic in topics[4:]:
            await soon(gate.publish(topic, b"1"))
    async with connect(bus, "lab-hub-0", ALL, clean_session=False) as hub:
        again: list[str] = []
        while topics[7] not in again:
            (message,) = await take(hub, 1)
            assert not message.retained
            again.append(message.topic)
    assert [t for t in again if t in topics[1:]] == topics[1:]


async def test_a_megabyte_is_dropped_and_its_sender_goes_on(bus: Bus) -> None:
    async with connect(bus, "lab-hub-0", ALL) as hub, connect(bus, "gate-a1b2c3") as gate:
        for qos in (0, 1):
            await soon(gate.publish(f"{GATE}/gate/passage", bytes(1_000_000), qos=qos))
            await soon(gate.publish(f"{GATE}/gate/passage", b"small", qos=qos))
        assert told(await take(hub, 2)) == [(f"{GATE}/gate/passage", b"small")] * 2


async def test_a_second_connection_with_one_name_takes_over_and_hears_everything(bus: Bus) -> None:
    command = f"{GATE}/gate/arm/set"
    older = make_transport(bus, "gate-a1b2c3", clean_session=False, will=Will(f"{GATE}/$state", b"lost"))
    await older.subscribe([f"{GATE}/+/+/set"])
    await older.start()
    await soon(older.connected.wait())
    older_lost = asyncio.Event()
    older.on_state = lambda up, _reason: None if up else older_lost.set()
    async with connect(bus, "lab-hub-0") as hub:
        newer = make_transport(bus, "gate-a1b2c3", clean_session=False)
        await newer.subscribe([f"{GATE}/+/+/set"])
        await newer.start()
        await soon(older_lost.wait())
        await older.stop()
        await soon(newer.connected.wait())
        await soon(hub.publish(command, b"1"))
        assert told(await take(newer, 1)) == [(command, b"1")]
        await newer.stop()


async def test_a_will_on_anothers_topic_never_sounds(bus: Bus) -> None:
    async with connect(bus, "lab-hub-0", ALL) as hub:
        thief = make_transport(bus, "gate-a1b2c3", will=Will("lab/5/gate-ffffff/$state", b"lost"))
        answered = asyncio.Event()
        thief.on_state = lambda _up, _reason: answered.set()
        await thief.start()
        await soon(answered.wait())
        if thief.connected.is_set():
            await vanish(thief)
        await thief.stop()
        async with connect(bus, "gate-ffffff") as other:
            await soon(other.publish("lab/5/gate-ffffff/gate/passage", b"own"))
        assert told(await take(hub, 1)) == [("lab/5/gate-ffffff/gate/passage", b"own")]


async def test_a_subscription_to_everything_is_refused_to_a_device(bus: Bus) -> None:
    async with connect(bus, "gate-a1b2c3") as gate, connect(bus, "gate-ffffff") as other:
        with suppress(TransportError):
            await soon(gate.subscribe(["lab/5/#"]))
        await soon(gate.subscribe([f"{GATE}/#"]))
        await soon(other.publish("lab/5/gate-ffffff/gate/passage", b"private"))
        await soon(gate.publish(f"{GATE}/gate/passage", b"own"))
        assert told(await take(gate, 1)) == [(f"{GATE}/gate/passage", b"own")]
