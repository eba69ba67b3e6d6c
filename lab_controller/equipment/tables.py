from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from lab_controller.database import BigInt, Table


class Device(Table, table=True):
    """A gate, kit or agent as it last told of itself over the bus.

    `latest` holds the latest retained values by `<node>/<property>`, as text;
    `alerts` the open alerts by id, as `{"code", "params"}`; `fit` the clock's last fit.
    """

    __tablename__ = "devices"

    id: str = Field(primary_key=True)
    kind: str
    name: str
    state: str = Field(index=True)
    agent: str | None = Field(default=None, index=True)
    description: dict[str, Any] = Field(sa_type=JSON)
    alerts: dict[str, Any] = Field(sa_type=JSON)
    latest: dict[str, Any] = Field(sa_type=JSON)
    blocked: list[int] = Field(sa_type=JSON)
    fit: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    first_seen_us: int = Field(sa_type=BigInt)
    last_seen_us: int = Field(sa_type=BigInt)


class Asset(Table, table=True):
    """A thing with an inventory tag; `device` is the kit on the bus that it was found to be.

    `identity` is what the kit was known by when it was paired, `holder` the account that has it in hand.
    """

    __tablename__ = "assets"

    tag: str = Field(primary_key=True)
    title: str
    kind: str
    device: str | None = Field(default=None, unique=True)
    identity: str
    holder: str | None = Field(default=None, foreign_key="accounts.id", ondelete="SET NULL", index=True)
    held_since_us: int | None = Field(default=None, sa_type=BigInt)
    paired_us: int = Field(sa_type=BigInt)
    paired_by: str
    note: str
