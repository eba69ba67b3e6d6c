"""Which programs a kit takes, and who puts them onto it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from lab_controller.bus.handler import Outbound
from lab_controller.equipment.tables import Device
from lab_controller.errors import Invalid
from lab_controller.programs.orders import NODE, PART_BYTES, iter_order
from lab_controller.programs.tables import Job, Program

LONGEST_NAME = 120
LEAST_PART_BYTES = 256
MOST_PROGRAM_BYTES = 2**40


def clean_name(name: str) -> str:
    """A file's name without its folders and without what cannot be printed."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in last if c.isprintable())
    stem, dot, suffix = kept.rpartition(".")
    return f"{stem[: LONGEST_NAME - len(suffix) - 1]}.{suffix}" if dot else kept[:LONGEST_NAME]


def read_accepts(latest: Mapping[str, str]) -> dict[str, Any] | None:
    """`{"suffixes", "max_bytes", "slots", "first_slot", "can_run", "named"}`, or None without programs."""
    match _told_of(latest):
        case {"suffixes": [*suffixes], "max_bytes": int(most), **more}:
            slots, first = more.get("slots", 0), more.get("first_slot", 0)
            return {
                "suffixes": [str(each) for each in suffixes],
                "max_bytes": min(most, MOST_PROGRAM_BYTES),
                "slots": slots if type(slots) is int else 0,
                "first_slot": first if type(first) is int else 0,
                "can_run": more.get("can_run") is not False,
                "named": more.get("named") is True,
            }
    return None


def accepts_of(device: Device) -> dict[str, Any]:
    """As `read_accepts`. Raises Invalid `takes_no_programs`."""
    accepts = read_accepts(device.latest)
    if accepts is None or not accepts["suffixes"]:
        raise Invalid("takes_no_programs", device=device.name)
    return accepts


def check_program(device: Device, name: str, size: int, slot: int | None, most_bytes: int) -> None:
    """Raises Invalid with the code of what is wrong with the program."""
    accepts = accepts_of(device)
    suffixes = tuple(str(each).lower() for each in accepts["suffixes"])
    limit = min(int(accepts["max_bytes"]), most_bytes)
    if not name.lower().endswith(suffixes):
        raise Invalid("wrong_file_type", name=name, takes=", ".join(suffixes))
    if size > limit:
        raise Invalid("program_too_big", size=size, limit=limit)
    if not size:
        raise Invalid("program_empty", name=name)
    slots = int(accepts["slots"])
    if slot is not None and not 0 <= slot < slots:
        raise Invalid("no_such_slot", slot=slot + accepts["first_slot"], slots=slots)


def executor_of(device: Device) -> str:
    """Who puts programs onto it: its agent, or the device itself. Raises Invalid `takes_no_programs`."""
    if device.agent is not None:
        return device.agent
    if NODE in (device.description.get("nodes") or {}):
        return device.id
    raise Invalid("takes_no_programs", device=device.name)


def order_of(session: Session, job: Job) -> list[Outbound]:
    """What its executor is told, in parts that it has room for."""
    program = session.get_one(Program, job.program_id)
    return list(iter_order(job, program, part_bytes_of(session.get(Device, job.device))))


def part_bytes_of(device: Device | None) -> int:
    """How much of a program its executor takes at once: a microcontroller says so in `program/accepts`."""
    match _told_of(device.latest if device is not None else {}):
        case {"part_bytes": int(most)} if type(most) is int:
            return min(max(most, LEAST_PART_BYTES), PART_BYTES)
    return PART_BYTES


def _told_of(latest: Mapping[str, str]) -> object:
    """What a device says that it accepts, which may be anything."""
    try:
        return json.loads(latest.get("program/accepts") or "null")
    except (ValueError, RecursionError):
        return None
