from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Index, UniqueConstraint

from lab_controller.database import BigInt, Table


class Program(Table, table=True):
    """A file that was uploaded, kept once however often it is sent."""

    __tablename__ = "programs"
    __table_args__ = (UniqueConstraint("sha256", "name"),)

    id: str = Field(primary_key=True)
    name: str
    sha256: str
    size_bytes: int
    data: bytes
    created_us: int = Field(sa_type=BigInt)


class Job(Table, table=True):
    """An upload to a kit. `state` and what follows it belong to the attempt `attempt`.

    `executor` carries it out: the kit's agent, or a kit that updates itself. `last_n` is the number of the
    last word about the attempt; `key` and `request_hash` make a repeated request the same job.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("requested_by", "key"),
        Index("ix_jobs_device_created", "device", "created_us"),
        Index("ix_jobs_executor_state", "executor", "state"),
    )

    id: str = Field(primary_key=True)
    device: str
    executor: str
    program_id: str = Field(foreign_key="programs.id", index=True)
    slot: int | None
    run: bool
    state: str
    stage: str
    done: int
    total: int
    code: str
    params: dict[str, Any] = Field(sa_type=JSON)
    attempt: int
    last_n: int
    cancel_asked: bool
    requested_by: str
    key: str
    request_hash: str
    created_us: int = Field(sa_type=BigInt, index=True)
    updated_us: int = Field(sa_type=BigInt)


class JobAttempt(Table, table=True):
    """One try; `ended_us` is None while nobody knows how it ended."""

    __tablename__ = "job_attempts"

    job_id: str = Field(primary_key=True, foreign_key="jobs.id", ondelete="CASCADE")
    attempt: int = Field(primary_key=True)
    state: str
    code: str
    params: dict[str, Any] = Field(sa_type=JSON)
    begun_us: int = Field(sa_type=BigInt)
    ended_us: int | None = Field(default=None, sa_type=BigInt)
