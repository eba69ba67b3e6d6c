"""MQTT behind asyncio: paho in its network thread, a fresh client for every connection."""

import asyncio
import contextlib
import logging
import random
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devices.errors import TransportError

log = logging.getLogger(__name__)

BACKOFF_FIRST_S = 0.1
BACKOFF_LAST_S = 5.0
CONNECT_TIMEOUT_S = 5.0
STOP_TIMEOUT_S = 2.0
OUTBOX_LIMIT = 20_000
INBOX_LIMIT = 20_000
INFLIGHT_3 = 200
INFLIGHT_5 = 20  # paho does not honour the broker's Receive Maximum; 20 is Mosquitto's own default
SESSION_EXPIRY_S = 7 * 24 * 3600


@dataclass(frozen=True)
class Will:
    """What the broker says for us when we vanish."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


@dataclass(frozen=True)
class MqttMessage:
    """A received message; a QoS 1 message comes again after a reconnect until `ack` is called.

    `received_us` is the clock of whoever took it over, None if nobody looked.
    """

    topic: str
    payload: bytes
    qos: int
    retained: bool
    ack: Callable[[], None]
    received_us: int | None = None


@dataclass
class _Outgoing:
    topic: str
    payload: bytes
    qos: int
    retain: bool
    done: "asyncio.Future[None]"


@dataclass
class _Connection:
    """One client from CONNECT to its end; acknowledgements never cross from one to the next."""

    client: paho.Client
    up: asyncio.Event = field(default_factory=asyncio.Event)
    down: asyncio.Event = field(default_factory=asyncio.Event)
    running: bool = False
    reason: str = "unreachable"
    sent: dict[int, _Outgoing] = field(default_factory=dict)
    filters: set[str] = field(default_factory=set)
    subscribing: dict[int, "asyncio.Future[list[ReasonCode]]"] = field(default_factory=dict)


def _nothing() -> None:
    return None


def _ignore_state(_up: bool, _reason: str) -> None:
    return None


class MqttTransport:
    """A connection that comes back for ever; call it from one event loop only."""

    def __init__(
        self,
        *,
        client_id: str,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        clean_session: bool = True,
        will: Will | None = None,
        protocol: Literal["3.1.1", "5"] = "3.1.1",
        keepalive_s: int = 15,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.client_id = client_id
        self.host = host
        self.port = port
        self.connected = asyncio.Event()
        self.on_state: Callable[[bool, str], None] = _ignore_state
        self._username = username
        self._password = password
        self._clean_session = clean_session
        self._will = will
        self._protocol = protocol
        self._keepalive_s = keepalive_s
        self._tls = tls
        self._filters: dict[str, int] = {}
        self._outbox: dict[int, _Outgoing] = {}
        self._inbox: asyncio.Queue[MqttMessage] = asyncio.Queue()
        self._connection: _Connection | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin connecting in the background; a publish may already be queued."""
        if self._task is None:
            self._task = asyncio.create_task(self._supervise(), name=f"mqtt {self.client_id}")

    async def stop(self) -> None:
        """Say goodbye to the broker (no will is sent) and give up what is still queued."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        for outgoing in list(self._outbox.values()):
            self._fail(outgoing, TransportError("stopped"))

    async def subscribe(self, filters: Sequence[str], qos: int = 1) -> None:
        """Subscribe now and after every reconnect. Raises TransportError("subscription_refused")."""
        self._filters.update(dict.fromkeys(filters, qos))
        if self.connected.is_set() and self._connection is not None:
            try:
                await self._subscribe(self._connection, dict.fromkeys(filters, qos))
            except TransportError as error:
                if error.code == "subscription_refused":
                    self._filters = {name: q for name, q in self._filters.items() if name not in filters}
                    raise

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> "asyncio.Future[None]":
        """Done at PUBACK. QoS 1 waits out a lost connection; QoS 0 fails without one.

        A queue that events have filled has room for what is retained: who is back must be able to say so.
        """
        outgoing = _Outgoing(topic, payload, qos, retain, asyncio.get_running_loop().create_future())
        if len(self._outbox) >= OUTBOX_LIMIT and not retain:
            self._fail(outgoing, TransportError("queue_full", limit=OUTBOX_LIMIT))
        elif self.connected.is_set() and self._connection is not None:
            self._outbox[id(outgoing)] = outgoing
            self._send(self._connection, outgoing)
        elif qos == 0:
            self._fail(outgoing, TransportError("not_connected"))
        else:
            self._outbox[id(outgoing)] = outgoing
        return outgoing.done

    async def messages(self) -> AsyncIterator[MqttMessage]:
        """Every message of every subscription, in order of arrival."""
        while True:
            yield await self._inbox.get()

    async def _supervise(self) -> None:
        delay_s = BACKOFF_FIRST_S
        while True:
            connection = _Connection(self._client())
            self._listen(connection)
            try:
                if await self._serve(connection):
                    delay_s = BACKOFF_FIRST_S
            finally:
                await self._close(connection)
            self.on_state(False, connection.reason)
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))  # noqa: S311
            delay_s = min(delay_s * 2, BACKOFF_LAST_S)

    async def _serve(self, connection: _Connection) -> bool:
        """Hold one connection until it ends; true if the broker had accepted it."""
        try:
            await asyncio.to_thread(self._connect, connection.client)
        except OSError as error:
            log.debug("broker %s:%s unreachable: %s", self.host, self.port, error)
            return False
        connection.client.loop_start()
        connection.running = True
        if not await _first(connection.up, connection.down):
            return False
        self._connection = connection
        try:
            while new := {name: q for name, q in self._filters.items() if name not in connection.filters}:
                await self._subscribe(connection, new)
        except TransportError as error:
            connection.reason = error.code
            log.warning("broker refuses: %s", error)
            return False
        for outgoing in list(self._outbox.values()):
            self._send(connection, outgoing)
        self.connected.set()
        self.on_state(True, "connected")
        await connection.down.wait()
        return True

    async def _close(self, connection: _Connection) -> None:
        self.connected.clear()
        self._connection = None
        for outgoing in list(connection.sent.values()):
            if outgoing.qos == 0:
                self._fail(outgoing, TransportError("not_connected"))
        if connection.running and not connection.down.is_set():
            connection.client.disconnect()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(connection.down.wait(), STOP_TIMEOUT_S)
        stuck: Any = connection.client.socket()
        if stuck is not None:
            with contextlib.suppress(OSError):
                stuck.shutdown(socket.SHUT_RDWR)
        await asyncio.to_thread(connection.client.loop_stop)

    def _client(self) -> paho.Client:
        five = self._protocol == "5"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=None if five else self._clean_session,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages_set(INFLIGHT_5 if five else INFLIGHT_3)
        client.connect_timeout = CONNECT_TIMEOUT_S
        if self._username is not None:
            client.username_pw_set(self._username, self._password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, self._will.qos, self._will.retain)
        return client

    def _connect(self, client: paho.Client) -> None:
        if self._protocol == "3.1.1":
            client.connect(self.host, self.port, self._keepalive_s)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0 if self._clean_session else SESSION_EXPIRY_S
        start = self._clean_session
        client.connect(self.host, self.port, self._keepalive_s, clean_start=start, properties=properties)

    def _listen(self, connection: _Connection) -> None:
        """Carry paho's callbacks from its thread into the event loop."""
        loop = asyncio.get_running_loop()
        client = connection.client

        def cross(callback: Callable[..., None], *args: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                loop.call_soon_threadsafe(callback, connection, *args)

        def on_message(_client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
            cross(self._delivered, message)

        client.on_socket_open = lambda _client, _data, sock: _no_delay(sock)
        client.on_connect = lambda _client, _data, _flags, reason, _props: cross(self._answered, reason)
        client.on_disconnect = lambda _client, _data, _flags, reason, _props: cross(self._ended, reason)
        client.on_publish = lambda _client, _data, mid, _reason, _props: cross(self._published, mid)
        client.on_subscribe = lambda _client, _data, mid, codes, _props: cross(self._subscribed, mid, codes)
        client.on_message = on_message

    def _answered(self, connection: _Connection, reason: ReasonCode) -> None:
        if reason.is_failure:
            connection.reason = _code(reason)
            connection.down.set()
        else:
            connection.reason = "lost"
            connection.up.set()

    def _ended(self, connection: _Connection, reason: ReasonCode) -> None:
        if connection.up.is_set() and reason.is_failure and self._protocol == "5":
            connection.reason = _code(reason)
        connection.down.set()
        for waiting in connection.subscribing.values():
            if not waiting.done():
                waiting.set_exception(TransportError("not_connected"))

    def _published(self, connection: _Connection, mid: int) -> None:
        outgoing = connection.sent.pop(mid, None)
        if outgoing is not None:
            self._outbox.pop(id(outgoing), None)
            if not outgoing.done.done():
                outgoing.done.set_result(None)

    def _subscribed(self, connection: _Connection, mid: int, codes: list[ReasonCode]) -> None:
        waiting = connection.subscribing.pop(mid, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(codes)

    def _delivered(self, connection: _Connection, message: paho.MQTTMessage) -> None:
        def ack() -> None:
            if not connection.down.is_set():
                connection.client.ack(message.mid, 1)

        try:
            topic = message.topic
        except UnicodeDecodeError:
            ack()
            return
        if message.qos == 0 and self._inbox.qsize() >= INBOX_LIMIT:
            return
        self._inbox.put_nowait(
            MqttMessage(
                topic, bytes(message.payload), message.qos, message.retain, ack if message.qos else _nothing
            )
        )

    async def _subscribe(self, connection: _Connection, filters: dict[str, int]) -> None:
        if not filters:
            return
        result, mid = connection.client.subscribe(list(filters.items()))
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None or connection.down.is_set():
            raise TransportError("not_connected")
        waiting = connection.subscribing[mid] = asyncio.get_running_loop().create_future()
        for name, code in zip(filters, await waiting, strict=True):
            if code.is_failure:
                raise TransportError("subscription_refused", filter=name)
            connection.filters.add(name)

    def _send(self, connection: _Connection, outgoing: _Outgoing) -> None:
        info = connection.client.publish(outgoing.topic, outgoing.payload, outgoing.qos, outgoing.retain)
        if outgoing.qos == 0 and info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._fail(outgoing, TransportError("not_connected"))
        else:
            connection.sent[info.mid] = outgoing

    def _fail(self, outgoing: _Outgoing, error: TransportError) -> None:
        self._outbox.pop(id(outgoing), None)
        if not outgoing.done.done():
            outgoing.done.set_exception(error)
            outgoing.done.exception()  # whoever does not wait for it is not warned about it


async def _first(wanted: asyncio.Event, other: asyncio.Event) -> bool:
    """Wait until one of two is set; true if it is `wanted`."""
    waits = [asyncio.ensure_future(event.wait()) for event in (wanted, other)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return wanted.is_set() and not other.is_set()


def _no_delay(sock: Any) -> None:
    if sock.family in {socket.AF_INET, socket.AF_INET6}:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _code(reason: ReasonCode) -> str:
    return str(reason.getName()).lower().replace(" ", "_")
