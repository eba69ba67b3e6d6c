"""One kit, live: what it is, what it prints, what it measures, what becomes of its uploads."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from lab_controller.bus.changes import ASSETS, DEVICES, console_key, device_key, job_key, points_key
from lab_controller.errors import NotFound
from lab_controller.lab import Lab
from lab_controller.programs.queries import list_jobs
from lab_controller.telemetry.consoles import chunks_after, last_chunks
from lab_controller.telemetry.points import NewPoints
from web.auth import TheLab
from web.kit_access import Visitor
from web.kit_page_view import MOST_JOBS, view_chunk, view_kit, view_state
from web.kit_views import hide_people, view_job
from web.live.channels import channels_of
from web.live.frames import Piece, format_event, format_json
from web.live.stream import FeedStream

router = APIRouter()
STATE_EVERY_S = 0.25


class KitSource:
    """Remembers what the viewers of a kit were told; one for each language, and for who sees no `names`."""

    def __init__(self, lab: Lab, device: str, language: str, *, names: bool = True) -> None:
        self._show = _as_it_is if names else hide_people
        self._lab, self._device, self._language = lab, device, language
        self._state_keys = frozenset({device_key(device), DEVICES, ASSETS})
        self.slow: Mapping[str, float] = dict.fromkeys(self._state_keys, STATE_EVERY_S)
        self._points: NewPoints | None = None
        self._plotted: set[str] = set()
        self._jobs: dict[str, dict[str, Any]] = {}
        self._chunk = 0
        self._state = b""

    def snapshot(self) -> Piece:
        with self._lab.database.read() as session:
            self._begin(session)
        view = self._show(view_kit(self._lab, self._device, self._language))
        return _piece("snapshot", view)

    def news(self, changed: frozenset[str]) -> list[Piece]:
        device, pieces = self._device, []
        with self._lab.database.read() as session:
            new_points = self._begin(session)
            points = new_points.take(session) if points_key(device) in changed else []
            chunks = chunks_after(session, device, self._chunk) if console_key(device) in changed else []
            jobs = self._list_jobs(session) if job_key(device) in changed else []
        if changed & self._state_keys or not self._plotted.issuperset(each["key"] for each in points):
            pieces += self._tell_state()
        if points:
            pieces.append(_piece("points", {"series": points}))
        if chunks:
            self._chunk = chunks[-1].id
            pieces.append(_piece("console", {"chunks": [view_chunk(each) for each in chunks]}))
        for job in reversed(jobs):
            if self._jobs.get(job["id"]) != job:
                self._jobs[job["id"]] = job
                pieces.append(_piece("job", job))
        return pieces

    def _begin(self, session: Session) -> NewPoints:
        """What is there when the first viewer comes is in its snapshot."""
        if self._points is None:
            self._points = NewPoints(session, self._device)
            self._jobs = {job["id"]: job for job in self._list_jobs(session)}
            newest = last_chunks(session, self._device, 1)
            self._chunk = newest[0].id if newest else 0
        return self._points

    def _tell_state(self) -> list[Piece]:
        try:
            view = self._show(view_state(self._lab, self._device, self._language))
        except NotFound:
            return [_piece("kit", {"id": self._device, "state": "unknown"})]
        self._plotted.update(each["key"] for each in view["series"])
        said = format_json({name: value for name, value in view.items() if name != "last_seen_us"})
        if said == self._state:
            return []
        self._state = said
        return [_piece("kit", view)]

    def _list_jobs(self, session: Session) -> list[dict[str, Any]]:
        jobs = list_jobs(session, devices=[self._device], limit=MOST_JOBS)
        return [self._show(view_job(job, self._language)) for job in jobs]


@router.get("/kits/{device}/events")
async def watch_kit(request: Request, lab: TheLab, visitor: Visitor, device: str) -> FeedStream:
    """Server-sent events, each a JSON object; people are named only to who looks after the room.

    `snapshot`: view_kit.
    `kit`: view_kit without "jobs", "job" and the console's "chunks", whenever it differs; only {"id",
    "state": "unknown"} once the device is forgotten.
    `job`: one job as in view_kit, at each word about it.
    `console`: {"chunks": [{"id", "at_us", "text", "skipped"}]}.
    `points`: {"series": [{"key", "unit", "points": [[at_us, value], ...]}]}, in the order of time; the name
    of a new key comes before it in a `kit`.
    What a snapshot holds may come again: a chunk's id and a point's at_us tell. A viewer that reads too
    slowly gets a new `snapshot` and loads the history again.
    """
    view = await run_in_threadpool(visitor.see, device)
    language, names = request.state.language, visitor.is_staff(visitor.room(view))
    keys = [device_key(device), DEVICES, ASSETS, job_key(device), console_key(device), points_key(device)]
    name = f"kit:{device}:{names}:{language}"
    return FeedStream(channels_of(request), name, keys, lambda: KitSource(lab, device, language, names=names))


def _as_it_is(view: Any) -> Any:
    return view


def _piece(event: str, told: dict[str, Any]) -> Piece:
    return Piece(format_event(event, format_json(told)))
