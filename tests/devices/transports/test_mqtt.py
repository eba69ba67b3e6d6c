"""The bus client comes back, keeps what was not acknowledged, and says why it is not connected."""

import asyncio
import socket

import pytest

from devices.errors import TransportError
from devices.transports.mqtt import MqttTransport, Will
from tests.devices.waiting import until
from tests.peers.parts import free_port

pytestmark = pytest.mark.peer


def client(broker, name: str = "lab-hub-1", password: str | None = None, **options) -> MqttTransport:
    return MqttTransport(
        client_id=name,
        host="127.0.0.1",
        port=broker.port,
        username=name,
        password=password or name,
        **options,
    )


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_messages_come_in_order_and_are_acknowledged_by_hand(broker, protocol):
    hub, other = client(broker, protocol=protocol), client(broker, "lab-hub-2", protocol=protocol)
    await hub.subscribe(["lab/5/+/gate/passage"])
    await hub.start()
    await other.start()
    await hub.connected.wait()
    sent = [other.publish("lab/5/gate-e5b32a/gate/passage", b"%d" % number) for number in range(300)]
    await asyncio.gather(*sent)
    heard = hub.messages()
    messages = [await anext(heard) for _ in range(300)]
    for message in messages:
        message.ack()
    assert [message.payload for message in messages] == [b"%d" % number for number in range(300)]
    await hub.stop()
    await other.stop()


async def test_a_queue_full_of_events_has_room_to_say_that_one_is_back(broker, monkeypatch):
    monkeypatch.setattr("devices.transports.mqtt.OUTBOX_LIMIT", 2)
    agent, hub = client(broker, "lab-hub-2"), client(broker)
    events = [agent.publish("lab/5/kit/mailbox/received", b"%d" % number) for number in range(3)]
    state = agent.publish("lab/5/agent-1/$state", b"ready", retain=True)
    with pytest.raises(TransportError, match="queue_full"):
        await events[2]
    await hub.subscribe(["lab/5/#"])
    await hub.start()
    await hub.connected.wait()
    await agent.start()
    await asyncio.gather(*events[:2], state)
    heard = hub.messages()
    assert [(await anext(heard)).payload for _ in range(3)] == [b"0", b"1", b"ready"]
    await agent.stop()
    await hub.stop()


async def test_what_was_not_acknowledged_comes_again_after_a_broker_was_killed(broker):
    hub = client(broker, clean_session=False)
    await hub.subscribe(["lab/5/+/gate/passage"])
    await hub.start()
    await hub.connected.wait()
    heard = hub.messages()
    published = hub.publish("lab/5/gate-e5b32a/gate/passage", b"1")
    first = await anext(heard)
    await published
    await hub.stop()
    again = client(broker, clean_session=False)
    await again.start()
    second = await anext(again.messages())
    assert (first.payload, second.payload) == (b"1", b"1")
    second.ack()
    await again.stop()


async def test_a_message_published_without_a_broker_arrives_when_it_is_back(broker):
    states = []
    hub, other = client(broker), client(broker, "lab-hub-2")
    other.on_state = lambda up, reason: states.append((up, reason))
    await hub.subscribe(["lab/5/#"])
    await other.start()
    await other.connected.wait()
    broker.kill()
    await until(lambda: not other.connected.is_set())
    waiting = other.publish("lab/5/gate-e5b32a/$state", b"ready", retain=True)
    broker.start()
    await asyncio.wait_for(waiting, 8)
    await hub.start()
    message = await anext(hub.messages())
    assert (message.payload, message.retained) == (b"ready", True)
    assert states[:2] == [(True, "connected"), (False, "lost")]
    assert states[-1] == (True, "connected")
    await hub.stop()
    await other.stop()


async def test_a_will_is_left_by_a_client_that_vanishes(broker):
    hub = client(broker)
    await hub.subscribe(["lab/5/+/$state"])
    await hub.start()
    await hub.connected.wait()
    doomed = client(broker, "agent-r1", will=Will("lab/5/agent-r1/$state", b"lost"))
    await doomed.start()
    await doomed.connected.wait()
    doomed._connection.client.socket().shutdown(socket.SHUT_RDWR)
    doomed._task.cancel()
    message = await anext(hub.messages())
    assert (message.topic, message.payload) == ("lab/5/agent-r1/$state", b"lost")
    await hub.stop()


async def test_a_wrong_password_is_told_by_its_name(broker):
    states = []
    stranger = client(broker, password="wrong")
    stranger.on_state = lambda up, reason: states.append((up, reason))
    await stranger.start()
    await until(lambda: states)
    assert states[0] == (False, "not_authorized")
    await stranger.stop()


async def test_a_broker_that_is_not_there_is_told_and_stopping_is_quick():
    states = []
    lonely = MqttTransport(client_id="x", host="127.0.0.1", port=free_port())
    lonely.on_state = lambda up, reason: states.append((up, reason))
    await lonely.start()
    await until(lambda: states)
    assert states[0] == (False, "unreachable")
    unsent = lonely.publish("a", b"", qos=0)
    kept = lonely.publish("a", b"", qos=1)
    await asyncio.wait_for(lonely.stop(), 2)
    with pytest.raises(TransportError) as told:
        await unsent
    assert told.value.code == "not_connected"
    with pytest.raises(TransportError) as told:
        await kept
    assert told.value.code == "stopped"
