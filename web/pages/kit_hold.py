"""A kit in somebody's hands: taken by whoever may use it, given back by them or by staff."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import Response

from lab_controller.errors import LabError, NotFound
from web.kit_section import KitLook

router = APIRouter()


@router.post("/kits/{device}/hold")
def act(section: KitLook, deed: Annotated[Literal["hold", "give-back"], Form()]) -> Response:
    visitor, assets = section.visitor, section.lab.assets
    asset = next((each for each in assets.list_assets() if each.device == section.device), None)
    if asset is None:
        raise NotFound("asset_unknown", tag="")
    try:
        if deed == "hold":
            visitor.use(section.device)
            assets.hold(actor=section.actor, tag=asset.tag, login=visitor.identity.login)
        else:
            if asset.holder != section.actor:
                visitor.manage(section.device)
            assets.give_back(actor=section.actor, tag=asset.tag)
    except LabError as error:
        return section.answer(error)
    return section.go(deed, "things")
