"""The rooms a person may look into; whoever has but one is led into it."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from lab_controller.equipment.assets import list_assets
from lab_controller.equipment.queries import DeviceView
from lab_controller.lab import Lab
from lab_controller.people.roles import Role
from web.device_views import list_problems
from web.kit_access import FOR_STAFF, Kits, Visitor
from web.kit_views import view_card
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
    """`{"room", "name", "kits", "online", "troubled", "trouble"}` of each; gates are no kits.

    A room is known by its computer or by a grant. `troubled` has the ids of the kits that need a person,
    `trouble` is the card of the first of them, or None.
    """
    rooms: dict[str, list[DeviceView]] = {visitor.lab.settings.room: []}
    for grant in visitor.identity.grants:
        place, _, room = grant.scope.partition(":")
        if place == "room" and grant.role in (Role.STUDENT, Role.INSTRUCTOR, Role.ADMIN):
            rooms.setdefault(room, [])
    for device in visitor.lab.equipment.list_devices():
        kits = rooms.setdefault(visitor.room(device), [])
        if device.kind not in FOR_STAFF and device.description:
            kits.append(device)
    return [
        {"room": room, "name": name_room(room, language), **count_kits(visitor.lab, kits, language)}
        for room, kits in sorted(rooms.items())
        if visitor.may_see(room)
    ]


def count_kits(lab: Lab, kits: Sequence[DeviceView], language: str) -> dict[str, Any]:
    troubled = [kit for kit in kits if list_problems(kit)]
    return {
        "kits": len(kits),
        "online": sum(kit.state == "ready" for kit in kits),
        "troubled": [kit.id for kit in troubled],
        "trouble": view_trouble(lab, troubled[0], language) if troubled else None,
    }


def view_trouble(lab: Lab, kit: DeviceView, language: str) -> dict[str, Any]:
    with lab.database.read() as session:
        asset = next(iter(list_assets(session, [kit.id])), None)
    return view_card(kit, asset, None, language)


def name_room(room: str, language: str) -> str:
    """`room-204` is room 204."""
    _ = load_catalogue(language).gettext
    return _("Room %(room)s") % {"room": room.removeprefix("room-")}
