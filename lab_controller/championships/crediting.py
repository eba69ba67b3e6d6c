"""Whose passage is it? The gate's answers to armings draw the lines; order of arrival does not matter.

A passage belongs to the last arming of its input that the same boot of the board answered with a
smaller seq. Within an arming passages are looked at in the board's order: a missing one holds the
following back until it comes or is given up. While an answer is due, nothing is credited to the
arming before it, for what comes may already be the next robot's.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Row, bindparam
from sqlmodel import Session, col, func, select

from competitions import commands as cmd
from competitions import events as ev
from competitions.run_states import RunState
from lab_controller.bus.handler import Effects
from lab_controller.championships import elapsed, gate_faults
from lab_controller.championships.desk import Desk
from lab_controller.championships.execution import carry_out
from lab_controller.championships.rows import table_of
from lab_controller.championships.tables import Arming, PassageRow
from lab_controller.championships.writing import Outcome
from lab_controller.errors import LabError

HOLD_US = 2_000_000
_CONCERNED = col(Arming.device).in_(bindparam("devices", expanding=True))
_OLDEST = select(func.min(Arming.id)).where(
    _CONCERNED, col(Arming.closed).is_(False), col(Arming.run).is_not(None)
)
_ARMINGS = (
    select(Arming)
    .where(_CONCERNED, col(Arming.id) >= _OLDEST.scalar_subquery())
    .order_by(col(Arming.id))
    .execution_options(populate_existing=True)
)
_PASSAGES = table_of(PassageRow)
_AHEAD = (
    _PASSAGES.select()
    .where(
        _PASSAGES.c.device == bindparam("device"),
        _PASSAGES.c.boot == bindparam("boot"),
        _PASSAGES.c.seq > bindparam("heard_seq"),
    )
    .order_by(_PASSAGES.c.seq)
)
_CREDIT = (
    _PASSAGES.update()
    .where(_PASSAGES.c.id == bindparam("passage"))
    .values(run=bindparam("to"), log_seq=bindparam("seen_in"))
)


def owner_of(session: Session, row: Row[Any]) -> Arming | None:
    """The arming that a passage belongs to, as far as the gate's answers are known."""
    query = select(Arming).where(
        Arming.device == row.device,
        Arming.input == row.lane,
        Arming.boot == row.boot,
        col(Arming.armed_seq) < row.seq,
    )
    return session.exec(query.order_by(col(Arming.armed_seq).desc(), col(Arming.id).desc()).limit(1)).first()


class Docket:
    """The armings of some gates, from the oldest open one on, while one transaction looks at them.

    `boots` are the boards' lives that had answered one of them when it was opened.
    """

    def __init__(self, session: Session, devices: Collection[str]) -> None:
        self.session = session
        self.armings = session.exec(_ARMINGS, params={"devices": sorted(devices)}).all()
        self.boots = frozenset((each.device, each.boot) for each in self.armings if each.boot is not None)

    @property
    def open(self) -> list[Arming]:
        """Those of runs from which something may still come, the oldest first."""
        return [each for each in self.armings if each.run is not None and not each.closed]

    def newer(self, arming: Arming) -> list[Arming]:
        """Later armings of the same input."""
        assert arming.id is not None
        return [
            each
            for each in self.armings
            if (each.device, each.input) == (arming.device, arming.input) and (each.id or 0) > arming.id
        ]

    def passages(self) -> dict[tuple[str, str], Sequence[Row[Any]]]:
        """By board and boot, in its order: what an open arming has not looked at yet."""
        heard: dict[tuple[str, str], int] = {}
        for each in self.open:
            if each.boot is not None and each.heard_seq is not None:
                board = (each.device, each.boot)
                heard[board] = min(each.heard_seq, heard.get(board, each.heard_seq))
        connection = self.session.connection()
        return {
            (device, boot): connection.execute(
                _AHEAD, {"device": device, "boot": boot, "heard_seq": seq}
            ).all()
            for (device, boot), seq in heard.items()
        }

    def owns(self, row: Row[Any]) -> bool:
        """Whether an open arming will come to this passage by itself."""
        return any(
            (each.device, each.input, each.boot) == (row.device, row.lane, row.boot)
            and each.heard_seq is not None
            and each.heard_seq < row.seq
            and not any(newer.boot is not None for newer in self.newer(each))
            for each in self.open
        )


