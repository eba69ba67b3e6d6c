"""One client of the embedded broker: QoS 1 that keeps what is not acknowledged."""

import asyncio
from typing import Any

from amqtt.mqtt.constants import QOS_0, QOS_1
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.session import ApplicationMessage, OutgoingApplicationMessage, Session

from lab_controller import metrics
from lab_controller.bus.framing import LimitedWriter

MAX_INFLIGHT = 500
MAX_QUEUED = 20_000
MAX_QUEUED_BYTES = 64 * 1024 * 1024
MAX_UNSENT_BYTES = 4 * 1024 * 1024


class Backlog(asyncio.Queue[ApplicationMessage]):
    """What waits for one client, and how much memory it takes."""

    held_bytes = 0

    def _put(self, item: ApplicationMessage) -> None:
        self.held_bytes += len(item.data)
        super()._put(item)

    def _get(self) -> ApplicationMessage:
        item: ApplicationMessage = super()._get()
        self.held_bytes -= len(item.data)
        return item


class ClientHandler(BrokerProtocolHandler):  # type: ignore[misc]
    """amqtt's own delivery gives a QoS 1 message up after five seconds without PUBACK, or when the
    connection breaks, so a hub that was killed between receiving and committing would lose it.
    Here it stays in the session until it is acknowledged, and is sent again after a reconnect.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.is_welcomed = False
        self.is_serving = False
        self.ended = asyncio.Event()

    def deliver(self, topic: str, payload: bytes, qos: int, *, retain: bool = False) -> None:
        """Send now if the window has room, else queue; never waits."""
        if qos == QOS_0:
            if self._has_room():
                self._put(PublishPacket.build(topic, payload, None, False, QOS_0, retain))
            return
        if self.session is None:
            return
        enqueue(self.session, ApplicationMessage(None, topic, QOS_1, payload, retain))
        if self.is_welcomed:
            self._pump()

    async def handle_puback(self, puback: PubackPacket) -> None:
        if self.session is not None and puback.variable_header is not None:
            self.session.inflight_out.pop(puback.variable_header.packet_id, None)
            self._pump()

    async def _retry_deliveries(self) -> None:
        if self.session is None:
            return
        for message in self.session.inflight_out.values():
            self._put(message.build_publish_packet(dup=True))
        self.is_welcomed = True
        self._pump()

    async def stop(self) -> None:
        # The original cancels its reader and waits for its end; Python 3.11's wait_for may swallow the
        # cancellation when a packet arrives in that moment. At a closed connection the reader ends anyway.
        # A reader that is cancelled before its first step never says that it has ended.
        if self.writer is not None:
            await self.writer.close()
        if self._reader_ready is not None:
            await self._reader_ready.wait()
        await super().stop()

    def handle_read_timeout(self) -> None:
        # amqtt ignores a client that has gone silent, so its will would never be told.
        if self._disconnect_waiter is not None and not self._disconnect_waiter.done():
            self._disconnect_waiter.set_result(None)

    def _pump(self) -> None:
        session = self.session
        if session is None or self.writer is None:
            return
        waiting = session.retained_messages
        while not waiting.empty() and len(session.inflight_out) < MAX_INFLIGHT and self._has_room():
            queued = waiting.get_nowait()
            packet_id = session.next_packet_id
            message = OutgoingApplicationMessage(packet_id, queued.topic, QOS_1, queued.data, queued.retain)
            session.inflight_out[packet_id] = message
            self._put(message.build_publish_packet())

    def _has_room(self) -> bool:
        return isinstance(self.writer, LimitedWriter) and self.writer.unsent_bytes < MAX_UNSENT_BYTES

    def _put(self, packet: PublishPacket) -> None:
        if self.writer is not None:
            self.writer.write(packet.to_bytes())


def enqueue(session: Session, message: ApplicationMessage) -> None:
    """Keep a message for a session, unless its queue is full: then it is lost, and counted."""
    backlog = session.retained_messages
    if not isinstance(backlog, Backlog):
        backlog = session.retained_messages = Backlog()
    if backlog.qsize() >= MAX_QUEUED or backlog.held_bytes + len(message.data) > MAX_QUEUED_BYTES:
        metrics.DROPPED.inc()
        return
    backlog.put_nowait(message)
