"""Readings by the minute, and the end of what has grown old."""

from sqlalchemy import delete, exists, func, text
from sqlmodel import Session, col, select

from lab_controller.telemetry.tables import MinuteRow, ReadingRow, Series

MINUTE_US = 60_000_000
SETTLED_US = 2 * MINUTE_US
"""A minute is rolled up this long after its begin: its last readings are still on their way."""
WINDOW_US = 10 * MINUTE_US
MOST_SERIES = 16
_ROLL = text(
    """
    INSERT INTO minutes (series_id, at_us, count, low, high, total)
    SELECT series_id, at_us / 60000000 * 60000000, COUNT(*), MIN(value), MAX(value), SUM(value)
    FROM readings
    WHERE series_id = :series AND at_us >= :begin AND at_us < :end
    GROUP BY series_id, at_us / 60000000 * 60000000
    ON CONFLICT (series_id, at_us) DO UPDATE SET
      count = excluded.count, low = excluded.low, high = excluded.high, total = excluded.total
    """
)


def roll_some(session: Session, now_us: int, since_us: int = 0) -> int:
    """Roll up at most ten minutes of each of a few series; gives how many series had something to do.

    What is older than `since_us` was rolled up long ago, and its readings may be gone.
    """
    end_us = floor_minute(now_us - SETTLED_US) + MINUTE_US
    due = exists().where(
        col(ReadingRow.series_id) == col(Series.id),
        col(ReadingRow.at_us) >= col(Series.rolled_us),
        col(ReadingRow.at_us) >= since_us,
        col(ReadingRow.at_us) < end_us,
    )
    rows = session.exec(select(Series).where(due).limit(MOST_SERIES).with_for_update()).all()
    for row in rows:
        begin_us = max(row.rolled_us, floor_minute(since_us))
        first = select(func.min(ReadingRow.at_us)).where(
            ReadingRow.series_id == row.id, col(ReadingRow.at_us) >= begin_us
        )
        begin_us = floor_minute(session.exec(first).one())
        row.rolled_us = min(begin_us + WINDOW_US, end_us)
        window = {"series": row.id, "begin": begin_us, "end": row.rolled_us}
        session.connection().execute(_ROLL, window)
    return len(rows)


def forget_readings(session: Session, before_us: int, limit: int = 20_000) -> int:
    """Delete at most `limit` of the readings before `before_us` that are rolled up; gives how many."""
    left = limit
    for series, rolled_us in session.exec(select(Series.id, Series.rolled_us)).all():
        end_us = floor_minute(min(before_us, rolled_us))
        old = select(col(ReadingRow.at_us)).where(
            ReadingRow.series_id == series, col(ReadingRow.at_us) < end_us
        )
        times = session.exec(old.order_by(col(ReadingRow.at_us)).limit(left)).all()
        if times:
            gone = delete(ReadingRow).where(
                col(ReadingRow.series_id) == series, col(ReadingRow.at_us) <= times[-1]
            )
            session.exec(gone)
            left -= len(times)
        if left <= 0:
            break
    return limit - left


def forget_minutes(session: Session, before_us: int, limit: int = 20_000) -> int:
    """Delete at most `limit` of the minutes before `before_us`; gives how many."""
    left = limit
    for series in session.exec(select(Series.id)).all():
        old = select(col(MinuteRow.at_us)).where(
            MinuteRow.series_id == series, col(MinuteRow.at_us) < before_us
        )
        times = session.exec(old.order_by(col(MinuteRow.at_us)).limit(left)).all()
        if times:
            session.exec(
                delete(MinuteRow).where(col(MinuteRow.series_id) == series, col(MinuteRow.at_us) <= times[-1])
            )
            left -= len(times)
        if left <= 0:
            break
    return limit - left


def floor_minute(at_us: int) -> int:
    """The begin of the minute."""
    return at_us - at_us % MINUTE_US
