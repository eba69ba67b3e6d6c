"""A room: a card for each kit, and the ports where a person must say what is plugged in."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from lab_controller.bus.changes import ASSETS, DEVICES, JOBS
from lab_controller.equipment.queries import get_device
from lab_controller.equipment.rooms import agent_of
from lab_controller.lab import Lab
from web.auth import TheLab
from web.device_views import read_ports
from web.job_words import name_stage
from web.kit_access import Visitor
from web.live.room import view_room
from web.pages.devices import render_part, stream_html
from web.pages.rooms import name_room
from web.port_use import format_use, name_kits
from web.rendering import render

router = APIRouter()
Use = Literal["kit", "other", ""]
PortId = Annotated[str, Form(max_length=200)]


def describe(lab: Lab, room: str, language: str, *, manages: bool, is_admin: bool) -> dict[str, Any]:
    """What the room's page shows; who has a kit in hand is named to those who look after it."""
    view = view_room(lab, room, language)
    for card in view["kits"]:
        card["stage"] = name_stage(card["job"]["stage"], language) if card["job"] else ""
    return {
        **view,
        "room_name": name_room(room, language),
        "manages": manages,
        "is_admin": is_admin,
        "kinds": name_kits(language),
    }


@router.get("/rooms/{room}")
def show(
    request: Request,
    lab: TheLab,
    visitor: Visitor,
    room: str,
    left: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    visitor.see_room(room)
    may = {"manages": visitor.is_staff(room), "is_admin": visitor.is_admin(room)}
    view = describe(lab, room, request.state.language, **may)
    left_port = find_port(lab, room, left) if left else None
    return render(request, "room.html", **view, left_port=left_port)


def find_port(lab: Lab, room: str, port: str) -> dict[str, Any] | None:
    """The port with this id, also while a kit is still known there."""
    with lab.database.read() as session:
        agent = get_device(session, agent_of(room))
    ports = read_ports(agent.latest.get("agent/ports")) if agent else []
    return next((each for each in ports if each["id"] == port), None)


@router.get("/live/rooms/{room}")
async def watch(request: Request, lab: TheLab, visitor: Visitor, room: str) -> Response:
    await run_in_threadpool(visitor.see_room, room)
    may = {"manages": visitor.is_staff(room), "is_admin": visitor.is_admin(room)}

    def draw(language: str) -> str:
        return render_part("room_live.html", language, **describe(lab, room, language, **may))

    name = f"room-page:{room}:{may['manages']}:{may['is_admin']}"
    return stream_html(request, name, [DEVICES, JOBS, ASSETS], draw)


@router.post("/rooms/{room}/ports")
def name_port(
    *,
    lab: TheLab,
    visitor: Visitor,
    room: str,
    port: PortId,
    use: Annotated[Use, Form()],
    kit: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """A person says what is at a port, and perhaps which kit; what was said can be taken back."""
    visitor.manage_room(room)
    payload = format_use(port, use, kit if use == "kit" else "")
    lab.equipment.command(
        actor=visitor.actor, device=agent_of(room), node="agent", prop="use", payload=payload
    )
    return RedirectResponse(f"/rooms/{room}" + (f"?left={quote(port)}" if use == "other" else ""), 303)
