"""Stored readings as pages draw them."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from lab_controller.telemetry.tables import ReadingRow, Series


@dataclass(frozen=True, slots=True)
class SeriesView:
    id: int
    device: str
    key: str
    unit: str


def list_series(session: Session, device: str) -> list[SeriesView]:
    """What the device has ever measured, by key."""
    rows = session.exec(select(Series).where(Series.device == device).order_by(col(Series.key)))
    return [SeriesView(row.id or 0, row.device, row.key, row.unit) for row in rows]


def load_readings(
    session: Session, series: int, *, from_us: int, to_us: int, limit: int = 10_000
) -> list[tuple[int, float]]:
    """(at_us, value) of `from_us` <= at < `to_us`, oldest first, the newest `limit` of them."""
    at_us, value = col(ReadingRow.at_us), col(ReadingRow.value)
    query = select(at_us, value).where(ReadingRow.series_id == series, at_us >= from_us, at_us < to_us)
    rows = session.exec(query.order_by(at_us.desc()).limit(limit)).all()
    return [(row[0], row[1]) for row in reversed(rows)]
