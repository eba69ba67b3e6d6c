"""The judge's streams: the desk of a championship, and one run, each in the judge's language."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from competitions.contest import ContestState
from lab_controller.bus.changes import DEVICES, championship_key
from lab_controller.championships.views import run_view
from lab_controller.equipment.queries import DeviceView
from lab_controller.lab import Lab
from lab_controller.people import Identity, Role
from web.auth import TheLab, needs
from web.judging.desk import build_desk
from web.judging.run import build_run
from web.live.channels import channels_of
from web.live.frames import Frame, build_frame
from web.live.stream import LiveStream

router = APIRouter()
Judge = Annotated[Identity, Depends(needs(Role.JUDGE, "championship:{slug}"))]


def view_desk(lab: Lab, slug: str, language: str) -> dict[str, Any]:
    """The desk of a championship. Raises NotFound."""
    return build_desk(lab.championships.state(slug), by_id(lab.equipment.list_devices()), language)


def view_run(lab: Lab, slug: str, run: str, language: str) -> dict[str, Any] | None:
    """One run, or None while it is known only to the tablet that opens it. Raises NotFound."""
    return draw_run(lab, lab.championships.state(slug), run, language)


def draw_run(lab: Lab, state: ContestState, run: str, language: str) -> dict[str, Any] | None:
    """One run of `state`, with its gates as they are now; None if `state` does not know it."""
    if run not in state.runs:
        return None
    view = run_view(state, run, lab.clock.now_us())
    gates = lab.equipment.find_devices({gate["device"] for gate in view["gates"]})
    return build_run(view, state, by_id(gates), language)


def by_id(devices: Iterable[DeviceView]) -> dict[str, DeviceView]:
    return {device.id: device for device in devices}


@router.get("/judge/{slug}/events")
async def watch_desk(request: Request, lab: TheLab, judge: Judge, slug: str) -> LiveStream:
    """Server-sent events: `snapshot`, then `desk` on each change."""
    language = request.state.language
    return _stream(request, slug, f"desk:{slug}:{language}", "desk", lambda: view_desk(lab, slug, language))


@router.get("/judge/{slug}/runs/{run}/events")
async def watch_run(request: Request, lab: TheLab, judge: Judge, slug: str, run: str) -> LiveStream:
    """Server-sent events: `snapshot`, then `run` on each change; `run` is null until it is opened."""
    language = request.state.language
    return _stream(
        request,
        slug,
        f"run:{slug}:{run}:{language}",
        "run",
        lambda: {"run": view_run(lab, slug, run, language)},
    )


def _stream(
    request: Request, slug: str, name: str, event: str, view: Callable[[], dict[str, Any]]
) -> LiveStream:
    def frame() -> Frame:
        return build_frame(event, view())

    async def render() -> Frame:
        return await asyncio.to_thread(frame)

    return LiveStream(channels_of(request), name, [championship_key(slug), DEVICES], render)
