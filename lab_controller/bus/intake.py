"""One batch into the database: all of it in one transaction, a message that cannot be stored set aside."""

from collections.abc import Sequence

import structlog
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError
from sqlmodel import Session

from competitions.errors import CompetitionError
from devices.errors import DeviceError
from devices.transports.mqtt import MqttMessage
from lab_controller import audit, metrics
from lab_controller.bus.handler import Effects, Handler, Inbound
from lab_controller.bus.tables import DeadLetter
from lab_controller.bus.topics import ROOT, parse_topic
from lab_controller.clock import Clock
from lab_controller.database import Database
from lab_controller.errors import Invalid, LabError

log = structlog.get_logger(__name__)

# What a handler may raise about a message; anything else, and the database's own trouble, is not its fault.
POISON = (
    *(LabError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError),
    *(CompetitionError, DeviceError, DataError, IntegrityError, ProgrammingError),
)
KEPT_BYTES = 2048
AUDIT_EVERY_US = 3_600_000_000


class Intake:
    """Runs in the hub's writer thread."""

    def __init__(
        self, database: Database, handlers: Sequence[Handler], clock: Clock, max_payload_bytes: int
    ) -> None:
        self._database = database
        self._handlers = tuple(handlers)
        self._clock = clock
        self._max_payload_bytes = max_payload_bytes
        self._audited: dict[tuple[str, str], int] = {}

    def store(self, batch: Sequence[MqttMessage]) -> Effects:
        """Commit the batch; gives what follows from it."""
        effects = self._commit(batch)
        for call in effects.committed:
            call()
        return effects

    def _commit(self, batch: Sequence[MqttMessage]) -> Effects:
        now_us = self._clock.now_us()
        good: list[Inbound] = []
        refused: list[tuple[MqttMessage, LabError]] = []
        for message in batch:
            try:
                good.append(self._parse(message, now_us))
            except LabError as error:
                refused.append((message, error))
        if not refused:
            try:
                with self._database.write() as session:
                    return self._store_all(session, good)
            except POISON:
                log.debug("a batch is stored message by message", messages=len(batch))
        return self._store_one_by_one(good, refused, now_us)

    def _parse(self, message: MqttMessage, now_us: int) -> Inbound:
        if len(message.payload) > self._max_payload_bytes:
            raise Invalid("payload_too_large", size_bytes=len(message.payload), limit=self._max_payload_bytes)
        received_us = message.received_us if message.received_us is not None else now_us
        return Inbound(parse_topic(message.topic), message.payload, message.retained, received_us)

    def _store_all(self, session: Session, messages: Sequence[Inbound]) -> Effects:
        effects = Effects()
        for handler in self._handlers:
            wanted = [message for message in messages if handler.wants(message.topic)]
            if wanted:
                effects.extend(handler.store(session, wanted))
                metrics.MESSAGES.labels(type(handler).__name__).inc(len(wanted))
        return effects

    def _store_one_by_one(
        self, messages: Sequence[Inbound], refused: Sequence[tuple[MqttMessage, LabError]], now_us: int
    ) -> Effects:
        effects = Effects()
        with self._database.write() as session:
            for message, error in refused:
                self._set_aside(session, message.topic, message.payload, error, now_us)
            for inbound in messages:
                try:
                    with session.begin_nested():
                        one = self._store_all(session, [inbound])
                except POISON as error:
                    self._set_aside(session, str(inbound.topic), inbound.payload, error, now_us)
                else:
                    effects.extend(one)
        return effects

    def _set_aside(
        self, session: Session, topic: str, payload: bytes, error: BaseException, now_us: int
    ) -> None:
        told = isinstance(error, (LabError, CompetitionError, DeviceError))
        code = str(getattr(error, "code", "")) if told else "message_invalid"
        detail = f"{type(error).__name__}: {error}"
        topic = topic.replace("\x00", "\ufffd")[:512]
        metrics.DEAD_LETTERS.labels(code).inc()
        log.warning("message set aside", topic=topic, code=code, size_bytes=len(payload), detail=detail[:300])
        session.add(
            DeadLetter(
                at_us=now_us,
                topic=topic,
                size_bytes=len(payload),
                payload=payload[:KEPT_BYTES],
                code=code,
                detail=detail.replace("\x00", "\ufffd")[:500],
            )
        )
        self._audit_once(session, topic, code, now_us)

    def _audit_once(self, session: Session, topic: str, code: str, now_us: int) -> None:
        """A flood of bad messages is one line an hour in the audit log for each device and code."""
        device = topic.removeprefix(f"{ROOT}/").split("/")[0][:64]
        last_us = self._audited.get((device, code))
        if last_us is not None and now_us - last_us < AUDIT_EVERY_US:
            return
        if len(self._audited) > 10_000:
            self._audited.clear()
        self._audited[device, code] = now_us
        audit.append(
            session,
            at_us=now_us,
            actor="system",
            action="message_set_aside",
            subject=f"device:{device}",
            payload={"code": code},
        )
