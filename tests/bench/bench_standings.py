"""Standings of a whole championship from its whole log, in memory."""

import gc
import statistics
import time
from typing import Any

from competitions.contest import fold
from competitions.disciplines import iter_disciplines
from competitions.ranking import standings
from tests.bench.contest_logs import build_log
from tests.bench.figures import Figure

TEAMS = 315
LIMIT_MS = 50.0
REPEATS = 15
MANY, MORE = 3 * TEAMS, 10 * TEAMS
"""Both beyond a processor's cache, into which 315 teams fit."""
GROWTH_LIMIT = 1.2 * MORE / MANY


def _milliseconds(log: list[dict[str, Any]]) -> float:
    gc.collect()
    begun = time.perf_counter()
    state = fold(log)
    table = standings(state)
    took = (time.perf_counter() - begun) * 1000
    del state, table  # only now: freeing them is not computing them
    return took


def measure() -> list[Figure]:
    """Median time of fold and ranking for 315 teams, and how it grows, measured in turns."""
    discipline = next(each for each in iter_disciplines() if each.id == "line_following_b")
    log = build_log(discipline, TEAMS)
    one = statistics.median(_milliseconds(log) for _ in range(REPEATS))
    many, more = build_log(discipline, MANY), build_log(discipline, MORE)
    growth = statistics.median(_milliseconds(more) / _milliseconds(many) for _ in range(REPEATS))
    return [
        Figure(
            f"standings of {TEAMS} teams from {len(log)} records",
            f"{one:.1f} ms",
            f"{LIMIT_MS:.0f} ms",
            one < LIMIT_MS,
        ),
        Figure(
            f"from {MANY} to {MORE} teams",
            f"{growth:.1f} times as long",
            f"{GROWTH_LIMIT:.1f} times; {MORE / MANY:.1f} is linear",
            growth < GROWTH_LIMIT,
        ),
    ]