def advance(desk: Desk, docket: Docket, arming: Arming, rows: Iterable[Row[Any]], spec_ppm: int) -> Effects:
    """Look at what can be looked at by now of an answered arming; `rows` are in their board's order."""
    effects = Effects()
    assert arming.run is not None
    assert arming.heard_seq is not None
    run = desk.state.runs[arming.run]
    newer = docket.newer(arming)
    successor = next((each for each in newer if each.boot is not None), None)
    if _answer_is_due(desk, arming, newer) or (run.phase == "arming" and run.token == arming.token):
        return effects
    last_seq = successor.armed_seq if successor is not None and successor.boot == arming.boot else None
    for row in rows:
        if row.seq <= arming.heard_seq or (last_seq is not None and row.seq > last_seq):
            continue
        if row.id <= arming.after_passage:
            continue
        if row.seq > arming.heard_seq + 1 and not _give_up(desk, arming, row.seq, effects):
            return effects
        arming.heard_seq, arming.stuck_since_us = row.seq, None
        if row.lane == arming.input:
            effects.extend(credit(desk, arming, row, spec_ppm))
    if successor is not None:
        complete = last_seq is None or arming.heard_seq >= last_seq
        arming.closed = complete or _give_up(desk, arming, (last_seq or 0) + 1, effects)
    return effects


def _answer_is_due(desk: Desk, arming: Arming, newer: Sequence[Arming]) -> bool:
    """Whether the input was given on and the answer is not here yet; overtaken, it is soon given up."""
    if not newer or newer[0].boot is not None:
        return False
    return all(each.boot is None for each in newer) or not _has_waited(desk, arming)


def _has_waited(desk: Desk, arming: Arming) -> bool:
    if arming.stuck_since_us is None:
        arming.stuck_since_us = desk.now_us
    return desk.now_us - arming.stuck_since_us >= HOLD_US


def _give_up(desk: Desk, arming: Arming, seq: int, effects: Effects) -> bool:
    """Passages before `seq` are missing: wait for them, or tell the run that they are lost."""
    assert arming.heard_seq is not None
    name = gate_faults.lost_name(seq)
    if name not in arming.faults and not _has_waited(desk, arming):
        return False
    if arming.run is not None and desk.state.runs[arming.run].token == arming.token:
        missing = {"boot": arming.boot, "from": arming.heard_seq + 1, "to": seq - 1}
        effects.extend(gate_faults.report(desk, _together(desk, arming), "passages_lost", missing, name=name))
    return True


def _together(desk: Desk, arming: Arming) -> Sequence[Arming]:
    """The arming with those of the same board's other inputs: what one misses they all miss."""
    query = select(Arming).where(Arming.device == arming.device, Arming.token == arming.token)
    return desk.session.exec(query).all()


def credit(desk: Desk, arming: Arming, row: Row[Any], spec_ppm: int) -> Effects:
    """Give a passage to its run; an arming that was asked for anew no longer makes it count."""
    assert arming.run is not None
    run = desk.state.runs[arming.run]
    outcome = Outcome()
    if run.token == arming.token:
        point = _point(desk, run, arming.points)
        outcome = _see(desk, run, elapsed.see(desk.session, run, point, elapsed.from_row(row), spec_ppm))
    seen_in = outcome.records[0].seq if outcome.records else None
    credited = {"passage": row.id, "to": arming.run, "seen_in": seen_in}
    desk.session.connection().execute(_CREDIT, credited)
    if any(record.kind == ev.RunStarted.KIND for record in outcome.records):
        outcome.effects.extend(_see_waiting(desk, arming.run, spec_ppm))
    return outcome.effects


def _point(desk: Desk, run: RunState, points: Sequence[str]) -> str:
    """One beam may be start and finish: until the run has started it is the start."""
    start = desk.state.rules_of(run.run).start.point
    if start in points and not run.started:
        return start
    return next((point for point in points if point != start), points[0])


def _see(desk: Desk, run: RunState, passage: cmd.SeePassage) -> Outcome:
    device = str(passage.evidence["device"])
    try:
        return carry_out(desk, run.run, passage, actor="system", source=device)
    except LabError as error:
        fault = cmd.ReportFault("rule_failed", {"rule": error.code, "evidence": passage.evidence})
        return carry_out(desk, run.run, fault, actor="system", source=device)


def _see_waiting(desk: Desk, run: str, spec_ppm: int) -> Effects:
    """The start has come: what was seen before it, but happened after it, counts now."""
    effects = Effects()
    waiting = [
        record.payload
        for record in desk.state.runs[run].timeline
        if record.kind == ev.PassageSeen.KIND and record.payload["role"] == "waiting"
    ]
    for seen in waiting:
        passage = elapsed.from_evidence(seen["evidence"], seen["edge"])
        again = elapsed.see(desk.session, desk.state.runs[run], seen["point"], passage, spec_ppm)
        if again.elapsed_us is not None:
            effects.extend(_see(desk, desk.state.runs[run], again).effects)
    return effects
