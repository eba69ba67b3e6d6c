"""What is wrong with a gate, told to the runs that wait for it: each trouble once."""

from collections.abc import Iterable
from typing import Any

from competitions import commands as cmd
from lab_controller.bus.handler import Effects
from lab_controller.canonical import canonical_json
from lab_controller.championships.arming import BUSY
from lab_controller.championships.desk import Desk
from lab_controller.championships.execution import carry_out
from lab_controller.championships.tables import Arming

LONGEST_PARAMS = 1_000


def report(
    desk: Desk, armings: Iterable[Arming], code: str, params: dict[str, Any], *, name: str = ""
) -> Effects:
    """Tell the runs of `armings` that are under way; `name` is what the trouble is remembered by."""
    name = name or code
    effects = Effects()
    told: set[tuple[str, str]] = set()
    for arming in armings:
        if arming.run is None or name in arming.faults:
            continue
        arming.faults = [*arming.faults, name]
        if (arming.run, arming.device) in told or desk.state.runs[arming.run].phase not in BUSY:
            continue
        told.add((arming.run, arming.device))
        fault = cmd.ReportFault(code, {**_short(params), "device": arming.device})
        outcome = carry_out(desk, arming.run, fault, actor="system", source=arming.device)
        effects.extend(outcome.effects)
    return effects


def lost_name(seq: int) -> str:
    """The name of the trouble that the passages before `seq` will not come."""
    return f"passages_lost {seq}"


def forget(armings: Iterable[Arming], name: str) -> None:
    """The trouble is over: it may be told again when it comes back."""
    for arming in armings:
        if name in arming.faults:
            arming.faults = [each for each in arming.faults if each != name]


def _short(params: dict[str, Any]) -> dict[str, Any]:
    """A gate's own words are kept only while they are few."""
    return params if len(canonical_json(params)) <= LONGEST_PARAMS else {}
