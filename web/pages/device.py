"""One device: what is wrong with it, what to do, and a self-test."""

import json
import secrets
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from lab_controller.bus.changes import device_key
from web.auth import TheLab
from web.device_views import view_device
from web.gate_access import Looker
from web.kit_access import Visitor
from web.pages.devices import name_kinds, render_part, stream_html
from web.rendering import render

router = APIRouter()


@router.get("/devices/{dev}")
def show(request: Request, looker: Looker, dev: str, asked: bool = False) -> Response:
    found = looker.see(dev)
    return render(
        request,
        "device.html",
        device=view_device(found),
        kinds=name_kinds(request.state.language),
        sees_all=looker.sees_all,
        may_test=looker.may_test(found),
        manages=looker.kits.is_staff(looker.kits.room(found)),
        asked=asked,
        error=None,
    )


@router.get("/live/devices/{dev}")
async def watch(request: Request, lab: TheLab, looker: Looker, dev: str) -> Response:
    known, sees_all = await run_in_threadpool(looker.see, dev), looker.sees_all

    def draw(language: str) -> str:
        device = view_device(lab.equipment.get_device(known.id))
        kinds = name_kinds(language)
        return render_part("device_live.html", language, device=device, kinds=kinds, sees_all=sees_all)

    return stream_html(request, f"device:{known.id}:{sees_all}", [device_key(known.id)], draw)


@router.post("/devices/{dev}/self-test")
def test(lab: TheLab, looker: Looker, dev: str) -> Response:
    """Asks the gate; its answer appears on the page when it comes."""
    looker.test(dev)
    payload = json.dumps({"token": secrets.token_hex(4)}, separators=(",", ":")).encode()
    actor = looker.kits.actor
    lab.equipment.command(actor=actor, device=dev, node="gate", prop="self-test", payload=payload)
    return RedirectResponse(f"/devices/{dev}?asked=true#self-test", 303)


@router.post("/devices/{dev}/forget")
def forget(lab: TheLab, visitor: Visitor, dev: str) -> Response:
    """For one that is gone for good; where it lives it comes back by itself."""
    name = visitor.manage(dev).name
    lab.equipment.forget(actor=visitor.actor, device=dev)
    return RedirectResponse(f"/devices?gone={quote(name)}", 303)
