"""The response of a live page: shared bytes to one viewer, no faster than that viewer reads."""

import asyncio
from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lab_controller.bus.changes import Changes
from web.live.channel import Channel, Render
from web.live.channels import Channels, Live
from web.live.feed import Feed, Source
from web.live.frames import GZIP_HEADER, OPENING, Piece

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"vary", b"accept-encoding"),
]


SERVER_SEND = "lab.server_send"


class LiveStream(Response):
    """A snapshot of `name`, then each change of one of `keys`, until the viewer or the server stops."""

    def __init__(self, channels: Channels, name: str, keys: Sequence[str], render: Render) -> None:
        super().__init__(media_type="text/event-stream")
        self._channels, self._name, self._keys, self._render = channels, name, keys, render

    def start(self, changes: Changes) -> Live:
        """What the first viewer opens."""
        return Channel(changes, self._keys, self._render)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        address = client[0] if client else "unknown"
        with self._channels.watch(self._name, self.start, address) as (channel, viewer):
            first = await channel.snapshot()
            packed = accepts_gzip(scope)
            encoding = [(b"content-encoding", b"gzip")] if packed else []
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS + encoding})
            # The layers between us and the server look at headers only, and a change goes to thousands.
            send = scope.get(SERVER_SEND, send)

            def body(piece: Piece) -> bytes:
                return piece.packed if packed else piece.plain

            opening = (GZIP_HEADER if packed else b"") + body(OPENING) + body(first.snapshot)
            gone = asyncio.ensure_future(until_gone(receive))
            gone.add_done_callback(lambda _: viewer.end())
            try:
                viewer.sending = True
                await send({"type": "http.response.body", "body": opening, "more_body": True})
                viewer.sending = False
                while (piece := await viewer.next()) is not None:
                    viewer.sending = True
                    await send({"type": "http.response.body", "body": body(piece), "more_body": True})
                    viewer.sending = False
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except asyncio.CancelledError:
                if not self._channels.ended:
                    raise
            finally:
                gone.cancel()


class FeedStream(LiveStream):
    """A snapshot of `name`, then everything that happens, piece by piece."""

    def __init__(
        self, channels: Channels, name: str, keys: Sequence[str], source: Callable[[], Source]
    ) -> None:
        Response.__init__(self, media_type="text/event-stream")
        self._channels, self._name, self._keys, self._source = channels, name, keys, source

    def start(self, changes: Changes) -> Live:
        return Feed(changes, self._keys, self._source())


async def until_gone(receive: Receive) -> None:
    """Return when the viewer has closed the page."""
    while (await receive())["type"] != "http.disconnect":
        pass


def accepts_gzip(scope: Scope) -> bool:
    """Whether the viewer's browser unpacks gzip."""
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
