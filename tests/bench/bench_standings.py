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
GROWTH_LIMIT = 13
"""Ten times the teams; from 1,000 on it is linear, but 315 of them fit into a processor's cache."""


def _milliseconds(log: list[dict[str, Any]]) -> list[float]:
    took = []
    for _ in range(REPEATS):
        gc.collect()
        begun = time.perf_counter()
        state = fold(log)
        table = standings(state)
        took.append((time.perf_counter() - begun) * 1000)
        del state, table
    return took


def measure() -> list[Figure]:
    """Median time of fold and ranking for 315 teams; growth compares best times, to leave noise out."""
    discipline = next(each for each in iter_disciplines() if each.id == "line_following_b")
    log = build_log(discipline, TEAMS)
    took = _milliseconds(log)
    one = statistics.median(took)
    growth = min(_milliseconds(build_log(discipline, TEAMS * 10))) / min(took)
    return [
        Figure(
            f"standings of {TEAMS} teams from {len(log)} records",
            f"{one:.1f} ms",
            f"{LIMIT_MS:.0f} ms",
            one < LIMIT_MS,
        ),
        Figure(
            "the same with ten times the teams",
            f"{growth:.1f} times as long",
            f"{GROWTH_LIMIT} times",
            growth < GROWTH_LIMIT,
        ),
    ]
