"""The server of the pages: ends the live streams before it waits for its visitors to leave."""

import socket

import uvicorn


class LiveServer(uvicorn.Server):
    """Serves an app of `create_app`; an open board or tablet does not hold a shutdown up."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.channels.end()  # type: ignore[union-attr]
        await super().shutdown(sockets)
