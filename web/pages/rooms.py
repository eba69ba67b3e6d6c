"""The rooms a person may look into; whoever has but one is led into it."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from lab_controller.people.roles import Role
from web.device_views import list_problems
from web.kit_access import Kits, Visitor
from web.languages import load_catalogue
from web.rendering import render

router = APIRouter()


@router.get("/rooms")
def show(request: Request, visitor: Visitor) -> Response:
    visitor.see_anything()
    rooms = list_rooms(visitor, request.state.language)
    if len(rooms) == 1:
        return RedirectResponse(f"/rooms/{rooms[0]['room']}", 303)
    return render(request, "rooms.html", rooms=rooms)


def list_rooms(visitor: Kits, language: str) -> list[dict[str, Any]]:
    """`{"room", "name", "kits", "online", "troubled"}` of each.

    A room is known by its computer or by a grant.
    """
    rooms = {visitor.lab.settings.room: [0, 0, 0]}
    for grant in visitor.identity.grants:
        place, _, room = grant.scope.partition(":")
        if place == "room" and grant.role in (Role.STUDENT, Role.INSTRUCTOR, Role.ADMIN):
            rooms.setdefault(room, [0, 0, 0])
    for device in visitor.lab.equipment.list_devices():
        counts = rooms.setdefault(visitor.room(device), [0, 0, 0])
        if device.kind != "agent" and device.description:
            counts[0] += 1
            counts[1] += device.state == "ready"
            counts[2] += bool(list_problems(device))
    return [
        {
            "room": room,
            "name": name_room(room, language),
            "kits": kits,
            "online": online,
            "troubled": troubled,
        }
        for room, (kits, online, troubled) in sorted(rooms.items())
        if visitor.may_see(room)
    ]


def name_room(room: str, language: str) -> str:
    """`room-204` is room 204."""
    _ = load_catalogue(language).gettext
    return _("Room %(room)s") % {"room": room.removeprefix("room-")}
