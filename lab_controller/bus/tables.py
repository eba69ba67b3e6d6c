from sqlmodel import Field

from lab_controller.database import BigInt, Table


class DeadLetter(Table, table=True):
    """A message that could not be stored, cut to its first bytes, with why."""

    __tablename__ = "dead_letters"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    at_us: int = Field(sa_type=BigInt, index=True)
    topic: str
    size_bytes: int
    payload: bytes
    code: str
    detail: str


class BrokerAccount(Table, table=True):
    """Who may connect to the broker; client id and user name are one.

    Two hashes of one password, because Mosquitto cannot read Argon2.
    """

    __tablename__ = "broker_accounts"

    username: str = Field(primary_key=True)
    kind: str
    password_hash: str
    mosquitto_hash: str
    created_us: int = Field(sa_type=BigInt)
