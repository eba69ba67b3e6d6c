"""A kit as its page, its card and /api/v1 show it: the fields named here, nothing else."""

from collections.abc import Container, Mapping
from dataclasses import asdict
from typing import Any, TypeGuard

from lab_controller.equipment.assets import AssetView
from lab_controller.equipment.kinds import kind_names, property_names
from lab_controller.equipment.queries import DeviceView, PropertyView
from lab_controller.programs.queries import JobView
from lab_controller.programs.taking import read_accepts
from web.device_views import ONLINE, list_problems, read_object
from web.kind_words import name_described
from web.languages import load_catalogue, pick_name
from web.languages import mark as _
from web.sentences import explain_code
from web.unit_words import name_unit

# What the page has a place of its own for; anything else that a device describes is listed.
VALUES_ELSEWHERE = frozenset(
    {
        *(("program", prop) for prop in ("accepts", "running", "slot")),
        *(("battery", prop) for prop in ("percent", "voltage")),
        *(("firmware", prop) for prop in ("name", "version")),
        ("console", "printed"),
    }
)
DEEDS_ELSEWHERE = frozenset(
    {
        *(("program", prop) for prop in ("run", "stop")),
        *(("board", prop) for prop in ("identify", "reset")),
        ("console", "send"),
    }
)
MOST_SLOTS = 100
SIGNAL = ("board", "identify")
KINDS = {"agent": _("Room computer"), "": _("Device")}


def name_kind(kind: str, language: str) -> str:
    """What a person calls this kind; the kind itself if nobody has named it."""
    if kind in KINDS:
        return load_catalogue(language).gettext(KINDS[kind])
    return pick_name(dict(kind_names(kind)), language) or kind


def is_foreign(device: DeviceView) -> bool:
    """Whether no kit of ours describes it, so that the page knows only what it says of itself."""
    return device.kind != "agent" and not kind_names(device.kind)


def name_kind_of(device: DeviceView, language: str) -> str:
    """The same for a device, which may be of a kind that is new to us and describe itself."""
    if not is_foreign(device):
        return name_kind(device.kind, language)
    return name_described(device.kind, device.description, language)


def name_property(kind: str, prop: PropertyView, language: str) -> str:
    return pick_name(dict(property_names(kind, prop.node, prop.prop)), language) or prop.name


