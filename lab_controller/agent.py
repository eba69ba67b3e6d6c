"""The room agent with the lab's settings: in the process of `lab serve`, or alone as `lab agent`."""

import importlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lab_controller.bus.connecting import Address
from lab_controller.settings import Settings


@asynccontextmanager
async def run_agent(settings: Settings, address: Address) -> AsyncIterator[None]:
    """Hold the serial ports of this machine and speak for what is on them."""
    if importlib.util.find_spec("devices.agent") is None:
        yield
        return
    agent = importlib.import_module("devices.agent").RoomAgent(settings.room)
    yield agent
