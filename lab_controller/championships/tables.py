"""Tables of championships. Only `championship_log` is the truth of a contest; the rest serves it."""

from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Index, UniqueConstraint

from lab_controller.database import BigInt, Table


class Championship(Table, table=True):
    """One contest of one discipline. `head_seq` and `head_hash` are the end of its log.

    Whoever appends to the log holds this row.
    """

    __tablename__ = "championships"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    slug: str = Field(unique=True)
    name_kk: str
    name_ru: str
    name_en: str
    discipline: str
    created_us: int = Field(sa_type=BigInt)
    created_by: str
    head_seq: int = Field(sa_type=BigInt)
    head_hash: str


class LogRecord(Table, table=True):
    """Append-only: the database itself refuses to change or delete a row. `payload` is canonical JSON."""

    __tablename__ = "championship_log"

    championship_id: int = Field(primary_key=True, sa_type=BigInt, foreign_key="championships.id")
    seq: int = Field(primary_key=True, sa_type=BigInt)
    at_us: int = Field(sa_type=BigInt)
    actor: str
    source: str
    kind: str
    payload: str
    voids: int | None = Field(default=None, sa_type=BigInt)
    prev_hash: str
    hash: str


class ReceiptRow(Table, table=True):
    """The answer to a write that was done, for when the same write comes again."""

    __tablename__ = "receipts"

    actor: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: str
    response: dict[str, Any] = Field(sa_type=JSON)
    at_us: int = Field(sa_type=BigInt)


class School(Table, table=True):
    """`name_key` is the folded name: two spellings of one school are one school."""

    __tablename__ = "schools"

    id: str = Field(primary_key=True)
    name: str
    name_key: str = Field(unique=True)
    city: str


class Team(Table, table=True):
    __tablename__ = "teams"
    __table_args__ = (UniqueConstraint("school_id", "name_key"),)

    id: str = Field(primary_key=True)
    school_id: str = Field(foreign_key="schools.id")
    name: str
    name_key: str
    coach: str


class Participant(Table, table=True):
    """A child in a team: private, never in a log, a view or an export."""

    __tablename__ = "participants"

    id: str = Field(primary_key=True)
    team_id: str = Field(foreign_key="teams.id", index=True)
    name: str


class EntryTeam(Table, table=True):
    """Which team stands behind an entry of a championship."""

    __tablename__ = "entry_teams"
    __table_args__ = (UniqueConstraint("championship_id", "team_id"),)

    championship_id: int = Field(primary_key=True, sa_type=BigInt, foreign_key="championships.id")
    entry: str = Field(primary_key=True)
    team_id: str = Field(foreign_key="teams.id")


class PassageRow(Table, table=True):
    """A robot through a gate, as the board stamped it.

    `run` is whom it was credited to, None if to nobody; `log_seq` the first record that came of it.
    """

    __tablename__ = "passages"
    __table_args__ = (UniqueConstraint("device", "boot", "seq"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    device: str
    boot: str
    seq: int = Field(sa_type=BigInt)
    lane: int
    edge: str
    us: int = Field(sa_type=BigInt)
    received_us: int = Field(sa_type=BigInt)
    run: str | None = Field(default=None, index=True)
    log_seq: int | None = Field(default=None, sa_type=BigInt)


class EdgeRow(Table, table=True):
    """A raw edge inside a gate's debounce window: evidence for a dispute, never counted."""

    __tablename__ = "passage_edges"
    __table_args__ = (UniqueConstraint("device", "boot", "n"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    device: str
    boot: str
    n: int = Field(sa_type=BigInt)
    lane: int
    edge: str
    us: int = Field(sa_type=BigInt)
    received_us: int = Field(sa_type=BigInt)


class Arming(Table, table=True):
    """One input of a gate given to one run; `run` None gives it back to nobody.

    Asked: `boot` is None. Answered: passages of `boot` after `armed_seq` belong to it, until the next
    answer on that input. `heard_seq`: everything up to it was looked at. Closed: nothing more can come.
    `after_passage`: rows of passages up to this id were stored before it was asked, and are not its.
    """

    __tablename__ = "armings"
    __table_args__ = (
        Index("ix_armings_device_token", "device", "token"),
        Index("ix_armings_device_closed", "device", "closed"),
        Index("ix_armings_run", "run"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    championship_id: int = Field(sa_type=BigInt, foreign_key="championships.id")
    run: str | None
    device: str
    input: int
    points: list[str] = Field(sa_type=JSON)
    token: str
    asked_us: int = Field(sa_type=BigInt)
    after_passage: int = Field(sa_type=BigInt)
    boot: str | None = None
    armed_seq: int | None = Field(default=None, sa_type=BigInt)
    heard_seq: int | None = Field(default=None, sa_type=BigInt)
    stuck_since_us: int | None = Field(default=None, sa_type=BigInt)
    closed: bool = False
    faults: list[str] = Field(sa_type=JSON)


class GateBoot(Table, table=True):
    """A life of a gate's board between two resets; `fits` are its clock's, one a host clock, newest last."""

    __tablename__ = "gate_boots"

    device: str = Field(primary_key=True)
    boot: str = Field(primary_key=True)
    first_seen_us: int = Field(sa_type=BigInt)
    fits: list[dict[str, Any]] = Field(sa_type=JSON)
