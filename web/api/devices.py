"""Devices and their health for programs: staff see every room, students their own."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from lab_controller.equipment.assets import list_assets
from lab_controller.equipment.queries import DeviceView, find_devices
from web.api.pagination import Cursor, Limit, Page, cut, decode_cursor, encode_cursor
from web.api.shapes import Device
from web.auth import TheLab
from web.device_views import view_device
from web.kit_access import Kits, Visitor
from web.kit_page_view import find_port
from web.kit_views import view_accepts, view_battery

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])
DeviceId = Annotated[str, Path(max_length=64)]


@router.get("", summary="All devices by id")
def list_all(
    *,
    lab: TheLab,
    visitor: Visitor,
    kind: Annotated[str | None, Query(max_length=64, description="Only this kind, such as gate")] = None,
    room: Annotated[str | None, Query(max_length=64, description="Only this room")] = None,
    state: Annotated[str | None, Query(max_length=16, description="Only this state, such as ready")] = None,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Page[Device]:
    visitor.see_anything()
    after = (decode_cursor(cursor, str) or ("",))[0]
    wanted = [
        device
        for device in lab.equipment.list_devices(kind)
        if device.id > after
        and visitor.may_see(visitor.room(device))
        and room in (None, visitor.room(device))
        and state in (None, device.state)
    ]
    found, more = cut(wanted, limit)
    return Page(
        items=show_devices(visitor, found),
        next=encode_cursor(found[-1].id) if more else None,
    )


@router.get("/{dev}", summary="One device")
def show(visitor: Visitor, dev: DeviceId) -> Device:
    return show_devices(visitor, [visitor.see(dev)])[0]


def show_devices(visitor: Kits, devices: Sequence[DeviceView]) -> list[Device]:
    with visitor.lab.database.read() as session:
        assets = {asset.device: asset for asset in list_assets(session, [device.id for device in devices])}
        agents = find_devices(session, {device.agent for device in devices if device.agent})
    speaks = {agent.id: agent for agent in agents}
    shown = []
    for device in devices:
        room, asset = visitor.room(device), assets.get(device.id)
        named = asset if asset and (asset.holder == visitor.actor or visitor.is_staff(room)) else None
        shown.append(
            Device(
                **view_device(device).public(),
                room=room,
                battery=view_battery(device),
                programs=view_accepts(device),
                holder=asset.holder if asset else None,
                holder_name=named.holder_name if named else None,
                port=find_port(speaks.get(device.agent or ""), device.id),
            )
        )
    return shown
