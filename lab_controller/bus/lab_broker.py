"""amqtt's broker with the lab's accounts, rules and limits, and without the faults that would bite us.

Every override says what is wrong with the original in amqtt 0.12.1.
"""

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from amqtt.broker import Broker, RetainedApplicationMessage
from amqtt.contexts import Action, BrokerConfig, ListenerConfig
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.constants import QOS_1
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import ApplicationMessage, Session

from lab_controller.bus.access import Member
from lab_controller.bus.delivery import ClientHandler, enqueue
from lab_controller.bus.framing import LimitedReader, LimitedWriter

CONNECT_TIMEOUT_S = 10.0
TAKE_OVER_TIMEOUT_S = 5.0
MAX_RETAINED = 20_000
MAX_RETAINED_BYTES = 64 * 1024 * 1024
_MEMBER = "lab.member"


@dataclass(frozen=True, slots=True)
class BrokerHooks:
    """What the broker asks of the lab; `notice` is told a code and details."""

    authenticate: Callable[[str, str, str], Awaitable[Member | None]]
    notice: Callable[..., None]
    max_payload_bytes: int


class LabBroker(Broker):  # type: ignore[misc]
    def __init__(self, config: BrokerConfig, hooks: BrokerHooks) -> None:
        super().__init__(config)
        self._hooks = hooks
        self._is_closing = False
        self._expected: dict[Member, tuple[str, ...]] = {}
        self._retained_bytes = 0

    def bound_port(self) -> int:
        """The TCP port that the listener really has."""
        port: int = self._servers["default"].instance.sockets[0].getsockname()[1]
        return port

    def expect(self, member: Member, filters: Sequence[str]) -> None:
        """Keep QoS 1 messages for a client from the first moment on, although it has yet to connect."""
        self._expected[member] = tuple(filters)

    async def _start_listeners(self) -> None:
        for member, filters in self._expected.items():
            handler, session = self.create_offline_session(member.username)
            session.clean_session = False
            session.attributes[_MEMBER] = member
            self._sessions[member.username] = (session, handler)
            for topic_filter in filters:
                await self.add_subscription((topic_filter, QOS_1), session)
        await super()._start_listeners()

    def say(self, topic: str, payload: bytes) -> None:
        """Publish on the broker's own behalf, retained; empty clears."""
        self._broadcast_queue.put_nowait({"session": None, "topic": topic, "data": payload})
        known = self._retained_messages.pop(topic, None)
        self._retained_bytes += len(payload) - (len(known.data) if known is not None else 0)
        if payload:
            self._retained_messages[topic] = RetainedApplicationMessage(None, topic, payload, QOS_1)

    async def shutdown(self) -> None:
        # The original listens on while it ends its sessions, and acknowledges to whoever comes back.
        self._is_closing = True
        for server in self._servers.values():
            server.instance.close()
        await super().shutdown()

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        goodbye = LimitedWriter(writer)
        address = str((writer.get_extra_info("peername") or ["?"])[0])
        limited = LimitedReader(
            reader,
            goodbye,
            self._hooks.max_payload_bytes,
            lambda size: self._hooks.notice("payload_too_large", address=address, size_bytes=size),
        )
        await self._client_connected(listener_name, limited, goodbye)

    async def _initialize_client_session(
        self, reader: Any, writer: Any, remote_address: str, remote_port: int
    ) -> tuple[BrokerProtocolHandler, Session]:
        # The original deletes or takes over the session of the given client id before it asks for a
        # password, so that anyone could cut the hub off. It also waits for ever for a first packet.
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                _, session = await BrokerProtocolHandler.init_from_connect(
                    reader, writer, self.plugins_manager
                )
            await self._admit(session, writer)
        except (AMQTTError, MQTTError, NoDataError, TimeoutError, ValueError, struct.error, OSError) as error:
            await writer.close()
            raise MQTTError(f"{type(error).__name__} from {remote_address}") from error
        await self._end_older_connection(session)
        handler = ClientHandler(self.plugins_manager, loop=self._loop)
        return handler, await self._resume(session)

    async def _admit(self, session: Session, writer: Any) -> None:
        """Let an account in under its own name and with a will that it could publish itself."""
        address = session.remote_address or ""
        member = await self._hooks.authenticate(session.username or "", session.password or "", address)
        session.password = None
        code = None
        if self._is_closing:
            code = "broker_closing"
        elif member is None:
            code = "connection_refused"
        elif session.client_id != member.username:
            code = "client_id_not_own"
        elif session.will_flag and not member.may_publish(session.will_topic or ""):
            code = "will_refused"
        if code is not None:
            self._hooks.notice(code, address=address, username=session.username, client_id=session.client_id)
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            raise MQTTError(code)
        session.attributes[_MEMBER] = member

    async def _end_older_connection(self, session: Session) -> None:
        # The original's take-over leaves the live session marked as disconnected (or, for a clean
        # session, both connections alive), so the returned client would never hear anything again.
        while (known := self._sessions.get(session.client_id or "")) is not None:
            older_session, older = known
            if not older_session.transitions.is_connected() or not isinstance(older, ClientHandler):
                return
            self._hooks.notice(
                "session_taken_over", username=session.client_id, address=session.remote_address
            )
            await older.handle_connection_closed()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TAKE_OVER_TIMEOUT_S):
                    await older.ended.wait()
            if older_session.transitions.is_connected():
                older_session.transitions.disconnect()

    async def _resume(self, session: Session) -> Session:
        """The stored session with the new connection's particulars, or the new one."""
        client_id = session.client_id or ""
        if session.clean_session:
            await self._delete_session(client_id)
        known = self._sessions.get(client_id)
        delay_s = self.config.timeout_disconnect_delay or 0
        if session.keep_alive > 0:
            session.keep_alive += delay_s
        if known is None:
            session.parent = 0
            return session
        stored = known[0]
        for name in (
            *("clean_session", "will_flag", "will_message", "will_topic", "will_qos", "will_retain"),
            *("keep_alive", "username", "remote_address", "remote_port", "attributes"),
        ):
            setattr(stored, name, getattr(session, name))
        stored.parent = 1
        return stored

    async def _handle_client_session(self, reader: Any, writer: Any, *others: Any) -> None:
        handler: ClientHandler = others[1]
        try:
            await super()._handle_client_session(reader, writer, *others)
        finally:
            handler.ended.set()

    async def _client_message_loop(self, client_session: Session, handler: Any) -> None:
        handler.is_serving = True
        await super()._client_message_loop(client_session, handler)

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        return _MEMBER in session.attributes

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        # In place of a plugin: amqtt starts a task for every plugin, message and receiver.
        member: Member | None = session.attributes.get(_MEMBER)
        if member is None:
            return False
        match action:
            case Action.PUBLISH:
                allowed = member.may_publish(topic)
            case Action.SUBSCRIBE:
                allowed = member.may_subscribe(topic)
            case _:
                return member.may_receive(topic)
        if not allowed:
            self._hooks.notice(f"{action}_refused", username=member.username, topic=topic[:200])
        return allowed

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        granted: int = await super().add_subscription((subscription[0], min(subscription[1], QOS_1)), session)
        return granted

    async def retain_message(
        self,
        source_session: Session | None,
        topic_name: str | None,
        data: bytes | bytearray | None,
        qos: int | None = None,
    ) -> None:
        known = self._retained_messages.get(topic_name)
        more_bytes = len(data or b"") - (len(known.data) if known is not None else 0)
        is_full = known is None and len(self._retained_messages) >= MAX_RETAINED
        if data and (is_full or self._retained_bytes + more_bytes > MAX_RETAINED_BYTES):
            self._hooks.notice("retained_full", topic=(topic_name or "")[:200])
            data, more_bytes = b"", -len(known.data) if known is not None else 0
        self._retained_bytes += more_bytes
        await super().retain_message(source_session, topic_name, data, qos)

    async def _run_broadcast(self, running_tasks: deque[Any]) -> None:
        # The original walks its subscriptions while others change them, which loses the message, and
        # starts a task for every receiver.
        self._deliver(await self._broadcast_queue.get())
        while not self._broadcast_queue.empty():
            self._deliver(self._broadcast_queue.get_nowait())

    def _deliver(self, broadcast: dict[str, Any]) -> None:
        topic, payload = broadcast["topic"], bytes(broadcast["data"] or b"")
        served: set[str | None] = set()
        for topic_filter, subscriptions in self._subscriptions.items():
            if not self._matches(topic, topic_filter):
                continue
            for session, subscribed_qos in subscriptions:
                member: Member | None = session.attributes.get(_MEMBER)
                # Once to a client, however many of its filters match; the original sends each.
                if session.client_id in served or member is None or not member.may_receive(topic):
                    continue
                served.add(session.client_id)
                qos = broadcast.get("qos", subscribed_qos)
                handler = self._get_handler(session)
                if session.transitions.state == "connected" and isinstance(handler, ClientHandler):
                    handler.deliver(topic, payload, min(qos, subscribed_qos))
                elif not session.clean_session and min(qos, subscribed_qos):
                    enqueue(session, ApplicationMessage(None, topic, QOS_1, payload, False))

    async def _publish_session_retained_messages(self, session: Session) -> None:
        """Nothing: the handler sends what the session kept, without calling it retained."""

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        # The original also sends, after every reconnect, what is retained under the filters of all
        # other clients. Retained messages follow a SUBSCRIBE, to the one who subscribed.
        handler = self._get_handler(session)
        if not isinstance(handler, ClientHandler) or not handler.is_serving:
            return
        for topic, retained in list(self._retained_messages.items()):
            if self._matches(topic, subscription[0]):
                qos = min(subscription[1], retained.qos or 0, QOS_1)
                handler.deliver(topic, bytes(retained.data), qos, retain=True)
