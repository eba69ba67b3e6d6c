"""One run as the judge's tablet draws it: the lab's view of it, with every part in the judge's words."""

from collections.abc import Mapping
from typing import Any

from competitions.contest import ContestState
from competitions.run_states import RunState
from lab_controller.equipment.queries import DeviceView
from web.judging.desk import list_params, list_penalties
from web.judging.gates import list_gates
from web.judging.timeline import describe_record
from web.judging.words import phase_text
from web.sentences import explain_code


def build_run(
    view: Mapping[str, Any], state: ContestState, devices: Mapping[str, DeviceView], language: str
) -> dict[str, Any]:
    """`view` is the lab's view of the run; `state` is what it was made from."""
    run = state.runs[view["run"]]
    rules = state.rules_of(run.run)
    gates = [gate for gate in state.fields.get(run.field, ()) if gate["lane"] == run.lane]
    timeline = [
        {"seq": record.seq, "at_us": record.at_us, "text": text}
        for record in run.timeline
        if (text := describe_record(record.kind, record.payload, rules, language)) is not None
    ]
    return {
        **view,
        "phase_text": phase_text(run.phase, language),
        "signalled": run.signalled,
        "signatures": [{"role": each.role, "name": each.name} for each in run.signatures],
        "penalties": list_penalties(rules, run.penalties, language),
        "params": list_params(rules, run.params, language),
        "timeline": timeline,
        "heat_runs": list_heat(run, state),
        "faults": [
            {
                "code": fault["code"],
                "params": fault["params"],
                "text": explain_code(fault["code"], fault["params"], language),
            }
            for fault in run.faults
        ],
        "gates": list_gates(gates, devices, rules, language),
    }


def list_heat(run: RunState, state: ContestState) -> list[dict[str, Any]]:
    """The runs that start together on the lanes of one field, this one among them."""
    if run.heat is None:
        return []
    mates = [each for each in state.runs.values() if each.heat == run.heat and each.field == run.field]
    return [
        {
            "run": each.run,
            "entry": each.entry,
            "lane": each.lane,
            "team": state.entries[each.entry].team,
            "phase": each.phase,
        }
        for each in sorted(mates, key=lambda each: each.lane)
    ]
