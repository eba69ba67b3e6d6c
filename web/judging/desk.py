"""The judge's desk: fields, lanes, teams and how far each has come."""

from collections.abc import Mapping
from typing import Any

from competitions.contest import ContestState, next_attempt
from competitions.disciplines.discipline import Discipline
from competitions.run_states import RunState
from lab_controller.championships.results import show_result
from lab_controller.equipment.queries import DeviceView
from web.field_views import sort_names
from web.judging.gates import list_gates
from web.judging.words import effect_text, result_text
from web.languages import pick_name

OPEN = frozenset({"ready", "arming", "armed", "running", "proposed"})


def build_desk(state: ContestState, devices: Mapping[str, DeviceView], language: str) -> dict[str, Any]:
    """All that a tablet needs to judge while the network is away; names of teams and schools only."""
    discipline = state.discipline
    open_runs = [run for run in state.runs.values() if run.phase in OPEN]
    return {
        "slug": state.slug,
        "rev": state.rev,
        "name": pick_name(dict(state.name), language),
        "discipline": pick_name(discipline.name, language) if discipline else "",
        "lanes": discipline.lanes if discipline else 1,
        "attempts": discipline.attempts if discipline else 0,
        "time_limit_us": discipline.time_limit_us if discipline else None,
        "asks_laps": bool(discipline and discipline.laps is not None and discipline.laps.count is None),
        "asks_best_lap_from": best_lap_from(discipline),
        "penalties": list_penalties(discipline, {}, language),
        "params": list_params(discipline, {}, language),
        "fields": [
            {
                "field": field,
                "gates": list_gates(state.fields[field], devices, discipline, language),
                "runs": [describe_open_run(run, state) for run in open_runs if run.field == field],
            }
            for field in sort_names(state.fields)
        ],
        "entries": [
            describe_entry(state, entry.entry, open_runs, language)
            for entry in state.entries.values()
            if not entry.withdrawn
        ],
    }


def best_lap_from(discipline: Discipline | None) -> int | None:
    """From how many laps on the tablet asks for the best lap with a time by hand; None: never.

    0 where the rules fix the number of laps, so that the tablet has none to ask for.
    """
    needed = discipline.best_lap_from if discipline else None
    if discipline is None or discipline.laps is None or discipline.laps.count is None:
        return needed
    return 0 if needed is not None and discipline.laps.count >= needed else None


def describe_open_run(run: RunState, state: ContestState) -> dict[str, Any]:
    """A run that is under way, for the list of a field."""
    return {
        "run": run.run,
        "entry": run.entry,
        "attempt": run.attempt,
        "team": state.entries[run.entry].team,
        "field": run.field,
        "lane": run.lane,
        "heat": run.heat,
        "phase": run.phase,
    }


def describe_entry(
    state: ContestState, entry: str, open_runs: list[RunState], language: str
) -> dict[str, Any]:
    """A team, its accepted attempts as text, the attempt that comes next, its run under way."""
    known = state.entries[entry]
    accepted = {
        run.attempt: run for run in state.runs.values() if run.entry == entry and run.phase == "accepted"
    }
    attempts = state.discipline.attempts if state.discipline else 0
    return {
        "entry": entry,
        "team": known.team,
        "school": known.school,
        "attempts": [
            describe_attempt(accepted[number], language) if number in accepted else None
            for number in range(1, attempts + 1)
        ],
        "next": next_attempt(state, entry),
        "run": next((run.run for run in open_runs if run.entry == entry), None),
    }


def describe_attempt(run: RunState, language: str) -> dict[str, Any]:
    """An accepted attempt as text, and its run: it may still be signed, voided or run again."""
    result = show_result(run.result)
    assert result is not None
    return {"run": run.run, "status": result["status"], "text": result_text(result, language)}


def list_penalties(
    discipline: Discipline | None, counts: Mapping[str, int], language: str
) -> list[dict[str, Any]]:
    """The discipline's penalties, how many of each were given and what one more costs."""
    return [
        {
            "code": rule.code,
            "label": pick_name(rule.name, language),
            "effect_text": effect_text(rule.time_us, rule.points, rule.laps, rule.dsq_at, language),
            "count": counts.get(rule.code, 0),
            "time_us": rule.time_us,
            "points": rule.points,
            "laps": rule.laps,
            "dsq_at": rule.dsq_at,
            "most": rule.most,
        }
        for rule in (discipline.penalties if discipline else ())
    ]


def list_params(
    discipline: Discipline | None, values: Mapping[str, Any], language: str
) -> list[dict[str, Any]]:
    """What the judge enters on the sheet; a value of None is unset, which is not zero."""
    return [
        {
            "id": param.id,
            "label": pick_name(param.name, language),
            "kind": param.kind,
            "unit": param.unit,
            "least": param.least,
            "most": param.most,
            "value": values.get(param.id),
        }
        for param in (discipline.params if discipline else ())
    ]
