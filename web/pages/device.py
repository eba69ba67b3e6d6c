"""One device: what is wrong with it, what to do, and a self-test."""

import json
import secrets
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from lab_controller.bus.changes import device_key
from lab_controller.people.roles import Role
from web.auth import Staff, TheLab, needs_any
from web.device_views import view_device
from web.kit_access import Visitor
from web.pages.devices import name_kinds, render_part, stream_html
from web.rendering import render

router = APIRouter()


@router.get("/devices/{dev}")
def show(request: Request, lab: TheLab, account: Staff, dev: str, asked: bool = False) -> Response:
    device = view_device(lab.equipment.get_device(dev))
    return render(
        request,
        "device.html",
        device=device,
        kinds=name_kinds(request.state.language),
        asked=asked,
        error=None,
    )


@router.get("/live/devices/{dev}", dependencies=[Depends(needs_any(Role.INSTRUCTOR))])
async def watch(request: Request, lab: TheLab, dev: str) -> Response:
    known = await run_in_threadpool(lab.equipment.get_device, dev)

    def draw(language: str) -> str:
        device = view_device(lab.equipment.get_device(known.id))
        return render_part("device_live.html", language, device=device, kinds=name_kinds(language))

    return stream_html(request, f"device:{known.id}", [device_key(known.id)], draw)


@router.post("/devices/{dev}/self-test")
def test(lab: TheLab, account: Staff, dev: str) -> Response:
    """Asks the gate; its answer appears on the page when it comes."""
    payload = json.dumps({"token": secrets.token_hex(4)}, separators=(",", ":")).encode()
    lab.equipment.command(actor=account.account, device=dev, node="gate", prop="self-test", payload=payload)
    return RedirectResponse(f"/devices/{dev}?asked=true#self-test", 303)


@router.post("/devices/{dev}/forget")
def forget(lab: TheLab, visitor: Visitor, dev: str) -> Response:
    """For one that is gone for good; where it lives it comes back by itself."""
    name = visitor.manage(dev).name
    lab.equipment.forget(actor=visitor.actor, device=dev)
    return RedirectResponse(f"/devices?gone={quote(name)}", 303)
