"""The judge's streams: the desk of a championship, and one run, each in the judge's language."""

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from lab_controller.bus.changes import DEVICES, championship_key
from lab_controller.championships.views import run_view
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
    return build_desk(lab.championships.state(slug), devices_of(lab), language)


def view_run(lab: Lab, slug: str, run: str, language: str) -> dict[str, Any] | None:
    """One run, or None while it is known only to the tablet that opens it. Raises NotFound."""
    state = lab.championships.state(slug)
    if run not in state.runs:
        return None
    devices = devices_of(lab)
    return build_run(run_view(state, run, lab.clock.now_us()), state, devices, language)


def devices_of(lab: Lab) -> dict[str, Any]:
    """All devices by id."""
    return {device.id: device for device in lab.equipment.list_devices()}


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
        return build_frame(event, json.dumps(view(), ensure_ascii=False), event_id="")

    async def render() -> Frame:
        return await asyncio.to_thread(frame)

    return LiveStream(channels_of(request), name, [championship_key(slug), DEVICES], render)
