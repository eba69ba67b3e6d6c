"""Results in JSON as the rows that a sheet would have."""

import json
from typing import Any

from competitions.errors import RuleError

Rows = list[tuple[int, list[str]]]
NESTED = ("penalties", "params")


def parse_json_rows(text: str) -> tuple[list[str], Rows]:
    """Header and rows of a list of results, one object an attempt or one a team with its `attempts`.

    Numbers keep the text they were written in. The row is the number of the object, from 1.
    Raises RuleError: json_syntax, json_shape (`row` says which object).
    """
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise RuleError("json_syntax", reason=str(error)) from error
    if isinstance(found, dict):
        found = found.get("results")
    if not isinstance(found, list):
        raise RuleError("json_shape", row=1)
    flat = [(row, each) for row, item in enumerate(found, 1) for each in _attempts(row, item)]
    header = list(dict.fromkeys(name for _, each in flat for name in each))
    return header, [(row, [each.get(name, "") for name in header]) for row, each in flat]


def _attempts(row: int, item: Any) -> list[dict[str, str]]:
    if not isinstance(item, dict):
        raise RuleError("json_shape", row=row)
    item = dict(item)
    if "attempts" not in item:
        return [_flat(row, item)]
    attempts = item.pop("attempts")
    if not isinstance(attempts, list):
        raise RuleError("json_shape", row=row)
    team = _flat(row, item)
    flat = [team]
    for number, attempt in enumerate(attempts, 1):
        if attempt is not None:
            told = attempt if isinstance(attempt, dict) else {"time": attempt}
            flat.append(team | {"attempt": str(number)} | _flat(row, told))
    return flat


def _flat(row: int, item: dict[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in item.items():
        if name in NESTED and isinstance(value, dict):
            flat |= _flat(row, value)
        elif isinstance(value, bool):
            flat[name] = str(value).lower()
        elif isinstance(value, str):
            flat[name] = value
        elif value is not None:
            raise RuleError("json_shape", row=row, name=name)
    return flat
