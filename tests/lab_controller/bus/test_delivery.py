"""One client of the embedded broker, in moments that a whole broker meets once in thousands."""

import asyncio

from amqtt.contexts import BaseContext
from amqtt.plugins.manager import PluginManager
from amqtt.session import Session

from lab_controller.bus.delivery import ClientHandler
from tests.lab_controller.bus.conftest import soon


class SilentLine:
    """Both ends of a connection on which nothing is said until it is closed."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()

    async def read(self, n: int = -1) -> bytes:
        await self._closed.wait()
        return b""

    async def close(self) -> None:
        self._closed.set()


async def test_a_client_is_dropped_in_the_moment_in_which_it_is_welcomed() -> None:
    line = SilentLine()
    context = BaseContext()
    context.config = {"plugins": {}}
    handler = ClientHandler(PluginManager("test", context))
    handler.attach(Session(), line, line)
    welcome = asyncio.create_task(handler.start())
    await asyncio.sleep(0)
    await soon(handler.stop())
    await soon(welcome)
