"""The names of what a device has measured: how many there may be, told where more are missed."""

from sqlmodel import Session, col, delete, exists, func, select

from lab_controller.bus.changes import DEVICES, device_key
from lab_controller.equipment.handler import SERIES_ALERT
from lab_controller.equipment.tables import Device
from lab_controller.telemetry.tables import MinuteRow, ReadingRow, Series

MAX_SERIES = 1000
"""Of one device: a program that puts a counter into its labels must not fill the database."""


def count_room(session: Session, device: str) -> int:
    """How many new names a device may still have."""
    return MAX_SERIES - (session.scalar(select(func.count()).where(Series.device == device)) or 0)


def say_too_many(session: Session, device: str) -> list[str]:
    """On the device's page and card, until there is room; gives the keys that changed."""
    row = session.get(Device, device)
    if row is None or SERIES_ALERT in row.alerts:
        return []
    row.alerts = {**row.alerts, SERIES_ALERT: {"code": "series_too_many", "params": {"limit": MAX_SERIES}}}
    return [DEVICES, device_key(device)]


def forget_series(session: Session) -> int:
    """Delete the names of which no reading and no minute is kept; gives how many.

    A device that has room again is not told of any more.
    """
    read = exists().where(col(ReadingRow.series_id) == col(Series.id))
    summed = exists().where(col(MinuteRow.series_id) == col(Series.id))
    deleted = session.exec(delete(Series).where(~read, ~summed)).rowcount
    for row in session.exec(select(Device)).all():
        if SERIES_ALERT in row.alerts and count_room(session, row.id) > 0:
            row.alerts = {name: alert for name, alert in row.alerts.items() if name != SERIES_ALERT}
    return deleted
