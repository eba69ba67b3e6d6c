"""The places a person may go to, in the order of the navigation."""

from dataclasses import dataclass

from fastapi import Request

from lab_controller.people import Identity
from lab_controller.people.roles import Role
from web.gate_access import sees_devices
from web.kit_access import sees_rooms


@dataclass(frozen=True, slots=True)
class Place:
    """An entry; its key is the icon's name and, in the template, its word."""

    key: str
    href: str
    current: bool


def list_places(request: Request) -> list[Place]:
    """What the signed-in person may use; a guest sees the start page alone."""
    identity: Identity | None = getattr(request.state, "account", None)
    places = [("home", "/")]
    if identity and (sees_rooms(identity) or has_role(identity, Role.STUDENT)):
        places.append(("rooms", "/rooms"))
    if identity and has_role(identity, Role.ADMIN, Role.INSTRUCTOR):
        places.append(("championships", "/championships"))
    if identity and sees_devices(identity):
        places.append(("devices", "/devices"))
    return [Place(key, href, is_current(request.url.path, href)) for key, href in places]


def has_role(identity: Identity, *roles: Role) -> bool:
    """Whether any grant, whatever its scope, is one of `roles`."""
    return any(grant.role in roles for grant in identity.grants)


def is_current(path: str, href: str) -> bool:
    if href == "/rooms" and path.startswith("/kits/"):
        return True
    return path == href if href == "/" else path == href or path.startswith(f"{href}/")
