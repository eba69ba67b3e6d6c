"""Carry a run's command out inside a transaction: rules, log, gates."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from competitions import commands as cmd
from competitions import events as ev
from competitions.contest import ContestState, check_open
from competitions.errors import CompetitionError, RecordError
from competitions.runs import decide
from lab_controller.bus.changes import championship_key
from lab_controller.bus.handler import Effects
from lab_controller.championships import arming
from lab_controller.championships.desk import Desk
from lab_controller.championships.seen import check_seen
from lab_controller.championships.writing import Outcome
from lab_controller.errors import Conflict, Invalid, LabError, NotFound

TEAM_ROLE = "team"
ENDS = frozenset({ev.ResultAccepted.KIND, ev.RunVoided.KIND, ev.RerunOrdered.KIND})
TAKES_BACK = frozenset({ev.RunVoided.KIND, ev.RerunOrdered.KIND})


def as_lab_error(error: CompetitionError) -> LabError:
    if error.code in {"unknown_run", "unknown_entry", "unknown_field"}:
        return NotFound(error.code, **error.params)
    return (Invalid if isinstance(error, RecordError) else Conflict)(error.code, **error.params)


def carry_out(
    desk: Desk,
    run: str,
    command: cmd.Command,
    *,
    actor: str,
    source: str,
    seen: Mapping[str, Any] | None = None,
) -> Outcome:
    """Decide and append; `seen` is the proposal that was in front of who accepts it.

    Raises Conflict, Invalid or NotFound with the rule's code, before anything is written.
    """
    state = desk.state
    if isinstance(command, cmd.Accept) and seen:
        known = state.runs.get(run)
        if known is not None and known.proposal is not None:
            check_seen(known.proposal, seen)
    if isinstance(command, cmd.Sign) and command.role == TEAM_ROLE and run in state.runs:
        # A captain is a child, and the log is public: the team signs by its own name.
        command = replace(command, name=state.entries[state.runs[run].entry].team)
    events = _decide(state, run, command, desk.now_us)
    if isinstance(command, cmd.Arm):
        arming.check_free(desk, run, command.token)
    if not events:
        return Outcome()
    known = state.runs.get(run)
    voids = known.accepted_seq if known is not None and events[0].KIND in TAKES_BACK else None
    records = desk.append(events, actor=actor, source=source, voids=voids)
    effects = Effects(changed=[championship_key(desk.championship.slug)])
    if isinstance(command, cmd.Arm):
        effects.publish += arming.ask(desk, run, command.token)
    if any(event.KIND in ENDS for event in events):
        effects.publish += arming.release(desk, run)
    return Outcome(records, effects)


def _decide(state: ContestState, run: str, command: cmd.Command, now_us: int) -> tuple[ev.RunEvent, ...]:
    if state.signatures and command.KIND not in cmd.SYSTEM_KINDS:
        raise Conflict("championship_signed")
    known = state.runs.get(run)
    try:
        if not isinstance(command, cmd.OpenRun):
            return decide(state.rules_of(run), known, command, now_us)
        if command.run != run:
            raise Invalid("run_id_differs", run=command.run)
        if known is None:
            check_open(state, command.entry, command.attempt)
        if command.field in state.closed_fields:
            raise Conflict("field_closed", field=command.field)
        if command.field not in state.fields:
            raise NotFound("unknown_field", field=command.field)
        if state.discipline is None:
            raise Conflict("no_discipline")
        return decide(state.discipline, known, command, now_us)
    except CompetitionError as error:
        raise as_lab_error(error) from None