def view_problem(code: str, params: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {"code": code, "params": dict(params), "sentence": explain_code(code, params, language)}


def view_job(job: JobView, language: str) -> dict[str, Any]:
    """JobView as JSON, with `sentence` for its code ("" without one)."""
    told = asdict(job)
    told["sentence"] = explain_code(job.code, job.params, language) if job.code else ""
    return told


def hide_people(told: Any) -> Any:
    """A view for who does not look after the room: names of people are empty, their accounts stay."""
    if isinstance(told, list):
        return [hide_people(each) for each in told]
    if not isinstance(told, dict):
        return told
    return {
        name: value | {"name": ""} if _is_person(name, value) else hide_people(value)
        for name, value in told.items()
    }


def _is_person(name: str, value: object) -> TypeGuard[dict[str, Any]]:
    """The holder of a port is a program, which has nothing to hide."""
    return name in ("holder", "requested_by") and isinstance(value, dict)


def view_holder(asset: AssetView | None) -> dict[str, Any] | None:
    if asset is None or asset.holder is None:
        return None
    return {"account": asset.holder, "name": asset.holder_name or "", "since_us": asset.held_since_us}


def view_asset(asset: AssetView | None) -> dict[str, Any] | None:
    return {"tag": asset.tag, "title": asset.title} if asset else None


def view_card(
    device: DeviceView, asset: AssetView | None, job: JobView | None, language: str
) -> dict[str, Any]:
    """What a card shows and a kit's page begins with; see `web.live.room.view_room`."""
    problems = list_problems(device)
    title = name_thing(device, asset, language)
    named = {"device": title} if device.state == "lost" else {}
    return {
        "id": device.id,
        "kind": device.kind,
        "kind_name": name_kind_of(device, language),
        "name": device.name,
        "title": title,
        "state": device.state,
        "online": device.state in ONLINE,
        "problems": [view_problem(each["code"], each["params"] | named, language) for each in problems],
        "last_seen_us": device.last_seen_us,
        "asset": view_asset(asset),
        "holder": view_holder(asset),
        "battery": view_battery(device),
        "program": view_program(device),
        "job": view_job(job, language) if job else None,
    }


def name_thing(device: DeviceView, asset: AssetView | None, language: str) -> str:
    """What a card is headed with: the name people gave it, the one it has of itself, or its kind."""
    if asset is not None and asset.title not in ("", device.id):
        return asset.title
    return device.name if device.name != device.id else name_kind_of(device, language)


def name_signal(device: DeviceView, language: str) -> str:
    """How its kind says that it makes itself known; "" if it does not say or cannot."""
    signal = next((each for each in device.properties if (each.node, each.prop) == SIGNAL), None)
    if signal is None or not signal.settable:
        return ""
    return pick_name(dict(property_names(device.kind, *SIGNAL)), language)


def view_battery(device: DeviceView) -> dict[str, float | None] | None:
    """`{"percent", "voltage"}`, or None for a kit without a battery."""
    told = {
        "percent": read_number(device.latest.get("battery/percent")),
        "voltage": read_number(device.latest.get("battery/voltage")),
    }
    return told if any(value is not None for value in told.values()) else None


def view_program(device: DeviceView) -> dict[str, Any]:
    """What runs, what it takes, and which of run and stop it understands."""
    running = {"true": True, "false": False}.get(device.latest.get("program/running", ""))
    slot = device.latest.get("program/slot", "")
    return {
        "running": running,
        "slot": int(slot) if slot.isdecimal() and len(slot) < 10 else None,
        "accepts": view_accepts(device),
        "can_run": is_settable(device, "program", "run"),
        "can_stop": is_settable(device, "program", "stop"),
    }


def view_accepts(device: DeviceView) -> dict[str, Any] | None:
    """As `read_accepts`, no more of it than a page has room for."""
    told = read_accepts(device.latest)
    if told is None:
        return None
    return told | {
        "suffixes": [each[:16] for each in told["suffixes"][:16]],
        "slots": min(told["slots"], MOST_SLOTS),
        "first_slot": told["first_slot"] if 0 <= told["first_slot"] < MOST_SLOTS else 0,
    }


def view_properties(device: DeviceView, plotted: Container[str], language: str) -> list[dict[str, Any]]:
    """Properties that have no place of their own on the page: pins, sensors, anything a Homie device has.

    What a program plots, by the keys `plotted`, is among the readings.
    """
    return [
        {
            "node": each.node,
            "prop": each.prop,
            "name": name_property(device.kind, each, language),
            "datatype": each.datatype,
            "unit": name_unit(each.unit, language),
            "settable": each.settable,
            "value": each.value,
        }
        for each in device.properties
        if not _is_elsewhere(each, plotted)
    ]


def _is_elsewhere(each: PropertyView, plotted: Container[str]) -> bool:
    """Whether another part of the page shows it, or the hub alone has to do with it."""
    place = (each.node, each.prop)
    if each.node == "jobs" or each.prop == ("committed" if each.settable else "stream"):
        return True
    if each.settable:
        return place in DEEDS_ELSEWHERE
    if each.node == "telemetry":
        return f"{each.node}/{each.prop}" in plotted
    return place in VALUES_ELSEWHERE or is_plugged(each)


def is_plugged(each: PropertyView) -> bool:
    """Whether it is one of a kit's own ports, with what is in it."""
    told = read_object(each.value) if each.node == "ports" and not each.settable else None
    return isinstance(told, dict) and "device" in told


def view_plugged(device: DeviceView, language: str) -> list[dict[str, Any]]:
    """Its own ports, A to D or 1 to 21, and what is plugged into each; those that it told of."""
    return [
        {
            "key": each.prop,
            "name": name_property(device.kind, each, language),
            "value": read_object(each.value),
        }
        for each in device.properties
        if is_plugged(each)
    ]


def is_settable(device: DeviceView, node: str, prop: str) -> bool:
    return any((each.node, each.prop) == (node, prop) and each.settable for each in device.properties)


def read_number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < 1e12 else None
