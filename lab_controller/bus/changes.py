"""Tells pages that something changed, without ever waiting for a slow one."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager

DEVICES = "devices"
JOBS = "jobs"
ASSETS = "assets"


def championship_key(slug: str) -> str:
    return f"championship:{slug}"


def device_key(device: str) -> str:
    return f"device:{device}"


def job_key(device: str) -> str:
    """A job of this device has changed."""
    return f"job:{device}"


def console_key(device: str) -> str:
    """Its console has more."""
    return f"console:{device}"


def points_key(device: str) -> str:
    """Readings of it were stored."""
    return f"points:{device}"


class Subscription:
    """Keys that changed since the last look; many changes of one key are one."""

    def __init__(self, keys: frozenset[str], loop: asyncio.AbstractEventLoop) -> None:
        self.keys = keys
        self.loop = loop
        self._changed: set[str] = set()
        self._something = asyncio.Event()

    def notice(self, changed: Iterable[str]) -> None:
        """To be called in the subscriber's loop."""
        self._changed.update(changed)
        self._something.set()

    async def next(self) -> frozenset[str]:
        """Wait until at least one of the keys has changed."""
        await self._something.wait()
        changed = frozenset(self._changed)
        self._changed.clear()
        self._something.clear()
        return changed

    async def __aiter__(self) -> AsyncIterator[frozenset[str]]:
        while True:
            yield await self.next()


class Changes:
    """Keys such as `championship:<slug>` and `devices`; safe to announce from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self.forward: Callable[[list[str]], None] | None = None

    @contextmanager
    def subscribe(self, *keys: str) -> Iterator[Subscription]:
        """Enter before reading the first snapshot, so that no change falls between."""
        subscription = Subscription(frozenset(keys), asyncio.get_running_loop())
        with self._lock:
            self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)

    def announce(self, keys: Iterable[str]) -> None:
        """Tell this process and, through the bus, the other workers."""
        changed = list(dict.fromkeys(keys))
        if not changed:
            return
        self.announce_here(changed)
        if self.forward is not None:
            self.forward(changed)

    def announce_here(self, keys: Iterable[str]) -> None:
        """Tell only this process."""
        changed = frozenset(keys)
        with self._lock:
            interested = [(s, s.keys & changed) for s in self._subscriptions if s.keys & changed]
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        for subscription, its_keys in interested:
            if subscription.loop is here:
                subscription.notice(its_keys)
            else:
                subscription.loop.call_soon_threadsafe(subscription.notice, its_keys)
