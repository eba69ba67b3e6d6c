"""Append to the audit log and check it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session, col, select

from lab_controller.audit.tables import AuditRecord
from lab_controller.canonical import canonical_json

GENESIS = "0" * 64
# Any fixed number of its own: on PostgreSQL one writer at a time extends the chain.
_ADVISORY_LOCK = 7_202_602


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`broken_at` is the sequence number of the first record that does not fit, with why."""

    records: int
    broken_at: int | None = None
    code: str | None = None

    @property
    def ok(self) -> bool:
        return self.broken_at is None


def append(
    session: Session, *, at_us: int, actor: str, action: str, subject: str, payload: Mapping[str, object]
) -> AuditRecord:
    """Add a record to the chain inside the caller's write transaction.

    `actor` is an account id, a device id, or `system`; never put a secret or a child's data in `payload`.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    last = session.exec(select(AuditRecord).order_by(col(AuditRecord.seq).desc()).limit(1)).first()
    record = AuditRecord(
        seq=last.seq + 1 if last else 1,
        at_us=at_us,
        actor=actor,
        action=action,
        subject=subject,
        payload=canonical_json(payload),
        prev_hash=last.hash if last else GENESIS,
        hash="",
    )
    record.hash = _hash(record)
    session.add(record)
    session.flush()
    return record


def verify(session: Session) -> AuditReport:
    """Walk the whole chain; says where it is broken first."""
    prev_hash, expected, count = GENESIS, 1, 0
    for record in session.exec(
        select(AuditRecord).order_by(col(AuditRecord.seq)).execution_options(yield_per=1000)
    ):
        if record.seq != expected:
            return AuditReport(count, expected, "record_missing")
        if record.prev_hash != prev_hash:
            return AuditReport(count, record.seq, "chain_broken")
        if record.hash != _hash(record):
            return AuditReport(count, record.seq, "record_changed")
        prev_hash, expected, count = record.hash, expected + 1, count + 1
    return AuditReport(count)


def _hash(record: AuditRecord) -> str:
    fields = [
        record.seq,
        record.at_us,
        record.actor,
        record.action,
        record.subject,
        record.payload,
        record.prev_hash,
    ]
    return hashlib.sha256(canonical_json(fields).encode()).hexdigest()
