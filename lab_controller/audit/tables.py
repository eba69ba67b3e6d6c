from sqlmodel import Field

from lab_controller.database import BigInt, Table


class AuditRecord(Table, table=True):
    """One thing done; `hash` covers it and, by `prev_hash`, everything before it."""

    __tablename__ = "audit_records"

    seq: int = Field(primary_key=True, sa_type=BigInt)
    at_us: int = Field(sa_type=BigInt, index=True)
    actor: str = Field(index=True)
    action: str
    subject: str = Field(index=True)
    payload: str
    prev_hash: str
    hash: str
