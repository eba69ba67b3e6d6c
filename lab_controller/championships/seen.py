"""What was on the screen of who accepts, against the lab's proposal."""

from collections.abc import Mapping
from typing import Any

from competitions.results import Result
from lab_controller.errors import Conflict


def check_seen(proposal: Result, seen: Mapping[str, Any]) -> None:
    """A judge accepts what was on the screen, nothing else; what is absent was not known there.

    A penalty that is absent was given no time, a param that is absent or None is unset.
    Raises Conflict `proposal_changed`, also for a name that no proposal has.
    """
    known = _told(
        {
            "status": proposal.status.value,
            "value_us": proposal.value_us,
            "counted_us": proposal.counted_us,
            "score": proposal.score,
            "points": proposal.points,
            "laps": proposal.laps,
            "best_lap_us": proposal.best_lap_us,
            "penalties": proposal.penalties,
            "params": proposal.params,
        }
    )
    if any(name not in known or known[name] != value for name, value in _told(seen).items()):
        raise Conflict("proposal_changed", value_us=proposal.value_us, status=proposal.status.value)


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    told = dict(values)
    if "penalties" in told:
        told["penalties"] = {code: count for code, count in told["penalties"].items() if count}
    if "params" in told:
        told["params"] = {name: value for name, value in told["params"].items() if value is not None}
    return told
