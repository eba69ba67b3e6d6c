"""Timed runs: `decide` says what a command makes happen, `apply` says what then is true."""

from collections.abc import Callable
from dataclasses import replace

from competitions import commands as cmd
from competitions import events as ev
from competitions.disciplines.discipline import Discipline
from competitions.errors import ExpressionError, RuleError
from competitions.measurements import check_param, missing_param
from competitions.passages import see_passage
from competitions.proposals import propose, propose_or_fault
from competitions.run_states import Crossing, Lap, Phase, RunState, Signature, apply
from competitions.scoring import score
from competitions.statuses import Status

__all__ = ["Crossing", "Lap", "Phase", "RunState", "Signature", "allowed", "apply", "decide"]

Events = tuple[ev.RunEvent, ...]

OPEN: tuple[Phase, ...] = ("ready", "arming", "armed", "running", "proposed")
BEFORE_START: tuple[Phase, ...] = ("ready", "arming", "armed")
ALLOWED: dict[str, tuple[Phase, ...]] = {
    cmd.Arm.KIND: BEFORE_START,
    cmd.Armed.KIND: ("arming",),
    cmd.Signal.KIND: ("armed",),
    cmd.SetPenalty.KIND: OPEN,
    cmd.SetParam.KIND: OPEN,
    cmd.ReachTimeLimit.KIND: ("running",),
    cmd.ProposeManual.KIND: OPEN,
    cmd.ProposeStatus.KIND: OPEN,
    cmd.Accept.KIND: ("proposed",),
    cmd.Void.KIND: (*OPEN, "accepted"),
    cmd.Rerun.KIND: (*OPEN, "accepted"),
    cmd.Sign.KIND: ("accepted",),
}


def allowed(discipline: Discipline, state: RunState) -> tuple[str, ...]:
    """The kinds of judge's command that the run's phase takes."""
    kinds = [kind for kind, phases in ALLOWED.items() if state.phase in phases]
    if discipline.start.kind != "signal" or state.signalled:
        kinds = [kind for kind in kinds if kind != cmd.Signal.KIND]
    if discipline.time_limit_us is None:
        kinds = [kind for kind in kinds if kind != cmd.ReachTimeLimit.KIND]
    return tuple(kind for kind in kinds if kind not in cmd.SYSTEM_KINDS)


def decide(discipline: Discipline, state: RunState | None, command: cmd.Command, now_us: int) -> Events:
    """What a command makes happen; nothing, if it has happened already.

    Raises RuleError: unknown_run, run_exists, other_discipline, wrong_phase and those of each command.
    """
    if isinstance(command, cmd.OpenRun):
        return _open(discipline, state, command)
    if state is None:
        raise RuleError("unknown_run")
    if state.rules != discipline.digest:
        raise RuleError("other_discipline", run=state.run, rules=state.rules)
    phases = ALLOWED.get(command.KIND)
    if phases is not None and state.phase not in phases:
        raise RuleError("wrong_phase", command=command.KIND, phase=state.phase)
    try:
        return _DECISIONS[type(command)](discipline, state, command, now_us)
    except ExpressionError as error:
        raise RuleError(error.code, **error.params) from error


def _open(discipline: Discipline, state: RunState | None, command: cmd.OpenRun) -> Events:
    if state is not None:
        raise RuleError("run_exists", run=state.run)
    if not 1 <= command.attempt <= discipline.attempts:
        raise RuleError("no_such_attempt", attempt=command.attempt, attempts=discipline.attempts)
    if not 1 <= command.lane <= discipline.lanes:
        raise RuleError("no_such_lane", lane=command.lane, lanes=discipline.lanes)
    for name in ("run", "entry", "field"):
        if not getattr(command, name):
            raise RuleError("empty", field=name)
    return (
        ev.RunOpened(
            command.run, command.entry, command.attempt, command.field, command.lane, command.heat,
            discipline.digest,
        ),
    )  # fmt: skip


def _arm(discipline: Discipline, state: RunState, command: cmd.Arm, now_us: int) -> Events:
    _told("token", command.token)
    return (ev.RunArming(state.run, command.token),)


def _armed(discipline: Discipline, state: RunState, command: cmd.Armed, now_us: int) -> Events:
    return (ev.RunArmed(state.run, command.evidence),)


def _signal(discipline: Discipline, state: RunState, command: cmd.Signal, now_us: int) -> Events:
    if discipline.start.kind != "signal":
        raise RuleError("no_signal")
    return () if state.signalled else (ev.SignalGiven(state.run),)


def _set_penalty(discipline: Discipline, state: RunState, command: cmd.SetPenalty, now_us: int) -> Events:
    rule = discipline.penalty(command.code)
    if rule is None:
        raise RuleError("unknown_penalty", penalty=command.code)
    if command.count < 0 or (rule.most is not None and command.count > rule.most):
        raise RuleError("out_of_range", name=command.code, least=0, most=rule.most)
    if state.penalties.get(command.code, 0) == command.count:
        return ()
    return _and_propose(discipline, state, ev.PenaltySet(state.run, command.code, command.count))


