"""What was measured, drawn from as few rows as a plot has points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from lab_controller.database import Database
from lab_controller.errors import Invalid, NotFound
from lab_controller.telemetry.queries import SeriesView, list_series
from lab_controller.telemetry.rollup import MINUTE_US, floor_minute
from lab_controller.telemetry.tables import MinuteRow, ReadingRow, Series

MOST_POINTS = 2000
MOST_READINGS = 200_000
"""A plot over more readings than this is drawn from the minutes."""
PAGE = 5000
Resolution = Literal["raw", "minute"]
HEAD = {
    "raw": ("time", "at_us", "series", "unit", "value"),
    "minute": ("time", "at_us", "series", "unit", "count", "min", "max", "mean"),
}
# Buckets are counted from `begin`; `rolled` parts the minutes from the readings that are not in them yet.
_BUCKETS = """
    SELECT (at_us - :begin) / :width AS bucket, SUM(count), MIN(low), MAX(high), SUM(total)
    FROM ({rows}) AS found
    GROUP BY (at_us - :begin) / :width ORDER BY bucket
"""
_RAW = """
    SELECT at_us, 1 AS count, value AS low, value AS high, value AS total FROM readings
    WHERE series_id = :series AND at_us >= :from AND at_us < :to
"""
_MINUTES = """
    SELECT at_us, count, low, high, total FROM minutes
    WHERE series_id = :series AND at_us >= :begin AND at_us < :rolled
    UNION ALL
    SELECT at_us, 1, value, value, value FROM readings
    WHERE series_id = :series AND at_us >= :unrolled AND at_us < :to
