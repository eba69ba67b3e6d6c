"""A result as pages and streams show it."""

from typing import Any

from competitions.results import Result


def show_result(result: Result | None) -> dict[str, Any] | None:
    """`counted_us` is without penalties, `value_us` with them; None stays None."""
    if result is None:
        return None
    return {
        "status": result.status.value,
        "value_us": result.value_us,
        "bound_us": result.bound_us,
        "score": result.score,
        "counted_us": result.counted_us,
        "laps": result.laps,
        "best_lap_us": result.best_lap_us,
    }
