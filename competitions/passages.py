"""What a passage through a gate means for the run it is credited to."""

from competitions import events as ev
from competitions.commands import SeePassage
from competitions.disciplines.discipline import Discipline, Laps
from competitions.proposals import propose_or_fault
from competitions.run_states import RunState, apply
from competitions.scoring import is_over_limit

Events = tuple[ev.RunEvent, ...]


def see_passage(discipline: Discipline, state: RunState, command: SeePassage, now_us: int) -> Events:
    """Every passage is kept; which ones count depends on the phase and on the discipline.

    The same passage (device, boot, seq) twice gives nothing the second time, unless it was waiting:
    for a start that had not arrived, or for a time that could not be told yet.
    """
    if command.edge not in _edges(discipline, command.point) or _is_known(state, command):
        return ()
    match state.phase:
        case "armed":
            return _while_armed(discipline, state, command, now_us)
        case "running":
            return _while_running(discipline, state, command)
        case "ready" | "arming":
            return (_seen(state, command, "ignored", "not_armed"),)
        case "proposed" if _was_in_time(discipline, state, command):
            return _while_running(discipline, state, command)
    return (_late(state, command),)


def _edges(discipline: Discipline, point: str) -> set[str]:
    rules = (discipline.start, discipline.finish, discipline.laps)
    return {rule.edge for rule in rules if rule is not None and rule.point == point} or {"B"}


def _identity(evidence: object) -> tuple[object, ...] | None:
    """Device, boot and seq: what makes a passage this one and no other."""
    if not isinstance(evidence, dict):
        return None
    identity = tuple(evidence.get(name) for name in ("device", "boot", "seq"))
    return None if None in identity else identity


def _is_known(state: RunState, command: SeePassage) -> bool:
    identity = _identity(command.evidence)
    return identity is not None and any(
        record.payload.get("role") != "waiting" and _identity(record.payload.get("evidence")) == identity
        for record in state.timeline
    )


def _waits_for_another(state: RunState, command: SeePassage) -> bool:
    """Has another passage been at this point during the run, whose time is not known yet?"""
    identity = _identity(command.evidence)
    return any(
        record.payload.get("role") == "waiting"
        and record.payload["point"] == command.point
        and record.payload["reason"] != "before_start"
        and (identity is None or _identity(record.payload["evidence"]) != identity)
        for record in state.timeline
    )


def _is_timed(discipline: Discipline, point: str) -> bool:
    end = discipline.laps or discipline.finish
    return end is not None and end.point == point


def _was_in_time(discipline: Discipline, state: RunState, command: SeePassage) -> bool:
    """Did it happen before the limit, though the news came after the limit was called?"""
    ends = discipline.laps.count if discipline.laps is not None else None
    complete = state.measured.elapsed_us is not None if discipline.laps is None else len(state.laps) == ends
    return (
        state.measured.over_limit
        and not complete
        and state.method == "gate"
        and _is_timed(discipline, command.point)
        and command.elapsed_us is not None
        and not is_over_limit(discipline, command.elapsed_us, command.bound_us or 0)
    )


def _seen(state: RunState, command: SeePassage, role: str, reason: str | None = None) -> ev.PassageSeen:
    return ev.PassageSeen(
        state.run, command.point, command.edge, command.elapsed_us, command.bound_us, command.evidence,
        role, reason,
    )  # fmt: skip


def _late(state: RunState, command: SeePassage) -> ev.LatePassage:
    return ev.LatePassage(
        state.run, command.point, command.edge, command.elapsed_us, command.bound_us, command.evidence
    )


def _while_armed(discipline: Discipline, state: RunState, command: SeePassage, now_us: int) -> Events:
    if command.point != discipline.start.point or command.edge != discipline.start.edge:
        return (_seen(state, command, "waiting", "before_start"),)
    if discipline.start.kind == "signal" and not state.signalled:
        return _false_start(discipline, state, command, now_us)
    return _start(state, command, now_us)


