"""A table of standings as text or JSON."""

import json
from collections.abc import Iterable
from typing import Any

from competitions.disciplines import Discipline
from competitions.placing import Standing
from competitions.results import Result
from competitions.statuses import Status


def format_json(rules: Discipline, table: Iterable[Standing]) -> str:
    """The table for other programs: microseconds, scores and the values of all keys."""
    keys = [{"key": key.expression.text, "name": key.name, "unit": key.unit} for key in rules.ranking]
    return json.dumps(
        {
            "discipline": {
                "id": rules.id,
                "version": rules.version,
                "digest": rules.digest,
                "name": rules.name,
            },
            "keys": keys,
            "standings": [_row(each) for each in table],
        },
        ensure_ascii=False,
        indent=2,
    )


def _row(standing: Standing) -> dict[str, Any]:
    return {
        "place": standing.place,
        "team": standing.entry,
        "tied": standing.tied,
        "unresolved": standing.unresolved,
        "due": standing.due,
        "status": standing.status,
        "result": _result(standing.result),
        "counted": list(standing.counted),
        "keys": [{"value": each.value, "bound": each.bound} for each in standing.keys],
        "attempts": [_result(each) for each in standing.attempts],
    }


def _result(result: Result | None) -> dict[str, Any] | None:
    if result is None:
        return None
    return {
        "status": result.status.value,
        "value_us": result.value_us,
        "bound_us": result.bound_us,
        "score": result.score,
        "laps": result.laps,
        "best_lap_us": result.best_lap_us,
    }


def format_table(rules: Discipline, table: Iterable[Standing]) -> str:
    """The table for people, in aligned columns."""
    attempts = [str(number) for number in range(1, rules.attempts + 1)]
    rows = [["place", "team", "result", *attempts, ""]]
    for each in table:
        place = "–" if each.place is None else f"{each.place}{'=' if each.tied else ''}"
        shown = [_shown(rules, attempt) for attempt in each.attempts]
        rows.append([place, each.entry, _shown(rules, each.result), *shown, _note(each)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([f"{rules.name['en']}, version {rules.version}", *(line.rstrip() for line in lines)])


def _note(standing: Standing) -> str:
    if standing.due is not None:
        return f"not ordered: {standing.due}"
    return "not ordered: bounds overlap" if standing.unresolved else ""


def _shown(rules: Discipline, result: Result | None) -> str:
    if result is None:
        return ""
    if result.status is not Status.OK:
        return result.status.value
    if rules.unit == "points":
        return "" if result.score is None else f"{result.score:.12g}"
    if rules.ranking[0].expression.name == "best_lap_us" and result.best_lap_us is not None:
        return _format_time(result.best_lap_us, result.best_lap_bound_us)
    time = "" if result.value_us is None else _format_time(result.value_us, result.bound_us)
    return f"{result.laps} laps {time}".rstrip() if rules.laps is not None else time


def _format_time(time_us: int, bound_us: int) -> str:
    minutes, rest_us = divmod(time_us, 60_000_000)
    seconds = f"{rest_us // 1_000_000:02}" if minutes else f"{rest_us // 1_000_000}"
    fraction = f"{rest_us % 1_000_000:06}"
    text = f"{minutes}:{seconds}" if minutes else seconds
    text += f".{fraction[:3]}{fraction[3:].rstrip('0')}"
    return f"{text} ± {bound_us / 1000:g} ms" if bound_us else text
