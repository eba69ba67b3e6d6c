"""Who may do what with kits: staff of the room everything, its students what nobody else has in hand."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from lab_controller.equipment.assets import holder_of
from lab_controller.equipment.queries import DeviceView
from lab_controller.equipment.rooms import room_of
from lab_controller.errors import Forbidden, NotFound, NotSignedIn
from lab_controller.lab import Lab
from lab_controller.people import Grant, Identity
from lab_controller.people.roles import Role
from web.auth import CurrentAccount, TheLab

STAFF = (Role.INSTRUCTOR, Role.ADMIN)
FOR_STAFF = frozenset({"agent", "gate"})
"""A gate may be timing a championship's run."""


def sees_rooms(identity: Identity) -> bool:
    """Staff of any room see every room; who looks after a championship alone sees none."""
    return any(grant.role in STAFF and not _is_of_championship(grant) for grant in identity.grants)


@dataclass(frozen=True, slots=True)
class Kits:
    """A signed-in person before the kits; what may not be done raises Forbidden, or NotFound."""

    lab: Lab
    identity: Identity

    @property
    def actor(self) -> str:
        return self.identity.account

    def is_staff(self, room: str) -> bool:
        return self.identity.may(Role.INSTRUCTOR, f"room:{room}")

    def is_admin(self, room: str) -> bool:
        """Whether commands may be told: who looks after the lab has a command line."""
        return self.identity.may(Role.ADMIN, f"room:{room}")

    def is_student(self, room: str) -> bool:
        return self.identity.may(Role.STUDENT, f"room:{room}") and not self.is_staff(room)

    @property
    def sees_all(self) -> bool:
        return sees_rooms(self.identity)

    def may_see(self, room: str) -> bool:
        return self.sees_all or self.identity.may(Role.STUDENT, f"room:{room}")

    def visible(self) -> list[str]:
        """Ids of the devices that may be seen."""
        known = self.lab.equipment.list_devices()
        return [device.id for device in known if self.may_see(self.room(device))]

    def room(self, device: DeviceView) -> str:
        return room_of(device, self.lab.settings.room)

    def see_anything(self) -> None:
        """For lists, which leave out what may not be seen."""
        if not self.sees_all and not any(g.role is Role.STUDENT for g in self.identity.grants):
            raise Forbidden("role_needed", role=Role.INSTRUCTOR.value, scope="city")

    def see_room(self, room: str) -> None:
        if not self.may_see(room):
            raise Forbidden("role_needed", role=Role.STUDENT.value, scope=f"room:{room}")

    def manage_room(self, room: str) -> None:
        if not self.is_staff(room):
            raise Forbidden("role_needed", role=Role.INSTRUCTOR.value, scope=f"room:{room}")

    def see(self, device: str) -> DeviceView:
        """A kit that may be looked at; one of a foreign room is as unknown as one that is not there."""
        view = self.lab.equipment.get_device(device)
        if not self.may_see(self.room(view)):
            raise NotFound("device_unknown", device=device)
        return view

    def use(self, device: str) -> DeviceView:
        """A kit that may be commanded and programmed; a room's computer and gates are for its staff.

        Raises Forbidden `kit_held`.
        """
        view = self.see(device)
        room = self.room(view)
        if self.is_staff(room):
            return view
        if view.kind in FOR_STAFF or not self.is_student(room):
            raise Forbidden("role_needed", role=Role.INSTRUCTOR.value, scope=f"room:{room}")
        with self.lab.database.read() as session:
            holder = holder_of(session, device)
        if holder is not None and holder != self.identity.account:
            raise Forbidden("kit_held", device=view.name)
        return view

    def needs_approval(self, device: str) -> bool:
        """Whether somebody has to let the person's programs for this kit pass."""
        return self.lab.settings.upload_approval and self.is_student(self.room(self.see(device)))

    def manage(self, device: str) -> DeviceView:
        """A kit of a room that the person looks after."""
        view = self.see(device)
        self.manage_room(self.room(view))
        return view


def _is_of_championship(grant: Grant) -> bool:
    return grant.scope.startswith("championship:")


def visit(lab: TheLab, identity: CurrentAccount) -> Kits:
    """Raises NotSignedIn."""
    if identity is None:
        raise NotSignedIn("sign_in_needed")
    return Kits(lab, identity)


Visitor = Annotated[Kits, Depends(visit)]
