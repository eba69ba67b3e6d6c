"""Gates that speak MQTT themselves have their clocks measured too."""

import asyncio
import json

import pytest

from devices.clock import MonotonicClock
from devices.timekeeper import Timekeeper
from devices.timing import FitSnapshot
from lab_controller.clock import ManualClock
from tests.devices.agent.room import transport
from tests.devices.waiting import until

DEVICE = "lab/5/gate-e5b32a"
SYNC = {"datatype": "json", "settable": True}
DESCRIPTION = json.dumps({"nodes": {"clock": {"properties": {"sync": SYNC}}}})


class Post:
    """A transport that keeps what is published."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict]] = []

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self.sent.append((topic, json.loads(payload)))


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def keeper(post) -> Timekeeper:
    keeper = Timekeeper(post, ManualClock(5_000_000), "room")
    keeper.hear(f"{DEVICE}/$description", DESCRIPTION.encode(), 0)
    keeper.hear(f"{DEVICE}/$state", b"ready", 0)
    return keeper


def answer(post, **told) -> bytes:
    """To the last question."""
    token = post.sent[-1][1]["token"]
    return json.dumps({"token": token, "boot": "5f3a", "us": 1_000_000, **told}).encode()


def test_an_answer_makes_a_fit_that_holds_the_offset(keeper, post):
    keeper.ask()
    keeper.hear(f"{DEVICE}/clock/sync", answer(post), 5_004_000)
    assert post.sent[0][0] == f"{DEVICE}/clock/sync/set"
    topic, told = post.sent[1]
    assert topic == f"{DEVICE}/clock/fit"
    lo, hi = FitSnapshot(**told).host_interval(1_000_000)
    assert (lo <= 5_000_000, hi >= 5_004_000, hi - lo < 4_100) == (True, True, True)


@pytest.mark.parametrize("payload", [b"", b"[" * 100_000, b"\xff"], ids=range(3))
def test_what_is_no_object_makes_no_fit(keeper, post, payload):
    keeper.ask()
    keeper.hear(f"{DEVICE}/clock/sync", payload, 5_004_000)
    assert len(post.sent) == 1


@pytest.mark.parametrize("wrong", [{"token": "t9"}, {"boot": 5}, {"us": -1}, {"us": True}, {"us": 2**70}])
def test_what_is_no_answer_makes_no_fit(keeper, post, wrong):
    keeper.ask()
    keeper.hear(f"{DEVICE}/clock/sync", answer(post, **wrong), 5_004_000)
    assert len(post.sent) == 1


def test_an_answer_that_was_kept_for_an_earlier_timekeeper_makes_no_fit(keeper, post):
    keeper.ask()
    kept = answer(post)
    another = Timekeeper(post, ManualClock(9_000_000), "room")
    another.hear(f"{DEVICE}/$description", DESCRIPTION.encode(), 0)
    another.hear(f"{DEVICE}/$state", b"ready", 0)
    another.ask()
    another.hear(f"{DEVICE}/clock/sync", kept, 9_000_100)
    assert len(post.sent) == 2


def test_a_gate_behind_an_agent_or_out_of_reach_is_not_asked(post):
    keeper = Timekeeper(post, ManualClock(1_000_000_000), "room")
    keeper.hear("lab/5/gate-a1b2c3/$state", b"ready", 0)
    keeper.hear("lab/5/gate-a1b2c3/$description", b"{}", 0)
    keeper.hear(f"{DEVICE}/$description", DESCRIPTION.encode(), 0)
    keeper.hear(f"{DEVICE}/$state", b"lost", 0)
    keeper.ask()
    assert post.sent == []


@pytest.mark.peer
async def test_a_gate_on_a_real_broker_gets_its_fit(broker):
    gate = transport(broker, "gate-e5b32a")
    await gate.subscribe([f"{DEVICE}/#"])
    await gate.start()
    await gate.connected.wait()
    gate.publish(f"{DEVICE}/$description", DESCRIPTION.encode(), retain=True)
    gate.publish(f"{DEVICE}/$state", b"ready", retain=True)
    clock, fits = MonotonicClock(), []

    async def play() -> None:
        async for message in gate.messages():
            message.ack()
            if message.topic.endswith("sync/set"):
                told = {**json.loads(message.payload), "boot": "5f3a", "us": clock.now_us() // 2}
                gate.publish(f"{DEVICE}/clock/sync", json.dumps(told).encode())
            elif message.topic.endswith("clock/fit"):
                fits.append(FitSnapshot.from_json(message.payload))

    keeper = Timekeeper(transport(broker, "lab-hub-2"), clock, "room")
    tasks = [asyncio.create_task(play()), asyncio.create_task(keeper.run())]
    await until(lambda: fits)
    assert (fits[0].boot, fits[0].clock_id) == ("5f3a", "room")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await gate.stop()
