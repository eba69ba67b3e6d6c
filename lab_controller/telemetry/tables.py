from sqlmodel import Field, Index, UniqueConstraint

from lab_controller.database import BigInt, Table


class Series(Table, table=True):
    """One quantity of one device.

    `offset_us` turns the device's microseconds into wall time; None while it has never streamed.
    Every minute before `rolled_us` is in `minutes`, with all of its readings.
    """

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("device", "key"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    device: str
    key: str
    unit: str
    offset_us: int | None = Field(default=None, sa_type=BigInt)
    rolled_us: int = Field(default=0, sa_type=BigInt)


class ReadingRow(Table, table=True):
    """A value at a time. The same sample delivered twice is one row."""

    __tablename__ = "readings"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: int = Field(primary_key=True, sa_type=BigInt, foreign_key="series.id", ondelete="CASCADE")
    at_us: int = Field(primary_key=True, sa_type=BigInt)
    value: float


class MinuteRow(Table, table=True):
    """The readings of one minute of a series, which begins at `at_us`."""

    __tablename__ = "minutes"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: int = Field(primary_key=True, sa_type=BigInt, foreign_key="series.id", ondelete="CASCADE")
    at_us: int = Field(primary_key=True, sa_type=BigInt)
    count: int
    low: float
    high: float
    total: float


class ConsoleChunk(Table, table=True):
    """What a program on a device printed within a moment; `skipped` characters after it were too many.

    `us` is the clock of whoever sent it: the same chunk delivered twice is one row.
    """

    __tablename__ = "console_chunks"
    __table_args__ = (UniqueConstraint("device", "us"), Index("ix_console_chunks_device_id", "device", "id"))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    device: str
    at_us: int = Field(sa_type=BigInt, index=True)
    us: int = Field(sa_type=BigInt)
    text: str
    skipped: int
