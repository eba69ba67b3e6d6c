"""Who may look at devices and try gates: staff of the rooms, and who sets up a championship at its gates."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from lab_controller.equipment.queries import DeviceView
from lab_controller.errors import Forbidden, NotFound
from lab_controller.people import Identity
from lab_controller.people.roles import Role
from web.kit_access import Kits, Visitor, sees_rooms

CHAMPIONSHIP = "championship:"


def list_own(identity: Identity) -> list[str]:
    """Championships whose administrator the person is by a grant for each."""
    scopes = {grant.scope for grant in identity.grants if grant.role is Role.ADMIN}
    return sorted(scope.removeprefix(CHAMPIONSHIP) for scope in scopes if scope.startswith(CHAMPIONSHIP))


def sees_devices(identity: Identity) -> bool:
    return sees_rooms(identity) or bool(list_own(identity))


@dataclass(frozen=True, slots=True)
class Gates:
    """A signed-in person before the devices; what may not be done raises Forbidden, or NotFound."""

    kits: Kits

    @property
    def sees_all(self) -> bool:
        return self.kits.sees_all

    @property
    def championships(self) -> list[str]:
        return list_own(self.kits.identity)

    @property
    def view(self) -> str:
        """Whoever has the same sees the same."""
        return "*" if self.sees_all else ",".join(self.championships)

    def on_own_fields(self) -> set[str]:
        """Ids of the gates on the open fields of the person's championships."""
        found: set[str] = set()
        for slug in self.championships:
            with suppress(NotFound):
                fields = self.kits.lab.championships.state(slug).fields
                found |= {gate["device"] for gates in fields.values() for gate in gates}
        return found

    def see_anything(self) -> None:
        if not sees_devices(self.kits.identity):
            raise Forbidden("role_needed", role=Role.INSTRUCTOR.value, scope="city")

    def visible(self) -> list[DeviceView]:
        """Every device, or the gates of the person's championships."""
        known = self.kits.lab.equipment.list_devices()
        if self.sees_all:
            return known
        own = self.on_own_fields()
        return [device for device in known if device.id in own]

    def see(self, device: str) -> DeviceView:
        self.see_anything()
        view = self.kits.lab.equipment.get_device(device)
        if not self.sees_all and view.id not in self.on_own_fields():
            raise NotFound("device_unknown", device=device)
        return view

    def may_test(self, device: DeviceView) -> bool:
        return self.kits.is_staff(self.kits.room(device)) or device.id in self.on_own_fields()

    def test(self, device: str) -> DeviceView:
        """A gate that may be asked to test itself, which its room's staff and its contest's may."""
        view = self.see(device)
        if not self.may_test(view):
            scope = f"room:{self.kits.room(view)}"
            raise Forbidden("role_needed", role=Role.INSTRUCTOR.value, scope=scope)
        return view


def look(visitor: Visitor) -> Gates:
    return Gates(visitor)


Looker = Annotated[Gates, Depends(look)]
