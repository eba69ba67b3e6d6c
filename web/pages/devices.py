"""Every device and how it is, kept up to date by the server."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from lab_controller.bus.changes import DEVICES, championship_key
from lab_controller.people.roles import CITY, Role
from web.device_views import DeviceHealth, view_device
from web.gate_access import Gates, Looker
from web.languages import load_catalogue
from web.live.channels import channels_of
from web.live.frames import Frame, build_frame
from web.live.stream import LiveStream
from web.rendering import load_environment, render

router = APIRouter()
WORST_FIRST = {"bad": 0, "good": 1, "off": 2}


def name_kinds(language: str) -> dict[str, str]:
    """What a person calls each kind of device."""
    _ = load_catalogue(language).gettext
    return {"gate": _("Timing gate"), "agent": _("Room computer"), "": _("Device")}


def list_views(looker: Gates) -> list[DeviceHealth]:
    """Those that need a person first."""
    views = [view_device(device) for device in looker.visible()]
    return sorted(views, key=lambda view: (WORST_FIRST[view.health], view.kind != "gate", view.name))


def describe_devices(looker: Gates, language: str) -> dict[str, Any]:
    """What the list shows: the devices, and what is wrong with the lab itself; commands to admins alone."""
    return {
        "devices": list_views(looker),
        "kinds": name_kinds(language),
        "troubles": [{"code": code} for code in looker.kits.lab.troubles()],
        "is_admin": looker.kits.identity.may(Role.ADMIN, CITY),
        "sees_all": looker.sees_all,
    }


def render_part(template: str, language: str, **context: Any) -> str:
    """A part of a page as it stands in a live stream."""
    return load_environment(language).get_template(template).render(**context)


def stream_html(request: Request, name: str, keys: list[str], draw: Callable[[str], str]) -> LiveStream:
    """A stream of `{"html"}` for <live-html>; one rendering for all who read the same language."""
    language = request.state.language

    async def frame() -> Frame:
        html = await run_in_threadpool(draw, language)
        return build_frame("change", {"html": html})

    render_frame: Callable[[], Awaitable[Frame]] = frame
    return LiveStream(channels_of(request), f"{name}:{language}", keys, render_frame)


@router.get("/devices")
def show(request: Request, looker: Looker, gone: str = "") -> Response:
    looker.see_anything()
    view = describe_devices(looker, request.state.language)
    return render(request, "devices.html", gone=gone[:100], **view)


@router.get("/live/devices")
async def watch(request: Request, looker: Looker) -> Response:
    looker.see_anything()

    def draw(language: str) -> str:
        return render_part("devices_live.html", language, **describe_devices(looker, language))

    keys = [DEVICES, *([] if looker.sees_all else map(championship_key, looker.championships))]
    name = f"devices:{looker.kits.identity.may(Role.ADMIN, CITY)}:{looker.view}"
    return stream_html(request, name, keys, draw)
