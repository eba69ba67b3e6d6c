"""The explanation of a place as JSON: runs, rule, keys, neighbours."""

from typing import Any

from competitions.contest import ContestState, Settlement
from competitions.disciplines.discipline import RankingKey
from competitions.key_values import KeyValue
from competitions.ranking import Comparison, Explanation
from lab_controller.championships.results import show_result


def explanation(state: ContestState, known: Explanation) -> dict[str, Any]:
    standing = known.standing
    values = standing.keys or (KeyValue(None),) * len(known.keys)
    return {
        "place": standing.place,
        "tied": standing.tied,
        "unresolved": standing.unresolved,
        "tie": standing.tie,
        "due": standing.due,
        "settlement": _settlement(standing.settlement),
        "result": show_result(standing.result),
        "counted": list(standing.counted),
        "runs": [
            {
                "run": each.run,
                "attempt": each.attempt,
                "reason": each.reason,
                "result": show_result(each.result),
            }
            for each in known.runs
        ],
        "rule": {
            "method": known.discipline.aggregate.method,
            "n": known.discipline.aggregate.n,
            "tie": known.discipline.tie,
            "source": known.discipline.source,
        },
        "keys": [{**_key(key), **_value(value)} for key, value in zip(known.keys, values, strict=False)],
        "above": _neighbour(state, known, known.above),
        "below": _neighbour(state, known, known.below),
    }


def _settlement(known: Settlement | None) -> dict[str, Any] | None:
    return {"method": known.method, "seed": known.seed} if known is not None else None


def _neighbour(
    state: ContestState, known: Explanation, comparison: Comparison | None
) -> dict[str, Any] | None:
    if comparison is None:
        return None
    entry = state.entries[comparison.entry]
    return {
        "entry": entry.entry,
        "team": entry.team,
        "place": comparison.place,
        "decided": comparison.decided,
        "round": comparison.round,
        "key": _key(known.keys[comparison.key % len(known.keys)]) if comparison.key is not None else None,
        "own": _value(comparison.own),
        "other": _value(comparison.other),
    }


def _key(key: RankingKey) -> dict[str, Any]:
    return {
        "name": dict(key.name),
        "unit": key.unit,
        "direction": key.direction,
        "quantum": key.quantum,
        "expression": key.expression.text,
    }


def _value(value: KeyValue | None) -> dict[str, Any]:
    return {"value": value.value if value else None, "bound": value.bound if value else 0}
