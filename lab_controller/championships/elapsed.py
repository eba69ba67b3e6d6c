"""From a credited passage to the time since its run's start, with the evidence for both."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, cast

from sqlalchemy import Row, bindparam
from sqlmodel import Session, select, tuple_

from competitions import commands as cmd
from competitions import events as ev
from competitions.run_states import RunState
from devices.timing import FitSnapshot, IncomparableError, Passage, measure
from lab_controller.canonical import canonical_json
from lab_controller.championships.rows import insert_new
from lab_controller.championships.tables import GateBoot
from lab_controller.equipment.tables import Device

MOST_FITS = 3
RESOLUTION_US = 8
MOST_RESOLUTION_US = 1_000_000
_BOOTS = select(GateBoot).where(
    tuple_(GateBoot.device, GateBoot.boot).in_(bindparam("boots", expanding=True))
)


def from_row(row: Row[Any]) -> Passage:
    return Passage(row.device, row.boot, row.seq, row.lane, cast(Literal["B", "C"], row.edge), row.us)


def from_evidence(evidence: Mapping[str, Any], edge: str) -> Passage:
    return Passage(
        evidence["device"],
        evidence["boot"],
        evidence["seq"],
        evidence["lane"],
        cast(Literal["B", "C"], edge),
        evidence["us"],
    )


def see(session: Session, run: RunState, point: str, passage: Passage, spec_ppm: int) -> cmd.SeePassage:
    """The command that shows a passage to its run: measured from the start passage where that can be."""
    evidence: dict[str, Any] = {
        "device": passage.device,
        "boot": passage.boot,
        "seq": passage.seq,
        "lane": passage.lane,
        "us": passage.us,
    }
    start = _start_of(run)
    if start is None:
        return cmd.SeePassage(point, passage.edge, None, None, {**evidence, "problem": "before_start"})
    evidence["start"] = {"device": start.device, "boot": start.boot, "seq": start.seq, "us": start.us}
    fits = _fits(session, start, passage)
    resolution_us = max(_resolution_us(session, device) for device in {start.device, passage.device})
    if resolution_us != RESOLUTION_US:
        evidence["resolution_us"] = resolution_us
    try:
        result = measure(start, passage, fits, resolution_us=resolution_us, spec_ppm=spec_ppm)
    except IncomparableError as error:
        return cmd.SeePassage(point, passage.edge, None, None, {**evidence, "problem": error.code})
    evidence["method"] = result.method
    used = {device: fit.to_json() for device, fit in fits.items() if fit is not None}
    if used:
        evidence["fits"] = used
    return cmd.SeePassage(point, passage.edge, result.value_us, result.bound_us, evidence)


def _start_of(run: RunState) -> Passage | None:
    for record in reversed(run.timeline):
        if record.kind == ev.RunStarted.KIND:
            return from_evidence(record.payload["evidence"], "B")
    return None


def _resolution_us(session: Session, device: str) -> int:
    """How late a gate's stamps may be by its own word; nobody is more exact than the Arduino gate."""
    row = session.get(Device, device)
    told = row.latest.get("gate/resolution", "") if row is not None else ""
    us = int(told) if told.isdecimal() and len(told) < 20 else RESOLUTION_US
    return min(max(us, RESOLUTION_US), MOST_RESOLUTION_US)


def remember_fit(session: Session, device: str, fit: dict[str, Any], now_us: int) -> None:
    """Keep a fit with its boot, the last of each host clock."""
    row = remember_boot(session, device, fit["boot"], now_us)
    others = [each for each in row.fits if each["clock_id"] != fit["clock_id"]]
    row.fits = [*others, fit][-MOST_FITS:]


def remember_boot(session: Session, device: str, boot: str, now_us: int) -> GateBoot:
    """The board's life, noted now if it is a new one."""
    row = session.get(GateBoot, (device, boot))
    if row is not None:
        return row
    insert_new(session, GateBoot, [{"device": device, "boot": boot, "first_seen_us": now_us, "fits": []}])
    return session.get_one(GateBoot, (device, boot))


def load_boots(session: Session, boots: Collection[tuple[str, str]]) -> Sequence[GateBoot]:
    """The boards' lives that are known, each asked for by its device and boot."""
    return session.exec(_BOOTS, params={"boots": sorted(boots)}).all() if boots else ()


def _fits(session: Session, start: Passage, end: Passage) -> dict[str, FitSnapshot | None]:
    """The newest fits of both boards, by one host clock if there is one that both were held against."""
    rows = load_boots(session, {(passage.device, passage.boot) for passage in (start, end)})
    first, last = (_fits_of(rows, passage) for passage in (start, end))
    shared = [clock_id for clock_id in last if clock_id in first]
    if start.device == end.device or not shared:
        return {
            passage.device: next(reversed(fits.values()), None)
            for passage, fits in ((start, first), (end, last))
        }
    return {start.device: first[shared[-1]], end.device: last[shared[-1]]}


def _fits_of(rows: Sequence[GateBoot], passage: Passage) -> dict[str, FitSnapshot]:
    mine = (row.fits for row in rows if (row.device, row.boot) == (passage.device, passage.boot))
    fits = next(mine, [])
    return {each["clock_id"]: FitSnapshot.from_json(canonical_json(each)) for each in fits}
