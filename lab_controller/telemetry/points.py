"""Readings as they come in, for plots that grow."""

import json
from typing import Any

from sqlmodel import Session, func, select

from lab_controller.telemetry.tables import ReadingRow, Series

MOST = 20_000
# Of each series what came after its own moment: one question for all of them, each answered by the index.
_AFTER = {
    "sqlite": """
        SELECT r.series_id, r.at_us, r.value FROM json_each(?) AS seen
        CROSS JOIN readings AS r ON r.series_id = CAST(seen.key AS INTEGER) AND r.at_us > seen.value
        ORDER BY r.at_us LIMIT ?
    """,
    "postgresql": """
        SELECT CAST(seen.key AS bigint), r.at_us, r.value FROM json_each_text(CAST(%s AS json)) AS seen
        CROSS JOIN LATERAL (
          SELECT at_us, value FROM readings
          WHERE series_id = CAST(seen.key AS bigint) AND at_us > CAST(seen.value AS bigint)
          ORDER BY at_us LIMIT 5000
        ) AS r ORDER BY r.at_us LIMIT %s
    """,
}


class NewPoints:
    """What a device has measured since the last look; the first look is when this is made."""

    def __init__(self, session: Session, device: str) -> None:
        self._device = device
        newest = select(func.max(ReadingRow.at_us)).where(ReadingRow.series_id == Series.id).scalar_subquery()
        rows = session.exec(select(Series.id, newest).where(Series.device == device))
        self._after: dict[int, int] = {series or 0: at_us or 0 for series, at_us in rows}

    def take(self, session: Session) -> list[dict[str, Any]]:
        """`[{"key", "unit", "points": [[at_us, value], ...]}]`, series without news left out.

        A reading that is older than the last one taken, as after a board's restart, is only in the history.
        """
        rows = session.exec(select(Series.id, Series.key, Series.unit).where(Series.device == self._device))
        told: dict[int, dict[str, Any]] = {
            series or 0: {"key": key, "unit": unit, "points": []} for series, key, unit in rows
        }
        self._after = {series: self._after.get(series, 0) for series in told}
        query = _AFTER[session.get_bind().dialect.name]
        for series, at_us, value in session.connection().exec_driver_sql(
            query, (json.dumps(self._after), MOST)
        ):
            told[series]["points"].append([at_us, value])
            self._after[series] = at_us
        return [each for each in told.values() if each["points"]]
