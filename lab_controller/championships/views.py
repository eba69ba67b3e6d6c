"""What pages and streams show of a contest, field by field: what is not listed here is not shown."""

from collections import Counter
from typing import Any

from competitions.contest import ContestState
from competitions.ranking import Standing, explain
from competitions.results import Result
from competitions.run_states import RunState
from competitions.runs import allowed
from lab_controller.championships.explaining import explanation
from lab_controller.championships.projection import Folded
from lab_controller.championships.results import show_result
from lab_controller.championships.standing_cache import StandingCache
from lab_controller.errors import Forbidden, NotFound

OPEN = frozenset({"ready", "arming", "armed", "running", "proposed"})
MOST_NEXT = 5

_tables = StandingCache()
_rows: dict[str, tuple[tuple[Standing, ...], list[dict[str, Any]]]] = {}
"""Of each championship's last table: most changes are of a run on the field and move nobody."""


def board_view(folded: Folded, now_us: int) -> dict[str, Any]:
    """The public board. Under embargo no time, score or place is in it."""
    state = folded.state
    table = () if state.embargo else _tables.of(state)
    results = {each.entry: each.result for each in table}
    leader = table[0].result if table and table[0].place == 1 else None
    open_runs = sorted(
        (run for run in state.runs.values() if run.phase in OPEN), key=lambda run: (run.field, run.lane)
    )
    return {
        "slug": state.slug,
        "name": dict(state.name),
        "discipline": _discipline(state),
        "rev": folded.seq,
        "hash": folded.hash,
        "embargo": state.embargo,
        "ranking_unit": state.discipline.unit if state.discipline else "time",
        "now": [_now(state, run, results.get(run.entry), leader, now_us) for run in open_runs],
        "next": _next(state, {run.entry for run in open_runs}),
        "rows": _hidden_rows(state) if state.embargo else _rows_of(state, table),
    }


def _discipline(state: ContestState) -> dict[str, Any] | None:
    known = state.discipline
    return {"id": known.id, "name": dict(known.name)} if known else None


def _now(
    state: ContestState, run: RunState, best: Result | None, leader: Result | None, now_us: int
) -> dict[str, Any]:
    hidden = state.embargo
    value_us = run.proposal.value_us if run.proposal is not None else None
    behind = value_us is not None and leader is not None and leader.value_us is not None
    return {
        "run": run.run,
        "field": run.field,
        "lane": run.lane,
        **_who(state, run.entry),
        "attempt": run.attempt,
        "attempts": state.rules_of(run.run).attempts,
        "phase": run.phase,
        "elapsed_us": None if hidden else run.measured.elapsed_us,
        "age_us": None if hidden else _age_us(run, now_us),
        "laps": None if hidden else run.measured.laps,
        "proposal": None if hidden else show_result(run.proposal),
        "best_us": best.value_us if best is not None and not hidden else None,
        "gap_us": value_us - leader.value_us if behind and not hidden else None,  # type: ignore[union-attr,operator]
    }


def _who(state: ContestState, entry: str) -> dict[str, str]:
    known = state.entries[entry]
    return {"entry": entry, "team": known.team, "school": known.school}


def _age_us(run: RunState, now_us: int) -> int | None:
    if run.phase != "running" or run.started_at_us is None:
        return None
    return max(0, now_us - run.started_at_us)


def _next(state: ContestState, on_field: set[str]) -> list[dict[str, str]]:
    """Teams with attempts left, those with the fewest made first."""
    attempts = state.discipline.attempts if state.discipline else 0
    made = Counter(run.entry for run in state.runs.values() if run.phase not in ("voided", "rerun"))
    waiting = [
        (made[entry.entry], not entry.entry.isdigit(), entry.entry.zfill(8), entry.entry)
        for entry in state.entries.values()
        if not entry.withdrawn and entry.entry not in on_field and made[entry.entry] < attempts
    ]
    return [{"entry": entry, "team": state.entries[entry].team} for *_, entry in sorted(waiting)[:MOST_NEXT]]


