"""A kit's page, live: everything that happens, once, in order, soon."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lab_controller.bus.changes import console_key, device_key, job_key, points_key
from lab_controller.lab import Lab
from tests.web.kits import UNO, add_room, agent_of_room, say, set_latest
from tests.web.test_live import Client
from web.live.channels import Channels
from web.live.feed import MOST_PIECES, Feed, Reader
from web.live.frames import Piece
from web.live.kit import KitSource
from web.live.stream import FeedStream

KEYS = [device_key(UNO), job_key(UNO), console_key(UNO), points_key(UNO)]


@pytest.fixture(autouse=True)
def room(lab: Lab) -> None:
    add_room(lab)


@asynccontextmanager
async def watching(lab: Lab, client: Client) -> AsyncIterator[None]:
    stream = FeedStream(Channels(lab.changes), "kit", KEYS, lambda: KitSource(lab, UNO, "en"))
    task = asyncio.create_task(stream(client.scope, client.receive, client.send))
    try:
        await client.until(1)
        yield
    finally:
        client.left.set()
        await task


def told(client: Client) -> list[tuple[str, Any]]:
    """(event, data) of everything that was sent."""
    found = []
    for event in client.events:
        lines = dict(line.split(": ", 1) for line in event.splitlines() if ": " in line)
        found.append((lines["event"], json.loads(lines["data"])))
    return found


def stream_of(us: list[int], values: list[float], key: str = "light") -> dict[str, Any]:
    return {"key": key, "unit": "lx", "us": us, "values": values}


async def test_what_a_kit_prints_and_measures_comes_once_and_in_order(lab: Lab) -> None:
    client = Client()
    async with agent_of_room(lab) as agent, watching(lab, client):
        assert [event for event, _ in told(client)] == ["snapshot"]
        say(agent, f"{UNO}/console/printed", {"us": 1, "text": "hello", "skipped": 0})
        await client.until(2)
        say(agent, f"{UNO}/console/printed", {"us": 2, "text": " world", "skipped": 3})
        await client.until(3)
        chunks = [chunk for event, data in told(client) if event == "console" for chunk in data["chunks"]]
        assert [(chunk["text"], chunk["skipped"]) for chunk in chunks] == [("hello", 0), (" world", 3)]
        say(agent, f"{UNO}/telemetry/stream", stream_of([0, 1000], [1, 2]))
        await client.until(5)
        say(agent, f"{UNO}/telemetry/stream", stream_of([2000], [3]))
        await client.until(6)
    assert [event for event, _ in told(client)][3:] == ["kit", "points", "points"]
    (_, kit), (_, first), (_, second) = told(client)[3:]
    assert [each["key"] for each in kit["series"]] == ["telemetry/light"]
    points = first["series"][0]["points"] + second["series"][0]["points"]
    assert [value for _, value in points] == [1.0, 2.0, 3.0]
    assert [at_us - points[0][0] for at_us, _ in points] == [0, 1000, 2000]


async def test_each_word_about_an_upload_is_told(lab: Lab) -> None:
    client = Client()
    async with watching(lab, client):
        job = lab.programs.submit("test", UNO, "a.hex", b"x", slot=None, run=True, key="k")
        await client.until(2)
        lab.programs.cancel("test", job.id)
        await client.until(3)
    jobs = [data for event, data in told(client) if event == "job"]
    assert [(each["id"], each["state"], each["can_cancel"]) for each in jobs] == [
        (job.id, "queued", True),
        (job.id, "queued", False),
    ]


async def test_a_state_that_is_the_same_is_not_told_again(lab: Lab) -> None:
    client = Client()
    async with watching(lab, client):
        lab.changes.announce([device_key(UNO)])
        await client.until(2)
        lab.changes.announce([device_key(UNO)])
        await asyncio.to_thread(set_latest, lab, UNO, {"battery/percent": "12"})
        lab.changes.announce([device_key(UNO)])
        await client.until(3)
    kits = [data for event, data in told(client) if event == "kit"]
    assert [kit["battery"]["percent"] for kit in kits] == [81.0, 12.0]
    assert all("jobs" not in kit and "chunks" not in kit["console"] for kit in kits)


async def test_each_point_is_on_its_way_to_the_page_before_the_next_is_measured(lab: Lab) -> None:
    client = Client()
    async with agent_of_room(lab) as agent, watching(lab, client):
        say(agent, f"{UNO}/telemetry/stream", stream_of([0], [0]))
        await client.until(3)
        for number in range(1, 21):
            say(agent, f"{UNO}/telemetry/stream", stream_of([number * 1000], [number]))
            await client.until(3 + number)
    points = [data["series"][0]["points"] for event, data in told(client) if event == "points"]
    assert [value for each in points for _, value in each][-20:] == list(range(1, 21))


class Numbers:
    """A source that tells a number at each question."""

    def __init__(self) -> None:
        self.number = 0
        self.slow: dict[str, float] = {}

    def snapshot(self) -> Piece:
        return Piece(b"snapshot %d" % self.number)

    def news(self, changed: frozenset[str]) -> list[Piece]:
        self.number += 1
        return [Piece(b"%d" % self.number)]


async def read(reader: Reader, count: int) -> list[bytes]:
    async with asyncio.timeout(5):
        pieces = [await reader.next() for _ in range(count)]
    return [piece.plain for piece in pieces if piece is not None]


async def test_who_reads_too_slowly_begins_anew_and_holds_up_nobody(lab: Lab) -> None:
    feed = Feed(lab.changes, ["k"], Numbers())
    slow, quick = feed.join(), feed.join()
    pieces = [Piece(b"%d" % number) for number in range(MOST_PIECES)]
    for reader in (slow, quick):
        reader.push(pieces)
    assert await read(quick, MOST_PIECES) == [piece.plain for piece in pieces]
    for reader in (slow, quick):
        reader.push([Piece(b"last")])
    assert (await read(slow, 1), await read(quick, 1)) == ([b"snapshot 0"], [b"last"])
    lab.changes.announce(["k"])
    assert (await read(slow, 1), await read(quick, 1)) == ([b"1"], [b"1"])
    feed.close()
    assert await slow.next() is None
