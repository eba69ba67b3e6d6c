"""Live streams: what each viewer is sent, when, and that no viewer waits for another."""

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn

from lab_controller.bus.changes import Changes
from lab_controller.errors import TooMany
from tests.devices.waiting import until
from web.live.channels import Channels
from web.live.frames import Frame, build_frame
from web.live.server import LiveServer
from web.live.stream import LiveStream

KEY = "championship:cup"


class Page:
    """A page whose state is a number; counts how often it was rendered."""

    def __init__(self) -> None:
        self.rev = self.rendered = 0
        self.begun, self.free = asyncio.Event(), asyncio.Event()
        self.free.set()

    async def render(self) -> Frame:
        self.rendered += 1
        rev = self.rev
        self.begun.set()
        await self.free.wait()
        return build_frame("board", {"rev": rev}, event_id=str(rev))


class Client:
    """The ASGI side of a browser: keeps what it was sent, and may stop reading or leave."""

    def __init__(self, address: str = "10.0.0.1", headers: list[tuple[bytes, bytes]] | None = None) -> None:
        self.scope = {"type": "http", "client": (address, 1), "headers": headers or []}
        self.bodies: list[bytes] = []
        self.ended = False
        self.reading = asyncio.Event()
        self.reading.set()
        self.left = asyncio.Event()
        self._news = asyncio.Condition()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.reading.wait()
        if message["type"] == "http.response.start":
            self.headers = dict(message["headers"])
            return
        async with self._news:
            self.bodies.append(message["body"])
            self.ended = not message["more_body"]
            self._news.notify_all()

    async def until(self, count: int) -> list[str]:
        """What was sent, without the opening line, as soon as it is `count` events."""
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.events) >= count)
        return self.events

    async def pieces(self, count: int) -> list[bytes]:
        """The bodies as they were sent, as soon as they are `count`."""
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.bodies) >= count)
        return self.bodies

    @property
    def events(self) -> list[str]:
        text = b"".join(self.bodies).decode()
        return [block for block in text.split("\n\n") if block and not block.startswith("retry")]


@asynccontextmanager
async def watching(channels: Channels, page: Page, client: Client) -> AsyncIterator[asyncio.Task[None]]:
    stream = LiveStream(channels, "board:cup", [KEY], page.render)
    task = asyncio.create_task(stream(client.scope, client.receive, client.send))
    try:
        yield task
    finally:
        client.reading.set()
        client.left.set()
        await asyncio.wait_for(task, 5)


def change(page: Page, changes: Changes) -> None:
    page.rev += 1
    changes.announce([KEY])


def event(name: str, rev: int) -> str:
    return f'id: {rev}\nevent: {name}\ndata: {{"rev":{rev}}}'


async def test_a_snapshot_comes_first_then_each_change() -> None:
    changes, page, client = Changes(), Page(), Client()
    async with watching(Channels(changes), page, client):
        assert await client.until(1) == [event("snapshot", 0)]
        change(page, changes)
        assert await client.until(2) == [event("snapshot", 0), event("board", 1)]
    assert client.headers[b"content-type"].startswith(b"text/event-stream")


async def test_who_returns_gets_a_fresh_snapshot_whatever_was_seen_last() -> None:
    changes, page = Changes(), Page()
    page.rev = 7
    client = Client(headers=[(b"last-event-id", b"3")])
    async with watching(Channels(changes), page, client):
        assert await client.until(1) == [event("snapshot", 7)]


async def test_a_change_is_rendered_once_for_all_viewers() -> None:
    changes, page, clients = Changes(), Page(), [Client() for _ in range(50)]
    channels = Channels(changes)
    tasks = [
        asyncio.create_task(LiveStream(channels, "board:cup", [KEY], page.render)(c.scope, c.receive, c.send))
        for c in clients
    ]
    for client in clients:
        await client.until(1)
    before = page.rendered
    change(page, changes)
    for client in clients:
        assert (await client.until(2))[-1] == event("board", 1)
    assert (before, page.rendered) == (1, 2)
    for client in clients:
        client.left.set()
    await asyncio.gather(*tasks)


async def test_a_burst_is_shown_as_its_first_and_its_last_state() -> None:
    changes, page, client = Changes(), Page(), Client()
    async with watching(Channels(changes), page, client):
        await client.until(1)
        change(page, changes)
        await client.until(2)
        for _ in range(20):
            change(page, changes)
        assert (await client.until(3))[1:] == [event("board", 1), event("board", 21)]