def _rows_of(state: ContestState, table: tuple[Standing, ...]) -> list[dict[str, Any]]:
    known = _rows.get(state.slug)
    if known is None or known[0] is not table:
        known = _rows[state.slug] = table, [_row(state, each) for each in table]
    return known[1]


def _row(state: ContestState, standing: Standing) -> dict[str, Any]:
    return {
        "place": standing.place,
        "tied": standing.tied,
        "unresolved": standing.unresolved,
        **_who(state, standing.entry),
        "attempts": [show_result(each) for each in standing.attempts],
        "result": show_result(standing.result),
    }


def _hidden_rows(state: ContestState) -> list[dict[str, Any]]:
    shown = [each for each in state.entries.values() if not each.withdrawn]
    attempts = state.discipline.attempts if state.discipline else 0
    return [
        {
            "place": None,
            "tied": False,
            "unresolved": False,
            **_who(state, each.entry),
            "attempts": [None] * attempts,
            "result": None,
        }
        for each in sorted(shown, key=lambda each: each.team.casefold())
    ]


def run_view(state: ContestState, run: str, now_us: int) -> dict[str, Any]:
    """One run for its judge. Raises NotFound `unknown_run`."""
    known = state.runs.get(run)
    if known is None:
        raise NotFound("unknown_run", run=run)
    rules = state.rules_of(run)
    return {
        "run": run,
        **_who(state, known.entry),
        "field": known.field,
        "lane": known.lane,
        "heat": known.heat,
        "attempt": known.attempt,
        "attempts": rules.attempts,
        "phase": known.phase,
        "started": known.started,
        "age_us": _age_us(known, now_us),
        "elapsed_us": known.measured.elapsed_us,
        "laps": [{"lap": each.lap, "lap_us": each.lap_us, "bound_us": each.bound_us} for each in known.laps],
        "proposal": show_result(known.proposal),
        "result": show_result(known.result),
        "method": known.method,
        "reason": known.reason,
        "penalties": [
            {
                "code": rule.code,
                "name": dict(rule.name),
                "count": known.penalties.get(rule.code, 0),
                "effect": {
                    "time_us": rule.time_us,
                    "points": rule.points,
                    "laps": rule.laps,
                    "dsq_at": rule.dsq_at,
                },
            }
            for rule in rules.penalties
        ],
        "params": [
            {
                "id": param.id,
                "name": dict(param.name),
                "kind": param.kind,
                "unit": param.unit,
                "value": known.params.get(param.id),
            }
            for param in rules.params
        ],
        "timeline": [
            {
                "seq": record.seq,
                "at_us": record.at_us,
                "kind": record.kind,
                "params": {
                    name: value for name, value in record.payload.items() if name not in ("run", "evidence")
                },
            }
            for record in known.timeline
        ],
        "faults": [{"code": fault["code"], "params": fault["params"]} for fault in known.faults],
        "signatures": [{"role": each.role, "name": each.name} for each in known.signatures],
        "late": len(known.late),
        "gates": [
            {"device": gate["device"], "point": gate["point"], "lane": gate["lane"], "input": gate["input"]}
            for gate in state.fields.get(known.field, ())
            if gate["lane"] == known.lane
        ],
        "allowed": list(allowed(rules, known)) if not state.signatures else [],
        "rev": state.rev,
    }


def explain_view(state: ContestState, entry: str) -> dict[str, Any]:
    """Why a team stands where it stands. Raises NotFound `unknown_entry`; Forbidden `embargo`."""
    if state.embargo:
        raise Forbidden("embargo")
    if entry not in state.entries or not any(each.entry == entry for each in _tables.of(state)):
        raise NotFound("unknown_entry", entry=entry)
    return {**_who(state, entry), **explanation(state, explain(state, entry))}
