"""The chains of hashes in a database, all of them: the audit log's and every championship's."""

from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session

from lab_controller import audit
from lab_controller.championships.verifying import verify_logs
from lab_controller.errors import Invalid


@dataclass(frozen=True, slots=True)
class Verified:
    audit_records: int
    championships: int

    def __str__(self) -> str:
        return f"{self.audit_records} audit records and {self.championships} championship logs"


def verify(session: Session) -> Verified:
    """Raises Invalid `audit_broken`, `championship_log_broken`."""
    report = audit.verify(session)
    if not report.ok:
        raise Invalid("audit_broken", seq=report.broken_at, problem=report.code)
    return Verified(report.records, verify_logs(session))


def verify_all(engine: Engine) -> Verified:
    """The same for a database that nobody else has open; the engine is closed then."""
    try:
        with Session(engine) as session:
            return verify(session)
    finally:
        engine.dispose()
