"""What waits for the hub, while the line to the broker is full or away."""

import asyncio
from pathlib import Path
from typing import cast

from devices.agent.delivery import Delivery
from devices.agent.shelf import KeptItem, Shelf
from devices.agent.streams import Streams
from devices.agent.twin import Twin
from devices.driver import Measured
from devices.errors import TransportError
from devices.protocols.plotter import Sample
from devices.transports.mqtt import MqttTransport

ITEM = KeptItem("gate-a1b2c3", "5f3a", 1, "lab/5/gate-a1b2c3/gate/passage", "{}")


class Line:
    """A transport that refuses as long as it is full."""

    def __init__(self) -> None:
        self.full = True
        self.tried = 0

    def publish(self, topic: str, payload: bytes) -> "asyncio.Future[None]":
        self.tried += 1
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.full:
            done.set_exception(TransportError("queue_full"))
        else:
            done.set_result(None)
        return done


def times_tried(line: Line, delivery: Delivery, from_s: int, to_s: int) -> list[int]:
    """The seconds at which the delivery tried again."""
    tried = []
    for second in range(from_s, to_s):
        before = line.tried
        delivery.repeat(second * 1_000_000)
        if line.tried > before:
            tried.append(second)
    return tried


async def test_a_passage_that_a_full_line_refused_is_tried_steadily_and_one_that_was_taken_ever_more_rarely(
    tmp_path: Path,
) -> None:
    line = Line()
    delivery = Delivery(cast(MqttTransport, line), Shelf(tmp_path / "a.sqlite3", lambda trouble: None))
    delivery.restore([ITEM], 0)
    assert times_tried(line, delivery, 1, 10) == [2, 4, 6, 8]
    line.full = False
    assert times_tried(line, delivery, 10, 60) == [10, 12, 16, 24, 40]
    delivery.commit(ITEM.device, ITEM.boot, [ITEM.seq])
    assert (delivery.waiting, times_tried(line, delivery, 60, 600)) == (0, [])


async def test_a_pupils_numbers_do_not_queue_up_while_there_is_no_broker() -> None:
    said: list[str] = []
    online = [False]
    twin = Twin(
        "gate-a1b2c3",
        lambda topic, payload, *, retain, qos=1: said.append(topic),
        lambda: online[0],
        kind="gate",
        nodes={},
    )
    streams = Streams(twin)
    for second in range(100):
        streams.add(Measured((Sample("temp", "temp", 20.5),), second * 1_000_000))
        streams.tick(second * 1_000_000 + 300_000)
    assert said == []
    online[0] = True
    streams.add(Measured((Sample("temp", "temp", 20.5),), 100_000_000))
    streams.tick(100_300_000)
    assert said == ["lab/5/gate-a1b2c3/telemetry/stream"]
