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
