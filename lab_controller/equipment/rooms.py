"""Which room a device stands in: that of the agent which speaks for it."""

from typing import Protocol

from lab_controller.bus.access import AGENT_PREFIX


class Placed(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def agent(self) -> str | None: ...


def room_of(device: Placed, own_room: str) -> str:
    """A device that speaks for itself is taken to stand in the hub's `own_room`."""
    agent = device.agent or device.id
    return agent.removeprefix(AGENT_PREFIX) if agent.startswith(AGENT_PREFIX) else own_room


def agent_of(room: str) -> str:
    return f"{AGENT_PREFIX}{room}"
