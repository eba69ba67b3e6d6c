"""What an attempt measured, and what it counts for."""

from dataclasses import dataclass, field
from typing import Any

from competitions.statuses import Status

ParamValue = int | float | bool | str


@dataclass(frozen=True, slots=True)
class Measurement:
    """Raw facts of one attempt, before any rule; `elapsed_us` None is missing, 0 is a time."""

    elapsed_us: int | None = None
    bound_us: int = 0
    laps: int | None = None
    best_lap_us: int | None = None
    best_lap_bound_us: int = 0
    declared: Status | None = None
    over_limit: bool = False
    penalties: dict[str, int] = field(default_factory=dict)
    params: dict[str, ParamValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt counts for: `value_us` and `laps` have the penalties in them, `counted_*` have not."""

    status: Status
    value_us: int | None = None
    bound_us: int = 0
    score: int | float | None = None
    score_bound: int | float = 0
    counted_us: int | None = None
    laps: int | None = None
    counted_laps: int | None = None
    best_lap_us: int | None = None
    best_lap_bound_us: int = 0
    points: int | float = 0
    finished: bool = False
    penalties: dict[str, int] = field(default_factory=dict)
    params: dict[str, ParamValue] = field(default_factory=dict)


def variables(result: Result) -> dict[str, Any]:
    """What a score or ranking expression sees of an attempt."""
    return {
        "time_us": result.value_us,
        "measured_us": result.counted_us,
        "bound_us": result.bound_us,
        "laps": result.laps,
        "best_lap_us": result.best_lap_us,
        "best_lap_bound_us": result.best_lap_bound_us,
        "points": result.points,
        "finished": result.finished,
        "score": result.score,
        "score_bound": result.score_bound,
        "params": result.params,
        "penalties": result.penalties,
    }
