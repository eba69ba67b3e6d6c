"""Whose passage is it? The gate's answers to armings draw the lines; order of arrival does not matter.

A passage belongs to the last arming of its input that the same boot of the board answered with a
smaller seq. Within an arming passages are looked at in the board's order: a missing one holds the
following back until it comes or is given up. While an answer is due, nothing is credited to the
arming before it, for what comes may already be the next robot's.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from competitions import commands as cmd
from competitions import events as ev
from competitions.run_states import RunState
from lab_controller.bus.handler import Effects
from lab_controller.championships import elapsed, gate_faults
from lab_controller.championships.desk import Desk
from lab_controller.championships.execution import carry_out
from lab_controller.championships.tables import Arming, PassageRow
from lab_controller.championships.writing import Outcome
from lab_controller.errors import LabError

HOLD_US = 2_000_000


def owner_of(session: Session, row: PassageRow) -> Arming | None:
    """The arming that a passage belongs to, as far as the gate's answers are known."""
    query = select(Arming).where(
        Arming.device == row.device,
        Arming.input == row.lane,
        Arming.boot == row.boot,
        col(Arming.armed_seq) < row.seq,
    )
    return session.exec(query.order_by(col(Arming.armed_seq).desc(), col(Arming.id).desc()).limit(1)).first()


def advance(desk: Desk, arming: Arming, spec_ppm: int) -> Effects:
    """Look at everything of an answered arming that can be looked at by now."""
    effects = Effects()
    assert arming.run is not None
    assert arming.heard_seq is not None
    run = desk.state.runs[arming.run]
    successor = _successor(desk.session, arming)
    if _answer_is_due(desk, arming, successor) or (run.phase == "arming" and run.token == arming.token):
        return effects
    last_seq = successor.armed_seq if successor is not None and successor.boot == arming.boot else None
    for row in _following(desk.session, arming, last_seq):
        if row.seq > arming.heard_seq + 1 and not _give_up(desk, arming, row.seq, effects):
            return effects
        arming.heard_seq, arming.stuck_since_us = row.seq, None
        if row.lane == arming.input:
            effects.extend(credit(desk, arming, row, spec_ppm))
    if successor is not None:
        complete = last_seq is None or arming.heard_seq >= last_seq
        arming.closed = complete or _give_up(desk, arming, (last_seq or 0) + 1, effects)
    return effects


def _answer_is_due(desk: Desk, arming: Arming, successor: Arming | None) -> bool:
    """Whether the input was given on and the answer is not here yet; overtaken, it is soon given up."""
    query = _newer(select(Arming.id), arming).where(col(Arming.boot).is_(None))
    if successor is None:
        return desk.session.exec(query.limit(1)).first() is not None
    overtaken = desk.session.exec(query.where(col(Arming.id) < successor.id).limit(1)).first()
    return overtaken is not None and not _has_waited(desk, arming)


def _has_waited(desk: Desk, arming: Arming) -> bool:
    if arming.stuck_since_us is None:
        arming.stuck_since_us = desk.now_us
    return desk.now_us - arming.stuck_since_us >= HOLD_US


def _successor(session: Session, arming: Arming) -> Arming | None:
    """The next answered arming of the input: it ends this one."""
    query = _newer(select(Arming), arming).where(col(Arming.boot).is_not(None))
    found: Arming | None = session.exec(query.order_by(col(Arming.id)).limit(1)).first()
    return found


def _newer(query: Any, arming: Arming) -> Any:
    return query.where(
        Arming.device == arming.device, Arming.input == arming.input, col(Arming.id) > arming.id
    )


def _following(session: Session, arming: Arming, last_seq: int | None) -> Sequence[PassageRow]:
    query = select(PassageRow).where(
        PassageRow.device == arming.device,
        PassageRow.boot == arming.boot,
        col(PassageRow.seq) > arming.heard_seq,
    )
    if last_seq is not None:
        query = query.where(col(PassageRow.seq) <= last_seq)
    return session.exec(query.order_by(col(PassageRow.seq))).all()


def _give_up(desk: Desk, arming: Arming, seq: int, effects: Effects) -> bool:
    """Passages before `seq` are missing: wait for them, or tell the run that they are lost."""
    assert arming.heard_seq is not None
    if not _has_waited(desk, arming):
        return False
    if arming.run is not None and desk.state.runs[arming.run].token == arming.token:
        missing = {"boot": arming.boot, "from": arming.heard_seq + 1, "to": seq - 1}
        name = f"passages_lost {seq}"
        effects.extend(gate_faults.report(desk, _together(desk, arming), "passages_lost", missing, name=name))
    return True


def _together(desk: Desk, arming: Arming) -> Sequence[Arming]:
    """The arming with those of the same board's other inputs: what one misses they all miss."""
    query = select(Arming).where(Arming.device == arming.device, Arming.token == arming.token)
    return desk.session.exec(query).all()


def credit(desk: Desk, arming: Arming, row: PassageRow, spec_ppm: int) -> Effects:
    """Give a passage to its run; an arming that was asked for anew no longer makes it count."""
    assert arming.run is not None
    row.run = arming.run
    run = desk.state.runs[arming.run]
    if run.token != arming.token:
        return Effects()
    point = _point(desk, run, arming.points)
    outcome = _see(desk, run, elapsed.see(desk.session, run, point, elapsed.from_row(row), spec_ppm))
    if outcome.records:
        row.log_seq = outcome.records[0].seq
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
