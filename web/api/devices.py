"""Devices and their health for programs; for staff."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from web.api.pagination import Cursor, Limit, Page, cut, decode_cursor, encode_cursor
from web.api.shapes import Device
from web.auth import Staff, TheLab
from web.device_views import view_device

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])


@router.get("", summary="All devices by id")
def list_all(
    lab: TheLab,
    account: Staff,
    kind: Annotated[str | None, Query(max_length=64, description="Only this kind, such as gate")] = None,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Page[Device]:
    after = (decode_cursor(cursor, str) or ("",))[0]
    later = [device for device in lab.equipment.list_devices(kind) if device.id > after]
    found, more = cut(later, limit)
    return Page(
        items=[Device(**view_device(device).public()) for device in found],
        next=encode_cursor(found[-1].id) if more else None,
    )


@router.get("/{dev}", summary="One device")
def show(lab: TheLab, account: Staff, dev: Annotated[str, Path(max_length=64)]) -> Device:
    return Device(**view_device(lab.equipment.get_device(dev)).public())
