"""Give the inputs of a field's gates to a run, and take them back; the gate's answer draws the line."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from competitions.contest import ContestState
from lab_controller.bus.handler import Outbound
from lab_controller.bus.topics import Topic
from lab_controller.championships.desk import Desk
from lab_controller.championships.tables import Arming, Championship, PassageRow
from lab_controller.errors import Conflict, Invalid

BUSY = frozenset({"arming", "armed", "running"})
# Any fixed number of its own; a gate is the second half of the key.
_ADVISORY_LOCK = 7_202_603
_TOKEN = re.compile(r"[0-9a-f]{8}")

Input = tuple[str, int]


def gates_of(state: ContestState, run: str) -> dict[Input, list[str]]:
    """The points that each (device, input) of the run's field and lane stands at."""
    known = state.runs[run]
    gates: dict[Input, list[str]] = {}
    for gate in state.fields.get(known.field, ()):
        if gate["lane"] == known.lane:
            gates.setdefault((gate["device"], gate["input"]), []).append(gate["point"])
    return gates


def check_free(desk: Desk, run: str, token: str) -> None:
    """May the gates of the run's field be given to it?

    Raises Conflict `field_has_no_gates`, `token_used`, `lane_busy` (another robot is on its way);
    Invalid `bad_token`.
    """
    if not _TOKEN.fullmatch(token):
        raise Invalid("bad_token")
    known, gates = desk.state.runs[run], gates_of(desk.state, run)
    if not gates:
        raise Conflict("field_has_no_gates", field=known.field, lane=known.lane)
    _hold(desk.session, {device for device, _ in gates})
    if desk.session.exec(select(Arming.id).where(Arming.token == token)).first() is not None:
        raise Conflict("token_used")
    for other in open_armings(desk.session, {device for device, _ in gates}):
        if other.run is None or (other.device, other.input) not in gates:
            continue
        if (other.championship_id, other.run) == (desk.championship_id, run):
            continue
        owner = desk.session.get_one(Championship, other.championship_id)
        if desk.projections.current(desk.session, owner).state.runs[other.run].phase in BUSY:
            raise Conflict("lane_busy", run=other.run, championship=owner.slug, device=other.device)


def _hold(session: Session, devices: Collection[str]) -> None:
    """Two championships that share a gate arm it one after the other; on SQLite every writer does."""
    if session.get_bind().dialect.name == "postgresql":
        for device in sorted(devices):
            lock = text("SELECT pg_advisory_xact_lock(:lock, hashtext(:device))")
            session.connection().execute(lock, {"lock": _ADVISORY_LOCK, "device": device})


def ask(desk: Desk, run: str, token: str) -> list[Outbound]:
    """Note whose the inputs are about to be, and what to tell the gates after the commit."""
    gates = gates_of(desk.state, run)
    for gate, points in gates.items():
        _add(desk, gate, token, run=run, points=points)
    desk.session.flush()
    return [_set_arm(device, True, token) for device in sorted({device for device, _ in gates})]


def release(desk: Desk, run: str) -> list[Outbound]:
    """Take the run's inputs back, so that whoever walks through the gate next is nobody's time.

    A board stays armed for as long as another run waits on another of its inputs.
    """
    session = desk.session
    mine = session.exec(
        select(Arming).where(
            Arming.championship_id == desk.championship_id,
            Arming.run == run,
            col(Arming.closed).is_(False),
        )
    ).all()
    inputs = {(each.device, each.input) for each in mine if _newest(session, each) == each.id}
    devices = sorted({device for device, _ in inputs})
    others = [
        each
        for each in open_armings(session, set(devices))
        if each.run is not None and (each.device, each.input) not in inputs
    ]
    told: list[Outbound] = []
    for device in devices:
        token = _token(desk.championship, device)
        for gate in sorted(gate for gate in inputs if gate[0] == device):
            _add(desk, gate, token, run=None, points=[])
        told.append(_set_arm(device, any(each.device == device for each in others), token))
    session.flush()
    return told


def open_armings(session: Session, devices: Collection[str]) -> list[Arming]:
    """Armings of the devices from which something may still come, the oldest first."""
    query = select(Arming).where(col(Arming.device).in_(devices), col(Arming.closed).is_(False))
    return list(session.exec(query.order_by(col(Arming.id))).all())


def _add(desk: Desk, gate: Input, token: str, *, run: str | None, points: list[str]) -> None:
    desk.session.add(
        Arming(
            championship_id=desk.championship_id,
            run=run,
            device=gate[0],
            input=gate[1],
            points=points,
            token=token,
            asked_us=desk.now_us,
            after_passage=_last_passage(desk.session),
            faults=[],
        )
    )


def _last_passage(session: Session) -> int:
    return session.exec(select(func.max(PassageRow.id))).one() or 0


def _newest(session: Session, of: Arming) -> int | None:
    query = select(Arming.id).where(Arming.device == of.device, Arming.input == of.input)
    return session.exec(query.order_by(col(Arming.id).desc()).limit(1)).first()


def _token(championship: Championship, device: str) -> str:
    text = f"{championship.slug} {championship.head_seq} {device}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _set_arm(device: str, armed: bool, token: str) -> Outbound:
    return Outbound(Topic(device, "set", "gate", "arm"), _json({"armed": armed, "token": token}))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