"""
_BY_RAW, _BY_MINUTE = text(_BUCKETS.format(rows=_RAW)), text(_BUCKETS.format(rows=_MINUTES))


@dataclass(frozen=True, slots=True)
class Point:
    """The readings of one bucket, which begins at `at_us`; a single reading stands at its own time."""

    at_us: int
    low: float
    high: float
    mean: float
    count: int


@dataclass(frozen=True, slots=True)
class History:
    """`width_us` is a bucket's width, 0 where each point is one reading.

    From minutes the range is widened to whole ones.
    """

    series: SeriesView
    from_us: int
    to_us: int
    source: Resolution
    width_us: int
    points: tuple[Point, ...]


def find_series(session: Session, device: str, key: str) -> Series:
    """Raises NotFound."""
    row = session.exec(select(Series).where(Series.device == device, Series.key == key)).first()
    if row is None:
        raise NotFound("series_unknown", device=device, key=key)
    return row


def read_series(session: Session, device: str, key: str, *, from_us: int, to_us: int, points: int) -> History:
    """`from_us` <= at < `to_us` in at most `points` points. Raises NotFound and Invalid `range_invalid`."""
    check_range(from_us, to_us, points)
    row = find_series(session, device, key)
    series = SeriesView(row.id or 0, row.device, row.key, row.unit)
    width_us = -(-(to_us - from_us) // points)
    if not _needs_minutes(session, row, from_us, to_us, width_us):
        found = _few(session, series.id, from_us, to_us, points)
        if found is not None:
            return History(series, from_us, to_us, "raw", 0, found)
        given = {"series": series.id, "from": from_us, "to": to_us, "begin": from_us, "width": width_us}
        buckets = session.connection().execute(_BY_RAW, given)
        return History(series, from_us, to_us, "raw", width_us, _points(buckets, from_us, width_us))
    begin_us, end_us = floor_minute(from_us), -(-to_us // MINUTE_US) * MINUTE_US
    width_us = -(-(end_us - begin_us) // points // MINUTE_US) * MINUTE_US
    while (end_us - begin_us) > width_us * points:
        width_us += MINUTE_US
    given = {
        "series": series.id,
        "begin": begin_us,
        "width": width_us,
        "to": end_us,
        "rolled": min(end_us, row.rolled_us),
        "unrolled": max(begin_us, row.rolled_us),
    }
    buckets = session.connection().execute(_BY_MINUTE, given)
    return History(series, begin_us, end_us, "minute", width_us, _points(buckets, begin_us, width_us))


def check_range(from_us: int, to_us: int, points: int = 1) -> None:
    """Raises Invalid `range_invalid`."""
    if not 0 <= from_us < to_us < 2**62 or not 1 <= points <= MOST_POINTS:
        raise Invalid("range_invalid")


def iter_csv(
    database: Database,
    device: str,
    keys: Sequence[str],
    *,
    from_us: int,
    to_us: int,
    by: Resolution = "raw",
) -> Iterator[str]:
    """Lines of a sheet, each series in the order of time; `keys` empty for all.

    Raises NotFound and Invalid before the first line. Time is UTC. A text that a spreadsheet would take for
    a formula begins with an apostrophe.
    """
    check_range(from_us, to_us)
    with database.read() as session:
        known = {series.key: series for series in list_series(session, device)}
    missing = [key for key in keys if key not in known]
    if missing:
        raise NotFound("series_unknown", device=device, key=missing[0])
    return _lines(database, [known[key] for key in keys or known], from_us, to_us, by)


def _lines(
    database: Database, wanted: Sequence[SeriesView], from_us: int, to_us: int, by: Resolution
) -> Iterator[str]:
    yield _line(HEAD[by])
    for series in wanted:
        for at_us, *values in _iter_rows(database, series.id, from_us, to_us, by):
            time = datetime.fromtimestamp(at_us / 1_000_000, UTC).isoformat(timespec="microseconds")
            yield _line((time, at_us, safe_text(series.key), safe_text(series.unit), *values))


def _iter_rows(
    database: Database, series: int, from_us: int, to_us: int, by: Resolution
) -> Iterator[tuple[Any, ...]]:
    """A page at a time, so that a year of readings needs neither memory nor a long transaction."""
    while True:
        with database.read() as session:
            rows = _page(session, series, from_us, to_us, by)
        yield from rows
        if len(rows) < PAGE:
            return
        from_us = rows[-1][0] + 1


def _page(session: Session, series: int, from_us: int, to_us: int, by: Resolution) -> list[tuple[Any, ...]]:
    if by == "raw":
        at_us = col(ReadingRow.at_us)
        query = select(ReadingRow.at_us, ReadingRow.value).where(ReadingRow.series_id == series)
        rows = session.exec(query.where(at_us >= from_us, at_us < to_us).order_by(at_us).limit(PAGE))
        return [tuple(row) for row in rows]
    minute = col(MinuteRow.at_us)
    found = select(MinuteRow).where(MinuteRow.series_id == series, minute >= from_us, minute < to_us)
    return [
        (row.at_us, row.count, row.low, row.high, row.total / row.count)
        for row in session.exec(found.order_by(minute).limit(PAGE))
    ]


def safe_text(value: str) -> str:
    """Text that no spreadsheet takes for a formula, on one line."""
    line = " ".join(value.split())
    return f"'{line}" if line[:1] in ("=", "+", "-", "@", "|", "%") else line


def _line(cells: Sequence[object]) -> str:
    return ",".join(_cell(cell) for cell in cells) + "\r\n"


def _cell(value: object) -> str:
    told = repr(value) if isinstance(value, float) else str(value)
    return '"{}"'.format(told.replace('"', '""')) if any(c in told for c in ',"\r\n') else told


def _needs_minutes(session: Session, row: Series, from_us: int, to_us: int, width_us: int) -> bool:
    """Whether the plot is wide, or its readings are many, or gone."""
    if row.rolled_us <= from_us:
        return False
    if width_us >= MINUTE_US:
        return True
    in_range = (
        MinuteRow.series_id == row.id,
        col(MinuteRow.at_us) >= floor_minute(from_us),
        col(MinuteRow.at_us) < to_us,
    )
    total, first = session.exec(
        select(func.coalesce(func.sum(MinuteRow.count), 0), func.min(MinuteRow.at_us)).where(*in_range)
    ).one()
    if total > MOST_READINGS:
        return True
    oldest = select(func.min(ReadingRow.at_us)).where(ReadingRow.series_id == row.id)
    oldest_us = session.exec(oldest).one()
    return first is not None and (oldest_us is None or first + MINUTE_US <= oldest_us)


def _few(session: Session, series: int, from_us: int, to_us: int, points: int) -> tuple[Point, ...] | None:
    """Every reading, if there are no more than `points`."""
    at_us = col(ReadingRow.at_us)
    query = select(ReadingRow.at_us, ReadingRow.value).where(ReadingRow.series_id == series)
    rows = session.exec(query.where(at_us >= from_us, at_us < to_us).order_by(at_us).limit(points + 1)).all()
    if len(rows) > points:
        return None
    return tuple(Point(at, value, value, value, 1) for at, value in rows)


def _points(buckets: Any, begin_us: int, width_us: int) -> tuple[Point, ...]:
    return tuple(
        Point(begin_us + int(bucket) * width_us, low, high, total / int(count), int(count))
        for bucket, count, low, high, total in buckets
    )
