"""Who else has a port open: one look into the system for all of them, every few seconds."""

from collections.abc import Mapping, Set

from devices.clock import Clock
from devices.discovery import Ports

LOOK_US = 3_000_000


class Holders:
    """Remembers the last look; a port that was not among those asked about is looked at once."""

    def __init__(self, ports: Ports, clock: Clock) -> None:
        self._ports = ports
        self._clock = clock
        self._asked: Set[str] = frozenset()
        self._held: Mapping[str, str] = {}
        self._due_us = 0

    async def look(self, paths: Set[str]) -> Mapping[str, str]:
        """Programs by the paths that they hold."""
        now_us = self._clock.now_us()
        if paths and (now_us >= self._due_us or not paths <= self._asked):
            self._due_us = now_us + LOOK_US
            self._asked = paths
            self._held = await self._ports.holders(paths)
        return self._held