async def test_a_stalled_viewer_delays_nobody_and_then_gets_the_newest_state() -> None:
    changes, page, stalled, quick = Changes(), Page(), Client(), Client()
    channels = Channels(changes)
    async with watching(channels, page, stalled), watching(channels, page, quick):
        await stalled.until(1)
        await quick.until(1)
        stalled.reading.clear()
        for count in range(2, 6):
            change(page, changes)
            await quick.until(count)
        assert quick.events[-1] == event("board", 4)
        assert stalled.events == [event("snapshot", 0)]
        stalled.reading.set()
        assert await stalled.until(3) == [event("snapshot", 0), event("board", 1), event("board", 4)]


async def test_a_change_during_rendering_is_not_lost() -> None:
    changes, page, client = Changes(), Page(), Client()
    page.free.clear()
    async with watching(Channels(changes), page, client):
        await page.begun.wait()
        change(page, changes)
        page.free.set()
        assert await client.until(2) == [event("snapshot", 0), event("board", 1)]


async def test_a_quiet_line_carries_heartbeats() -> None:
    client = Client()
    async with watching(Channels(Changes(), beat_s=0.01), Page(), client):
        assert (await client.until(2))[1] == ": beat\nevent: beat\ndata: {}"


async def test_a_packed_stream_unpacks_piece_by_piece() -> None:
    changes, page, client = Changes(), Page(), Client(headers=[(b"accept-encoding", b"gzip, br")])
    async with watching(Channels(changes), page, client):
        unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        assert event("snapshot", 0) in unpack.decompress((await client.pieces(1))[0]).decode()
        change(page, changes)
        assert unpack.decompress((await client.pieces(2))[1]).decode() == event("board", 1) + "\n\n"
    assert client.headers[b"content-encoding"] == b"gzip"


async def test_one_address_has_a_limit_and_this_machine_has_none() -> None:
    channels, page = Channels(Changes(), per_address=1), Page()
    first, here, also_here = Client("10.0.0.1"), Client("127.0.0.1"), Client("127.0.0.1")
    async with (
        watching(channels, page, first),
        watching(channels, page, here),
        watching(channels, page, also_here),
    ):
        for client in (first, here, also_here):
            await client.until(1)
        refused = Client("10.0.0.1")
        with pytest.raises(TooMany, match="too_many_streams"):
            await LiveStream(channels, "board:cup", [KEY], page.render)(
                refused.scope, refused.receive, refused.send
            )
        assert refused.bodies == []
    assert len(channels) == 0


async def test_streams_end_when_the_server_stops_even_for_a_stalled_viewer() -> None:
    changes, page, quick, stalled = Changes(), Page(), Client(), Client()
    channels = Channels(changes)
    async with watching(channels, page, quick), watching(channels, page, stalled) as stuck:
        await quick.until(1)
        await stalled.until(1)
        stalled.reading.clear()
        change(page, changes)
        await quick.until(2)
        channels.end()
        await asyncio.wait_for(stuck, 5)
    assert (quick.ended, stalled.ended, len(channels)) == (True, False, 0)


async def test_viewers_are_let_go_when_their_page_can_no_longer_be_rendered() -> None:
    changes, page, client = Changes(), Page(), Client()

    async def render() -> Frame:
        if page.rev:
            raise LookupError("gone")
        return await page.render()

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    stream = LiveStream(Channels(changes), "board:cup", [KEY], render)
    task = asyncio.create_task(stream(client.scope, client.receive, client.send))
    await client.until(1)
    change(page, changes)
    await asyncio.wait_for(task, 5)
    assert client.ended


async def test_who_comes_after_a_failure_sees_changes_although_a_stalled_viewer_has_not_left() -> None:
    changes, page, stalled, newcomer = Changes(), Page(), Client(), Client()
    channels, usual = Channels(changes), page.render

    async def render() -> Frame:
        if page.rev == 2:
            raise LookupError("gone")
        return await usual()

    page.render = render  # type: ignore[method-assign]
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    async with watching(channels, page, stalled):
        await stalled.until(1)
        stalled.reading.clear()
        change(page, changes)
        await until(lambda: page.rendered == 2)
        failed = channels._open["board:cup"]
        change(page, changes)
        await until(lambda: failed.over)
        page.rev = 3
        async with watching(channels, page, newcomer):
            await newcomer.until(1)
            change(page, changes)
            assert await newcomer.until(2) == [event("snapshot", 3), event("board", 4)]
    assert not channels._open


async def test_a_server_with_open_streams_stops_at_once() -> None:
    channels, page = Channels(Changes()), Page()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await LiveStream(channels, "board:cup", [KEY], page.render)(scope, receive, send)

    app.state = SimpleNamespace(channels=channels)  # type: ignore[attr-defined]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = LiveServer(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
        assert b"event: snapshot" in await reader.readuntil(b"event: snapshot")
        server.should_exit = True
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"0\r\n\r\n")
        await asyncio.wait_for(serving, 5)
        writer.close()
