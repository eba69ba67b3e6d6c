"""The hub: takes what the bus brings, commits it, acknowledges, and only then tells the world."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import structlog

from devices.transports.mqtt import MqttMessage, MqttTransport
from lab_controller import metrics
from lab_controller.bus.changes import DEVICES, Changes
from lab_controller.bus.handler import Effects, Handler, Outbound
from lab_controller.bus.intake import Intake
from lab_controller.bus.payloads import parse_json
from lab_controller.bus.topics import ROOT, Topic, format_topic
from lab_controller.canonical import canonical_json
from lab_controller.clock import Clock
from lab_controller.database import AGAIN_LATER, Database
from lab_controller.errors import Invalid, Unavailable

log = structlog.get_logger(__name__)

MAX_BATCH = 500
MAX_WAITING = 2000
RETRY_FIRST_S = 0.1
RETRY_LAST_S = 5.0
# States, descriptions; values, alerts, logs. Not the commands that we send ourselves.
FILTERS = (f"{ROOT}/+/+", f"{ROOT}/+/+/+")
# What is true until the next word, which shared workers could store in the wrong order: every one hears it.
STANDING_FILTERS = (f"{ROOT}/+/+", f"{ROOT}/+/$alert/+", f"{ROOT}/+/gate/blocked")
SHARED_FILTER = f"$share/lab/{ROOT}/+/+/+"
KEYS_FILTER = f"{ROOT}/+/changes/keys"


class Hub:
    """One consumer of the bus. What arrives while a transaction runs makes the next batch: no waiting."""

    def __init__(
        self,
        transport: MqttTransport,
        database: Database,
        handlers: Sequence[Handler],
        changes: Changes,
        clock: Clock,
        *,
        hub_id: str,
        max_payload_bytes: int,
        shared: bool = False,
        forward_changes: bool = False,
    ) -> None:
        self._transport = transport
        self._intake = Intake(database, handlers, clock, max_payload_bytes)
        self._clock = clock
        self._changes = changes
        self._hub_id = hub_id
        self._filters = [SHARED_FILTER, *STANDING_FILTERS, KEYS_FILTER] if shared else [*FILTERS]
        self._forward_changes = forward_changes
        self._arrived: asyncio.Queue[MqttMessage] = asyncio.Queue(MAX_WAITING)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub-writer")
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self.storing = True

    async def start(self) -> None:
        """Connect in the background and begin to store; the broker may come later."""
        self._loop = asyncio.get_running_loop()
        self._transport.on_state = self._on_state
        if self._forward_changes:
            self._changes.forward = self._forward
        await self._transport.subscribe(self._filters, qos=1)
        await self._transport.start()
        self._tasks = [
            asyncio.create_task(self._receive(), name="hub receives"),
            asyncio.create_task(self._store_for_ever(), name="hub stores"),
        ]

    async def stop(self) -> None:
        """Finish the batch that is being stored; what is unacknowledged comes again."""
        self._changes.forward = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._transport.stop()
        await asyncio.to_thread(self._writer.shutdown)

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """What must keep running; one that ends by itself has failed."""
        return list(self._tasks)

    @property
    def waiting(self) -> int:
        """Messages that have arrived and are not committed."""
        return self._arrived.qsize()

    @property
    def connected(self) -> bool:
        return self._transport.connected.is_set()

    async def wait_connected(self) -> None:
        await self._transport.connected.wait()

    def publish(self, outbound: Outbound) -> "asyncio.Future[None]":
        """Done when the broker has it; to be called in the hub's event loop."""
        return self._transport.publish(
            format_topic(outbound.topic), outbound.payload, qos=1, retain=outbound.retain
        )

    def publish_from_thread(self, outbounds: Sequence[Outbound]) -> None:
        """Send in order and do not wait. Raises Unavailable if the hub is not running."""
        if self._loop is None or self._loop.is_closed():
            raise Unavailable("hub_stopped")
        self._loop.call_soon_threadsafe(self._publish_all, list(outbounds))

    async def _receive(self) -> None:
        received_us = 0
        async for message in self._transport.messages():
            if message.topic.endswith("/changes/keys"):
                self._hear_changes(message)
            else:
                # Each at a moment of its own: two plain values are two readings.
                received_us = max(self._clock.now_us(), received_us + 1)
                await self._arrived.put(replace(message, received_us=received_us))

    async def _store_for_ever(self) -> None:
        while True:
            batch = [await self._arrived.get()]
            while len(batch) < MAX_BATCH and not self._arrived.empty():
                batch.append(self._arrived.get_nowait())
            effects = await self._store(batch)
            for message in batch:
                message.ack()
            self._publish_all(effects.publish)
            self._changes.announce(effects.changed)

    async def _store(self, batch: Sequence[MqttMessage]) -> Effects:
        """Commit a batch, however long the database stays away."""
        loop, delay_s = asyncio.get_running_loop(), RETRY_FIRST_S
        started = time.perf_counter()
        while True:
            try:
                effects = await loop.run_in_executor(self._writer, self._intake.store, batch)
            except AGAIN_LATER as error:
                self.storing = False
                log.error("the database does not take messages", error=str(error)[:300], retry_s=delay_s)
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_LAST_S)
                continue
            self.storing = True
            metrics.BATCH.observe(len(batch))
            metrics.COMMIT.observe(time.perf_counter() - started)
            return effects

    def _publish_all(self, outbounds: Sequence[Outbound]) -> None:
        for outbound in outbounds:
            self.publish(outbound)

    def _forward(self, keys: list[str]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._publish_keys, keys)

    def _publish_keys(self, keys: list[str]) -> None:
        topic = Topic(self._hub_id, "value", "changes", "keys")
        self._transport.publish(format_topic(topic), canonical_json(keys).encode(), qos=0)

    def _hear_changes(self, message: MqttMessage) -> None:
        message.ack()
        if message.topic == f"{ROOT}/{self._hub_id}/changes/keys":
            return
        with contextlib.suppress(Invalid):
            keys = parse_json(message.payload)
            if isinstance(keys, list):
                self._changes.announce_here(key for key in keys if isinstance(key, str))

    def _on_state(self, up: bool, reason: str) -> None:
        metrics.BROKER_UP.set(up)
        if up:
            metrics.RECONNECTS.inc()
            log.info("hub connected to the broker")
        else:
            log.warning("hub has no broker", reason=reason)
        self._changes.announce_here([DEVICES])
