"""One kit as its page sees it, at one moment."""

from typing import Any

from sqlmodel import Session

from lab_controller.equipment.assets import list_assets
from lab_controller.equipment.kinds import property_names
from lab_controller.equipment.queries import DeviceView, get_device
from lab_controller.equipment.rooms import room_of
from lab_controller.errors import NotFound
from lab_controller.lab import Lab
from lab_controller.programs.queries import list_jobs
from lab_controller.telemetry.consoles import ChunkView, last_chunks
from lab_controller.telemetry.queries import SeriesView, list_series
from web.device_views import read_ports
from web.kit_mailbox import view_mailbox
from web.kit_timer import SHOWN, view_timer
from web.kit_views import (
    is_settable,
    name_property,
    name_signal,
    view_card,
    view_job,
    view_plugged,
    view_properties,
)
from web.reading_words import name_reading
from web.unit_words import name_unit

MOST_JOBS = 5
MOST_CHUNKS = 200


def view_kit(lab: Lab, device: str, language: str = "en") -> dict[str, Any]:
    """The kit as JSON. Raises NotFound.

    The fields of a card of `web.live.room.view_room`, and
    {"room", "port": path of the serial port | null, "port_id": its id | null,
     "firmware": {"name": str | null, "version": str | null},
     "actions": those of "reset" and "identify" that the board understands,
     "signal": what "identify" does, such as "Beep", or "",
     "plugged": [{"key", "name", "value": what is in this port of the kit, or null}],
     "properties": [{"node", "prop", "name", "datatype", "unit", "settable", "value": text | null}],
     "timer": `view_timer` | null, "mailbox": `view_mailbox` | null,
     "series": [{"key", "name", "unit"}], what may be plotted; `key` as in /api/v1/devices/{id}/series/{key},
     "console": {"can_send": bool, "chunks": [{"id", "at_us", "text", "skipped"}]},
     "jobs": the newest jobs, as in the card's "job"}
    """
    with lab.database.read() as session:
        view = _view_state(session, lab, device, language)
        jobs = [view_job(each, language) for each in list_jobs(session, devices=[device], limit=MOST_JOBS)]
        view["console"]["chunks"] = [view_chunk(each) for each in last_chunks(session, device, MOST_CHUNKS)]
    return {**view, "job": jobs[0] if jobs else None, "jobs": jobs}


def view_state(lab: Lab, device: str, language: str = "en") -> dict[str, Any]:
    """The kit without its jobs and without what its console holds. Raises NotFound."""
    with lab.database.read() as session:
        view = _view_state(session, lab, device, language)
    del view["job"]
    return view


def _view_state(session: Session, lab: Lab, device: str, language: str) -> dict[str, Any]:
    found = get_device(session, device)
    if found is None:
        raise NotFound("device_unknown", device=device)
    agent = get_device(session, found.agent) if found.agent else None
    asset = next(iter(list_assets(session, [device])), None)
    timer = view_timer(found, language)
    series = list_series(session, device)
    properties = view_properties(found, {each.key for each in series}, language)
    return {
        **view_card(found, asset, None, language),
        "room": room_of(found, lab.settings.room),
        "port": find_port(agent, device),
        "port_id": find_port(agent, device, "id"),
        "firmware": {name: found.latest.get(f"firmware/{name}") for name in ("name", "version")},
        "actions": [name for name in ("reset", "identify") if is_settable(found, "board", name)],
        "signal": name_signal(found, language),
        "plugged": view_plugged(found, language),
        "properties": [
            each for each in properties if timer is None or (each["node"], each["prop"]) not in SHOWN
        ],
        "timer": timer,
        "mailbox": view_mailbox(found, language),
        "series": [view_series(found, each, language) for each in series],
        "console": {"can_send": is_settable(found, "console", "send")},
    }


def view_chunk(chunk: ChunkView) -> dict[str, Any]:
    return {"id": chunk.id, "at_us": chunk.at_us, "text": chunk.text, "skipped": chunk.skipped}


def view_series(device: DeviceView, series: SeriesView, language: str) -> dict[str, str]:
    described = next((p for p in device.properties if f"{p.node}/{p.prop}" == series.key), None)
    key = series.key.partition("/")[2]
    name = name_property(device.kind, described, language) if described else key
    if device.kind and not property_names(device.kind, *series.key.split("/", 1)):
        name = name_reading(device.kind, key, name, language)
    return {"key": series.key, "name": name, "unit": name_unit(series.unit, language)}


def find_port(agent: DeviceView | None, device: str, field: str = "port") -> str | None:
    """Where the agent reaches the device: the path of the port, or another `field` of it."""
    ports = read_ports(agent.latest.get("agent/ports")) if agent else []
    return next((port[field] for port in ports if port["device"] == device), None)
