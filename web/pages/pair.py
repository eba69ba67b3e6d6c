"""A new kit gets its tag: found by a blink or a beep, named, bound; a tag taken off can be put back."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from lab_controller.bus.changes import ASSETS, DEVICES
from lab_controller.errors import LabError, NotFound
from lab_controller.lab import Lab
from web.api.assets import find_identity
from web.auth import TheLab
from web.kit_access import Visitor
from web.kit_views import is_settable, name_signal
from web.live.room import view_room
from web.pages.devices import render_part, stream_html
from web.pages.rooms import name_room
from web.rendering import render

router = APIRouter()
DeviceForm = Annotated[str, Form(max_length=64)]
TagForm = Annotated[str, Form(max_length=32)]
TitleForm = Annotated[str, Form(max_length=100)]


def describe(lab: Lab, room: str, language: str, chosen: str = "") -> dict[str, Any]:
    """The kits without a tag, those on line first, and those that have one."""
    kits = view_room(lab, room, language)["kits"]
    named = {device.id: device for device in lab.equipment.list_devices()}
    for kit in kits:
        kit["can_identify"] = kit["online"] and is_settable(named[kit["id"]], "board", "identify")
        kit["signal"] = name_signal(named[kit["id"]], language)
    free = [kit for kit in kits if not kit["asset"]]
    return {
        "room": room,
        "room_name": name_room(room, language),
        "free": sorted(free, key=lambda kit: not kit["online"]),
        "paired": sorted((kit for kit in kits if kit["asset"]), key=lambda kit: str(kit["asset"]["tag"])),
        "chosen": chosen or (free[0]["id"] if len(free) == 1 else ""),
    }


@router.get("/rooms/{room}/pair")
def show(
    *,
    request: Request,
    lab: TheLab,
    visitor: Visitor,
    room: str,
    device: Annotated[str, Query(max_length=64)] = "",
    off: Annotated[str, Query(max_length=32)] = "",
    done: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    visitor.manage_room(room)
    form = {"tag": off if device else "", "title": ""}
    return show_pairing(request, lab, room, form, device=device, off=off, done=done)


def show_pairing(
    request: Request,
    lab: Lab,
    room: str,
    form: dict[str, str],
    error: LabError | None = None,
    *,
    device: str,
    off: str = "",
    done: str = "",
) -> Response:
    return render(
        request,
        "pair.html",
        error.status if error else 200,
        **describe(lab, room, request.state.language, device),
        form=form,
        off=off,
        done=done,
        error=error and {"code": error.code, "params": error.params},
    )


@router.get("/live/rooms/{room}/pair")
async def watch(request: Request, lab: TheLab, visitor: Visitor, room: str) -> Response:
    await run_in_threadpool(visitor.manage_room, room)

    def draw(language: str) -> str:
        return render_part("pair_live.html", language, **describe(lab, room, language))

    return stream_html(request, f"pair:{room}", [DEVICES, ASSETS], draw)


@router.post("/rooms/{room}/pair")
def pair(
    *,
    request: Request,
    lab: TheLab,
    visitor: Visitor,
    room: str,
    device: DeviceForm = "",
    tag: TagForm = "",
    title: TitleForm = "",
) -> Response:
    visitor.manage_room(room)
    try:
        known = visitor.manage(device)
        identity = find_identity(lab, known.id, known.agent)
        asset = lab.assets.pair(actor=visitor.actor, tag=tag, device=known.id, title=title, identity=identity)
    except LabError as error:
        return show_pairing(request, lab, room, {"tag": tag, "title": title}, error, device=device)
    return RedirectResponse(f"/rooms/{room}/pair?done={quote(asset.tag)}", 303)


@router.post("/rooms/{room}/unpair")
def unpair(lab: TheLab, visitor: Visitor, room: str, tag: TagForm, device: DeviceForm) -> Response:
    """The tag comes off; the page offers to put it back."""
    visitor.manage(device)
    if lab.assets.get_asset(tag).device != device:
        raise NotFound("asset_unknown", tag=tag)
    lab.assets.unpair(actor=visitor.actor, tag=tag)
    return RedirectResponse(f"/rooms/{room}/pair?device={quote(device)}&off={quote(tag)}", 303)
