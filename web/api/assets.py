"""Things with an inventory tag: which kit each is, who has it in hand."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from lab_controller.equipment.assets import AssetView
from lab_controller.errors import Forbidden, NotFound
from web.api.pagination import Cursor, Limit, Page, cut, decode_cursor, encode_cursor
from web.auth import TheLab
from web.device_views import read_ports
from web.kit_access import Kits, Visitor

router = APIRouter(prefix="/api/v1/assets", tags=["assets"])
Tag = Annotated[str, Path(max_length=32)]


class Asset(BaseModel):
    """`device` null: no kit is known to be it. `holder` is an account, null while nobody has it in hand."""

    model_config = ConfigDict(from_attributes=True)
    tag: str
    title: str
    kind: str
    device: str | None
    identity: str
    holder: str | None
    holder_name: str | None
    held_since_us: int | None
    paired_us: int
    note: str


class NewPair(BaseModel):
    model_config = ConfigDict(extra="forbid")
    tag: Annotated[str, Field(min_length=1, max_length=32)]
    device: Annotated[str, Field(max_length=64)]
    title: Annotated[str, Field(max_length=100)] = ""
    note: Annotated[str, Field(max_length=500)] = ""


class Holder(BaseModel):
    """Whose login; empty is oneself."""

    login: Annotated[str, Field(max_length=64)] = ""


@router.get("", summary="All assets by tag")
def list_all(lab: TheLab, visitor: Visitor, limit: Limit = 100, cursor: Cursor = "") -> Page[Asset]:
    visitor.see_anything()
    after = (decode_cursor(cursor, str) or ("",))[0]
    seen = None if visitor.sees_all else set(visitor.visible())
    wanted = [
        asset
        for asset in lab.assets.list_assets()
        if asset.tag > after and (seen is None or asset.device in seen)
    ]
    found, more = cut(wanted, limit)
    return Page(
        items=[told(visitor, asset) for asset in found],
        next=encode_cursor(found[-1].tag) if more else None,
    )


@router.post("", status_code=201, summary="Pair a kit with the tag that is stuck on it")
def pair(lab: TheLab, visitor: Visitor, new: NewPair) -> Asset:
    """Sending it again changes nothing but the title and the note."""
    device = visitor.manage(new.device)
    paired = lab.assets.pair(
        actor=visitor.actor,
        tag=new.tag,
        device=device.id,
        title=new.title,
        identity=find_identity(lab, device.id, device.agent),
        note=new.note,
    )
    return told(visitor, paired)


@router.delete("/{tag}", summary="The tag is on no kit any more")
def unpair(lab: TheLab, visitor: Visitor, tag: Tag) -> Asset:
    manage(visitor, lab.assets.get_asset(tag))
    return told(visitor, lab.assets.unpair(actor=visitor.actor, tag=tag))


@router.post("/{tag}/hold", summary="Somebody has it in hand now")
def hold(lab: TheLab, visitor: Visitor, tag: Tag, who: Holder) -> Asset:
    """Students take only for themselves, and only what nobody has."""
    asset, login = lab.assets.get_asset(tag), who.login or visitor.identity.login
    if login == visitor.identity.login and asset.device is not None:
        visitor.use(asset.device)
    else:
        manage(visitor, asset)
    return told(visitor, lab.assets.hold(actor=visitor.actor, tag=tag, login=login))


@router.post("/{tag}/give-back", summary="Nobody has it in hand")
def give_back(lab: TheLab, visitor: Visitor, tag: Tag) -> Asset:
    asset = lab.assets.get_asset(tag)
    if asset.holder != visitor.actor:
        manage(visitor, asset)
    return told(visitor, lab.assets.give_back(actor=visitor.actor, tag=tag))


def told(visitor: Kits, asset: AssetView) -> Asset:
    """Students see no other person's name."""
    shown = Asset.model_validate(asset)
    own = visitor.sees_all or asset.holder == visitor.actor
    return shown if own else shown.model_copy(update={"holder_name": None})


def manage(visitor: Kits, asset: AssetView) -> None:
    """An asset without a kit belongs to no room: any staff. Raises Forbidden or NotFound."""
    if asset.device is not None:
        try:
            visitor.manage(asset.device)
        except NotFound:  # the kit was forgotten meanwhile
            if not visitor.sees_all:
                raise
    elif not visitor.sees_all:
        raise Forbidden("role_needed", role="instructor", scope="city")


def find_identity(lab: TheLab, device: str, agent: str | None) -> str:
    """What it is known by at its port: its USB identity."""
    if agent is None:
        return device
    ports = read_ports(lab.equipment.get_device(agent).latest.get("agent/ports"))
    found = next((port for port in ports if port["device"] == device), None)
    return str(found["usb"] or found["id"] or device) if found else device
