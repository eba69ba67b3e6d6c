from sqlmodel import Field, UniqueConstraint

from lab_controller.database import BigInt, Table


class Series(Table, table=True):
    """One quantity of one device.

    `offset_us` turns the device's microseconds into wall time; None while it has never streamed.
    """

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("device", "key"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    device: str
    key: str
    unit: str
    offset_us: int | None = Field(default=None, sa_type=BigInt)


class ReadingRow(Table, table=True):
    """A value at a time. The same sample delivered twice is one row."""

    __tablename__ = "readings"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: int = Field(primary_key=True, sa_type=BigInt, foreign_key="series.id", ondelete="CASCADE")
    at_us: int = Field(primary_key=True, sa_type=BigInt)
    value: float
