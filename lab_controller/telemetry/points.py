"""Readings as they come in, for plots that grow."""

from typing import Any

from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select

from lab_controller.telemetry.tables import ReadingRow, Series

MOST = 5000
_AFTER = (
    select(col(ReadingRow.at_us), col(ReadingRow.value))
    .where(
        col(ReadingRow.series_id) == bindparam("series"),
        col(ReadingRow.at_us) > bindparam("after"),
    )
    .order_by(col(ReadingRow.at_us))
    .limit(MOST)
)


class NewPoints:
    """What a device has measured since the last look; the first look is when this is made."""

    def __init__(self, session: Session, device: str) -> None:
        self._device = device
        self._after: dict[int, int] = {}
        for series in session.exec(select(Series).where(Series.device == device)).all():
            newest = select(func.max(ReadingRow.at_us)).where(ReadingRow.series_id == series.id)
            self._after[series.id or 0] = session.exec(newest).one() or 0

    def take(self, session: Session) -> list[dict[str, Any]]:
        """`[{"key", "unit", "points": [[at_us, value], ...]}]`, series without news left out.

        A reading that is older than the last one taken, as after a board's restart, is only in the history.
        """
        told = []
        for row in session.exec(
            select(Series.id, Series.key, Series.unit).where(Series.device == self._device)
        ):
            series, key, unit = row[0] or 0, row[1], row[2]
            after = {"series": series, "after": self._after.get(series, 0)}
            found = session.connection().execute(_AFTER, after).all()
            points: list[list[float]] = [list(point) for point in found]
            if points:
                self._after[series] = found[-1][0]
                told.append({"key": key, "unit": unit, "points": points})
        return told
