"""What kits measured and printed: series for plots, sheets, the last of the console."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from lab_controller.telemetry.consoles import chunks_after, last_chunks
from lab_controller.telemetry.history import MOST_POINTS, Resolution, iter_csv, read_series
from lab_controller.telemetry.queries import list_series
from web.api.devices import DeviceId
from web.auth import TheLab
from web.kit_access import Visitor

router = APIRouter(prefix="/api/v1/devices/{dev}", tags=["telemetry"])
TEN_MINUTES_US = 600_000_000
From = Annotated[int | None, Query(alias="from", ge=0, lt=2**62, description="Microseconds since 1970")]
To = Annotated[int | None, Query(alias="to", ge=0, lt=2**62, description="Now, if it is not given")]


class SeriesName(BaseModel):
    key: str
    unit: str


class AllSeries(BaseModel):
    items: list[SeriesName]


class SeriesPoints(BaseModel):
    """Each point is `[at_us, mean, min, max, count]`, in the order of time.

    `width_us` is the width of a point's bucket, which begins at `at_us`; 0 where each point is one reading.
    """

    device: str
    key: str
    unit: str
    from_us: int
    to_us: int
    source: Resolution
    width_us: int
    points: list[tuple[int, float, float, float, int]]


class Chunk(BaseModel):
    id: int
    at_us: int
    text: str
    skipped: int


class Chunks(BaseModel):
    """In the order of printing; `skipped` characters after a chunk were too many for the line."""

    items: list[Chunk]


@router.get("/series", summary="What a kit has ever measured")
def list_all(lab: TheLab, visitor: Visitor, dev: DeviceId) -> AllSeries:
    visitor.see(dev)
    with lab.database.read() as session:
        return AllSeries(items=[SeriesName(key=s.key, unit=s.unit) for s in list_series(session, dev)])


@router.get("/series/{key:path}", summary="One series in as many points as a plot has")
def show(
    *,
    lab: TheLab,
    visitor: Visitor,
    dev: DeviceId,
    key: Annotated[str, Path(max_length=130)],
    from_us: From = None,
    to_us: To = None,
    points: Annotated[int, Query(ge=1, le=MOST_POINTS)] = 500,
) -> SeriesPoints:
    visitor.see(dev)
    begin_us, end_us = choose_range(lab, from_us, to_us)
    with lab.database.read() as session:
        found = read_series(session, dev, key, from_us=begin_us, to_us=end_us, points=points)
    return SeriesPoints(
        device=dev,
        key=found.series.key,
        unit=found.series.unit,
        from_us=found.from_us,
        to_us=found.to_us,
        source=found.source,
        width_us=found.width_us,
        points=[(p.at_us, p.mean, p.low, p.high, p.count) for p in found.points],
    )


@router.get(
    "/series.csv",
    summary="Readings as a sheet",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
def export(
    *,
    lab: TheLab,
    visitor: Visitor,
    dev: DeviceId,
    key: Annotated[list[str] | None, Query(max_length=64, description="Several, or none for all")] = None,
    from_us: From = None,
    to_us: To = None,
    by: Annotated[Resolution, Query(description="Single readings, or minutes")] = "raw",
) -> StreamingResponse:
    """Columns: time (UTC), at_us, series, unit, and value; or count, min, max, mean."""
    visitor.see(dev)
    begin_us, end_us = choose_range(lab, from_us, to_us)
    lines = iter_csv(lab.database, dev, key or [], from_us=begin_us, to_us=end_us, by=by)
    name = f"attachment; filename={dev}.csv"
    return StreamingResponse(in_blocks(lines), media_type="text/csv", headers={"Content-Disposition": name})


@router.get("/console", summary="What a kit's program printed")
def show_console(
    lab: TheLab,
    visitor: Visitor,
    dev: DeviceId,
    after: Annotated[int | None, Query(ge=0, lt=2**53, description="The last chunk that is known")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> Chunks:
    """The newest chunks, or those that follow `after`."""
    visitor.see(dev)
    with lab.database.read() as session:
        found = (
            last_chunks(session, dev, limit) if after is None else chunks_after(session, dev, after, limit)
        )
    return Chunks(items=[Chunk(id=c.id, at_us=c.at_us, text=c.text, skipped=c.skipped) for c in found])


def choose_range(lab: TheLab, from_us: int | None, to_us: int | None) -> tuple[int, int]:
    """The last ten minutes, unless something else is asked for."""
    end_us = lab.clock.now_us() if to_us is None else to_us
    return max(0, end_us - TEN_MINUTES_US) if from_us is None else from_us, end_us


def in_blocks(lines: Any, size: int = 500) -> Any:
    """Lines joined, so that each sending is worth its while."""
    block: list[str] = []
    for line in lines:
        block.append(line)
        if len(block) == size:
            yield "".join(block)
            block.clear()
    yield "".join(block)
