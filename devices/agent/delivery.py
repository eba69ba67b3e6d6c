"""Values that must reach the hub: published at once, on disk until the hub has committed them."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from devices.agent.shelf import KeptItem, Shelf
from devices.transports.mqtt import MqttTransport

AGAIN_FIRST_US = 2_000_000
AGAIN_LAST_US = 600_000_000
AGAIN_MAX = 500
LOOK_US = 1_000_000

Key = tuple[str, str, int]


@dataclass
class _Underway:
    item: KeptItem
    published: "asyncio.Future[None]"
    due_us: int
    pause_us: int


class Delivery:
    """Knows what the hub has not committed; publishes it again after a reconnect, and ever more rarely."""

    def __init__(self, transport: MqttTransport, shelf: Shelf) -> None:
        self._transport = transport
        self._shelf = shelf
        self._underway: dict[Key, _Underway] = {}
        self._look_us = 0

    @property
    def waiting(self) -> int:
        """How many values the hub has not committed."""
        return len(self._underway)

    def restore(self, items: Iterable[KeptItem], now_us: int) -> None:
        """What an earlier agent left on disk."""
        for item in items:
            self._publish(item, now_us)

    def keep(self, item: KeptItem, now_us: int, on_stored: Callable[[], None]) -> None:
        """Publish, and store at the same time; `on_stored` is called when it is on disk."""
        self._publish(item, now_us)
        stored = self._shelf.put(item)
        stored.add_done_callback(lambda done: None if done.cancelled() else on_stored())

    def commit(self, device: str, boot: str, seqs: Iterable[int]) -> None:
        """The hub has these."""
        known = list(seqs)
        for seq in known:
            self._underway.pop((device, boot, seq), None)
        self._shelf.drop(device, boot, known)

    def repeat(self, now_us: int, *, reconnected: bool = False) -> None:
        """Publish again what was taken by a broker and not committed by the hub."""
        if now_us < self._look_us and not reconnected:
            return
        self._look_us = now_us + LOOK_US
        due = [
            underway
            for underway in self._underway.values()
            if underway.published.done() and (reconnected or now_us >= underway.due_us)
        ]
        for underway in due[:AGAIN_MAX]:
            # What no broker has taken is not the hub's delay.
            taken = underway.published.exception() is None
            pause_us = min(underway.pause_us * 2, AGAIN_LAST_US) if taken else AGAIN_FIRST_US
            self._publish(underway.item, now_us, pause_us)

    def _publish(self, item: KeptItem, now_us: int, pause_us: int = AGAIN_FIRST_US) -> None:
        published = self._transport.publish(item.topic, item.payload.encode())
        key = (item.device, item.boot, item.seq)
        self._underway[key] = _Underway(item, published, now_us + pause_us, pause_us)
