"""What a kit has measured: a picture, a table by the minute or of every reading, and both as a sheet."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from lab_controller.telemetry.history import Point, find_series, read_series
from lab_controller.telemetry.queries import load_readings
from lab_controller.telemetry.rollup import MINUTE_US, floor_minute
from web.kit_section import KitLook, KitSection
from web.languages import load_catalogue
from web.plot_picture import draw
from web.rendering import render

router = APIRouter()
SECOND_US = 1_000_000
MOST_MINUTES = 1440
MOST_ROWS = 400
Span = Literal["600", "3600", "86400", "604800"]


@router.get("/kits/{device}/history")
def show(
    section: KitLook,
    key: Annotated[str, Query(max_length=130)] = "",
    span: Annotated[Span, Query()] = "600",
    by: Annotated[Literal["minute", "raw"], Query()] = "minute",
) -> Response:
    view = section.describe()
    series = next((each for each in view["kit"]["series"] if each["key"] == key), None)
    series = series or next(iter(view["kit"]["series"]), None)
    now_us = section.lab.clock.now_us()
    from_us = floor_minute(now_us - int(span) * SECOND_US)
    points, width_us = read(section, series["key"], from_us, now_us, by) if series else ([], 0)
    return render(
        section.request,
        "kit_history.html",
        **view,
        chosen=series,
        span=span,
        spans=name_spans(section.language),
        by=by,
        from_us=from_us,
        to_us=now_us,
        picture=draw(points, from_us, now_us, width_us) if points else None,
        rows=points[: -MOST_ROWS - 1 : -1],
    )


def name_spans(language: str) -> dict[str, str]:
    _ = load_catalogue(language).gettext
    return {"600": _("10 minutes"), "3600": _("1 hour"), "86400": _("1 day"), "604800": _("1 week")}


def read(section: KitSection, key: str, from_us: int, to_us: int, by: str) -> tuple[list[Point], int]:
    """Whole minutes, or several for a long time; else single readings, the newest; and how wide each is."""
    with section.lab.database.read() as session:
        if by == "minute":
            minutes = -(-(to_us - from_us) // MINUTE_US)
            width = -(-minutes // MOST_MINUTES)
            count = -(-minutes // width)
            end_us = from_us + count * width * MINUTE_US
            found = read_series(session, section.device, key, from_us=from_us, to_us=end_us, points=count)
            return list(found.points), width * MINUTE_US
        series = find_series(session, section.device, key).id or 0
        readings = load_readings(session, series, from_us=from_us, to_us=to_us, limit=MOST_ROWS)
    return [Point(at_us, value, value, value, 1) for at_us, value in readings], 0
