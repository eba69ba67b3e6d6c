"""Devices and their health for programs: staff see every room, students their own."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from lab_controller.equipment.queries import DeviceView
from web.api.pagination import Cursor, Limit, Page, cut, decode_cursor, encode_cursor
from web.api.shapes import Device
from web.auth import TheLab
from web.device_views import view_device
from web.kit_access import Kits, Visitor

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
        items=[show_device(visitor, device) for device in found],
        next=encode_cursor(found[-1].id) if more else None,
    )


@router.get("/{dev}", summary="One device")
def show(visitor: Visitor, dev: DeviceId) -> Device:
    return show_device(visitor, visitor.see(dev))


def show_device(visitor: Kits, device: DeviceView) -> Device:
    return Device(**view_device(device).public(), room=visitor.room(device))
