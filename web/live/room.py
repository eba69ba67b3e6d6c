"""A room as its page sees it: every kit's card and every port that nobody has a kit for."""

import asyncio
from collections.abc import Collection
from typing import Any

from fastapi import APIRouter, Request

from lab_controller.bus.changes import ASSETS, DEVICES, JOBS
from lab_controller.equipment.assets import list_assets
from lab_controller.equipment.queries import DeviceView, list_devices
from lab_controller.equipment.rooms import agent_of, room_of
from lab_controller.lab import Lab
from lab_controller.programs.queries import last_jobs
from web.auth import TheLab
from web.device_views import read_ports
from web.kit_access import Visitor
from web.kit_views import hide_people, view_card, view_problem
from web.live.channels import channels_of
from web.live.frames import Frame, build_frame
from web.live.stream import LiveStream

router = APIRouter()
NOT_PLUGGED_IN = frozenset({"port_missing", "cable_pulled"})
"""A port that the settings name need not be there."""
NO_CABLE = ("ble:", "tcp:")


def view_room(lab: Lab, room: str, language: str = "en") -> dict[str, Any]:
    """The room as JSON.

    {"room",
     "agent": {"id", "state", "online"} or null while no agent of this room is known,
     "kits": [card], those with a problem first, then by title; a card is
        {"id", "kind", "kind_name", "name", "title", "state", "online", "last_seen_us",
         "problems": [{"code", "params", "sentence"}],
         "asset": {"tag", "title"} | null, "holder": {"account", "name", "since_us"} | null,
         "battery": {"percent": float | null, "voltage": float | null} | null,
         "program": {"running": bool | null, "slot": int | null, "can_run", "can_stop",
                     "accepts": {"suffixes", "max_bytes", "slots", "first_slot", "can_run", "named"} | null},
         "job": newest job | null: the fields of JobView (lab_controller/programs/queries.py) and "sentence"},
     "ports": ports without a kit: [{"port", "id", "usb", "holder", "problem": {"code", "params", "sentence"}
        | null, "ambiguous": a person must say what is there, "troubled": a person must look after it,
        "left_alone": a person said so,
        "away": it has no cable, its kit does not answer, and no kit's card says so}]}
    """
    with lab.database.read() as session:
        devices = list_devices(session)
        agent = next((each for each in devices if each.id == agent_of(room)), None)
        kits = [
            each
            for each in devices
            if each.kind != "agent" and each.description and room_of(each, lab.settings.room) == room
        ]
        ids = [kit.id for kit in kits]
        assets = {asset.device: asset for asset in list_assets(session, ids)}
        jobs = last_jobs(session, ids)
    cards = [view_card(kit, assets.get(kit.id), jobs.get(kit.id), language) for kit in kits]
    told = {problem["params"].get("port") for card in cards for problem in card["problems"]}
    cards.sort(key=lambda card: (not card["problems"], not card["online"], card["title"], card["id"]))
    return {
        "room": room,
        "agent": {"id": agent.id, "state": agent.state, "online": agent.state == "ready"} if agent else None,
        "kits": cards,
        "ports": view_ports(agent, told, language) if agent else [],
    }


def view_ports(agent: DeviceView, known: Collection[str], language: str) -> list[dict[str, Any]]:
    """The agent's ports at which no kit has answered; why those in `known` do not is told elsewhere."""
    told = []
    for port in read_ports(agent.latest.get("agent/ports")):
        if port["device"] is None:
            problem = port["problem"]
            told.append(
                {
                    **{name: port[name] for name in ("port", "id", "usb", "holder")},
                    "problem": view_problem(problem["code"], problem["params"], language)
                    if problem
                    else None,
                    "ambiguous": problem is not None and problem["code"] == "port_not_named",
                    "left_alone": port["use"] == "other",
                    "away": problem is not None
                    and problem["code"] in NOT_PLUGGED_IN
                    and port["port"].startswith(NO_CABLE)
                    and port["port"] not in known,
                    "troubled": problem is not None
                    and problem["code"] not in NOT_PLUGGED_IN | {"port_not_named"},
                }
            )
    return told


@router.get("/rooms/{room}/events")
async def watch_room(request: Request, lab: TheLab, visitor: Visitor, room: str) -> LiveStream:
    """Server-sent events: `snapshot` with the whole room, then `room` on each change.

    People are named only to who looks after the room.
    """
    visitor.see_room(room)
    language, names = request.state.language, visitor.is_staff(room)

    def frame() -> Frame:
        view = view_room(lab, room, language)
        view = view if names else hide_people(view)
        return build_frame("room", view)

    async def render() -> Frame:
        return await asyncio.to_thread(frame)

    return LiveStream(
        channels_of(request), f"room:{room}:{names}:{language}", [DEVICES, JOBS, ASSETS], render
    )