def _start(state: RunState, command: SeePassage, now_us: int) -> Events:
    seen = ev.PassageSeen(state.run, command.point, command.edge, 0, 0, command.evidence, "start")
    return seen, ev.RunStarted(state.run, now_us, command.evidence)


def _false_start(discipline: Discipline, state: RunState, command: SeePassage, now_us: int) -> Events:
    rule = discipline.start.false_start
    then = "rearm" if rule is None else rule.then
    before = sum(record.kind == ev.FalseStart.KIND for record in state.timeline)
    events: list[ev.RunEvent] = [ev.FalseStart(state.run, before + 1, then, command.evidence)]
    if rule is not None and rule.penalty is not None:
        count = state.penalties.get(rule.penalty, 0) + 1
        events.append(ev.PenaltySet(state.run, rule.penalty, count))
        penalty = discipline.penalty(rule.penalty)
        if penalty is not None and penalty.dsq_at is not None and count >= penalty.dsq_at:
            for event in events:
                state = apply(state, event)
            return (*events, *propose_or_fault(discipline, state))
    return (*events, *_start(state, command, now_us)) if then == "continue" else tuple(events)


def _while_running(discipline: Discipline, state: RunState, command: SeePassage) -> Events:
    if not _is_timed(discipline, command.point):
        again = command.point == discipline.start.point
        return (_seen(state, command, "ignored" if again else "split", "already_started" if again else None),)
    if command.elapsed_us is None:
        problem = str(command.evidence.get("problem") or "incomparable")
        fault = ev.GateFault(state.run, problem, {"point": command.point})
        return (_seen(state, command, "waiting", problem), fault)
    if is_over_limit(discipline, command.elapsed_us, command.bound_us or 0):
        reached = ev.TimeLimitReached(state.run)
        return (reached, _late(state, command), *propose_or_fault(discipline, apply(state, reached)))
    if discipline.laps is not None:
        return _cross(discipline, discipline.laps, state, command, command.elapsed_us)
    if _waits_for_another(state, command):
        return (_seen(state, command, "ignored", "already_finished"),)
    finish = _seen(state, command, "finish")
    return (finish, *propose_or_fault(discipline, apply(state, finish)))


def _is_a_crossing_of_its_own(laps: Laps, state: RunState, elapsed_us: int) -> bool:
    """Whether a crossing that came after a later one is far enough from all that were counted."""
    at_us = state.crossing.elapsed_us if state.crossing is not None else 0
    crossings = [at_us]
    for lap in reversed(state.laps):
        at_us -= lap.lap_us
        crossings.append(at_us)
    return min(abs(elapsed_us - each) for each in crossings) >= laps.minimum_us


def _cross(
    discipline: Discipline, laps: Laps, state: RunState, command: SeePassage, elapsed_us: int
) -> Events:
    if laps.opens == "first_crossing" and not any(
        record.payload.get("role") == "opening" for record in state.timeline
    ):
        return (_seen(state, command, "opening"),)
    before_us, before_bound_us = state.crossing or (0, 0)
    lap_us = elapsed_us - before_us
    if lap_us < 0 and _is_a_crossing_of_its_own(laps, state, elapsed_us):
        fault = ev.GateFault(state.run, "late_crossing", {"elapsed_us": elapsed_us})
        return (_seen(state, command, "ignored", "late_crossing"), fault)
    if lap_us < laps.minimum_us or lap_us < 0:
        return (_seen(state, command, "ignored", "minimum_lap"),)
    lap = ev.LapCompleted(state.run, len(state.laps) + 1, lap_us, before_bound_us + (command.bound_us or 0))
    events: tuple[ev.RunEvent, ...] = (_seen(state, command, "lap"), lap)
    for event in events:
        state = apply(state, event)
    if lap.lap == laps.count or state.phase == "proposed":
        return (*events, *propose_or_fault(discipline, state))
    return events