def _set_param(discipline: Discipline, state: RunState, command: cmd.SetParam, now_us: int) -> Events:
    param = discipline.param(command.name)
    if param is None:
        raise RuleError("unknown_param", name=command.name)
    if command.value is not None:
        check_param(param, command.value)
    if command.name in state.params and state.params[command.name] == command.value:
        return ()
    if command.value is None and command.name not in state.params:
        return ()
    return _and_propose(discipline, state, ev.ParamSet(state.run, command.name, command.value))


def _limit(discipline: Discipline, state: RunState, command: cmd.ReachTimeLimit, now_us: int) -> Events:
    if discipline.time_limit_us is None:
        raise RuleError("no_time_limit")
    left_us = (state.started_at_us or 0) + discipline.time_limit_us - now_us
    if left_us > 0:
        raise RuleError("limit_not_reached", left_us=left_us)
    reached = ev.TimeLimitReached(state.run)
    return (reached, *propose_or_fault(discipline, apply(state, reached)))


def _manual(discipline: Discipline, state: RunState, command: cmd.ProposeManual, now_us: int) -> Events:
    for name, value in (
        ("value_us", command.value_us),
        ("bound_us", command.bound_us),
        ("laps", command.laps),
    ):
        if value is not None and value < 0:
            raise RuleError("out_of_range", name=name, least=0, most=None)
    laps = command.laps
    if discipline.laps is not None and laps is None:
        laps = discipline.laps.count
        if laps is None:
            raise RuleError("laps_missing")
    best_lap_us = _best_lap(discipline, command, laps)
    measured = replace(
        state.measured,
        elapsed_us=command.value_us,
        bound_us=command.bound_us,
        laps=laps,
        best_lap_us=best_lap_us,
        best_lap_bound_us=0 if best_lap_us is None else command.bound_us,
        declared=None,
    )
    return propose(discipline, replace(state, measured=measured), "manual")


def _best_lap(discipline: Discipline, command: cmd.ProposeManual, laps: int | None) -> int | None:
    best_lap_us, needed_from = command.best_lap_us, discipline.best_lap_from
    if best_lap_us is not None:
        if not 0 <= best_lap_us <= command.value_us:
            raise RuleError("out_of_range", name="best_lap_us", least=0, most=command.value_us)
        return best_lap_us
    if needed_from is not None and laps is not None and laps >= needed_from:
        raise RuleError("best_lap_missing")
    from_the_start = discipline.laps is not None and discipline.laps.opens == "start"
    return command.value_us if laps == 1 and from_the_start else None


def _status(discipline: Discipline, state: RunState, command: cmd.ProposeStatus, now_us: int) -> Events:
    status = command.status
    if status in (Status.VOID, Status.RERUN):
        raise RuleError("status_by_command", status=status.value)
    if status is Status.DNS and state.started:
        raise RuleError("already_started")
    if status is Status.DSQ:
        _told("reason", command.reason)
    declared = None if status is Status.OK else status
    measured = replace(state.measured, declared=declared)
    comes_to = score(discipline, measured).status
    if status is Status.OK and comes_to is not Status.OK:
        raise RuleError("nothing_measured", status=comes_to.value)
    return propose(discipline, replace(state, measured=measured), "judge", command.reason)


def _accept(discipline: Discipline, state: RunState, command: cmd.Accept, now_us: int) -> Events:
    result = state.proposal
    if result is None:
        raise RuleError("wrong_phase", command=command.KIND, phase=state.phase)
    missing = missing_param(discipline, result.status, state.params)
    if missing is not None:
        raise RuleError("param_missing", name=missing)
    return (ev.ResultAccepted(state.run, result),)


def _void(discipline: Discipline, state: RunState, command: cmd.Void, now_us: int) -> Events:
    _told("reason", command.reason)
    return (ev.RunVoided(state.run, command.reason),)


def _rerun(discipline: Discipline, state: RunState, command: cmd.Rerun, now_us: int) -> Events:
    _told("reason", command.reason)
    return (ev.RerunOrdered(state.run, command.reason),)


def _sign(discipline: Discipline, state: RunState, command: cmd.Sign, now_us: int) -> Events:
    _told("role", command.role)
    _told("name", command.name)
    if any(each.role == command.role for each in state.signatures):
        raise RuleError("already_signed", role=command.role)
    return (ev.RunSigned(state.run, command.role, command.name),)


def _fault(discipline: Discipline, state: RunState, command: cmd.ReportFault, now_us: int) -> Events:
    return (ev.GateFault(state.run, command.code, command.params),)


def _told(name: str, text: str) -> None:
    if not text.strip():
        raise RuleError("empty", field=name)


def _and_propose(discipline: Discipline, state: RunState, event: ev.RunEvent) -> Events:
    if state.phase != "proposed" or state.method is None:
        return (event,)
    return (event, *propose(discipline, apply(state, event), state.method, state.reason))


_DECISIONS: dict[type, Callable[..., Events]] = {
    cmd.Arm: _arm,
    cmd.Armed: _armed,
    cmd.Signal: _signal,
    cmd.SeePassage: see_passage,
    cmd.SetPenalty: _set_penalty,
    cmd.SetParam: _set_param,
    cmd.ReachTimeLimit: _limit,
    cmd.ProposeManual: _manual,
    cmd.ProposeStatus: _status,
    cmd.Accept: _accept,
    cmd.Void: _void,
    cmd.Rerun: _rerun,
    cmd.Sign: _sign,
    cmd.ReportFault: _fault,
}
