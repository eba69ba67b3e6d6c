"""Commands to kits, and what a person says of a port."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from lab_controller.equipment.rooms import agent_of
from web.api.devices import DeviceId
from web.auth import TheLab
from web.kit_access import Visitor
from web.port_use import format_use

router = APIRouter(prefix="/api/v1", tags=["devices"])
HomieId = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Command(BaseModel):
    """`value` as Homie writes it: text, a number or `true`."""

    value: Annotated[str, Field(max_length=4096)]


class Sent(BaseModel):
    """The device was told; its answer is the property's new value."""

    device: str
    node: str
    prop: str


@router.post("/devices/{dev}/properties/{node}/{prop}", status_code=202, summary="Set a property of a kit")
def set_property(
    *, lab: TheLab, visitor: Visitor, dev: DeviceId, node: HomieId, prop: HomieId, command: Command
) -> Sent:
    device = visitor.use(dev)
    payload = command.value.encode()
    lab.equipment.command(actor=visitor.actor, device=device.id, node=node, prop=prop, payload=payload)
    return Sent(device=device.id, node=node, prop=prop)


class PortUse(BaseModel):
    """`kit`: ask who is there. `other`: leave it alone, it may be a printer. Empty: not known.

    With `use` `kit`, `kit` may say which one, such as `race_timer`; empty, the lab finds out by itself.
    """

    use: Literal["kit", "other", ""]
    kit: Annotated[str, Field(max_length=64)] = ""


@router.post("/rooms/{room}/ports/{port}", status_code=202, summary="Say what is at a port")
def name_port(
    *, lab: TheLab, visitor: Visitor, room: HomieId, port: Annotated[str, Path(max_length=120)], use: PortUse
) -> Sent:
    """`port` is the port's id."""
    visitor.manage_room(room)
    agent = agent_of(room)
    payload = format_use(port, use.use, use.kit)
    lab.equipment.command(actor=visitor.actor, device=agent, node="agent", prop="use", payload=payload)
    return Sent(device=agent, node="agent", prop="use")
