"""From what was measured to what it counts for."""

from collections.abc import Mapping
from dataclasses import replace

from competitions.disciplines.discipline import Discipline
from competitions.key_values import key_value
from competitions.results import Measurement, ParamValue, Result, variables
from competitions.statuses import Status


def is_over_limit(discipline: Discipline, elapsed_us: int, bound_us: int) -> bool:
    """Is the time certainly past the limit: an error as large as the bound would not save it."""
    return discipline.time_limit_us is not None and elapsed_us - bound_us > discipline.time_limit_us


def score(discipline: Discipline, measured: Measurement) -> Result:
    """What an attempt counts for: disqualification first, then status, then values.

    Raises ExpressionError when its score or a ranking key cannot be computed from these values.
    """
    added_us = taken_laps = 0
    points: int | float = 0
    disqualified = measured.declared is Status.DSQ
    for rule in discipline.penalties:
        count = measured.penalties.get(rule.code, 0)
        added_us += count * rule.time_us
        taken_laps += count * rule.laps
        points += count * rule.points
        disqualified |= rule.dsq_at is not None and count >= rule.dsq_at
    status = _status(discipline, measured)
    if disqualified:
        status = Status.DSQ
    elapsed = measured.elapsed_us
    finished = status is Status.OK
    counts = finished or (discipline.ranks_unfinished and status is Status.DNF)
    laps = measured.laps
    result = Result(
        status=status,
        value_us=elapsed + added_us if counts and elapsed is not None else None,
        bound_us=measured.bound_us,
        counted_us=elapsed,
        laps=max(0, laps - taken_laps) if laps is not None and counts else laps,
        counted_laps=laps,
        best_lap_us=measured.best_lap_us,
        best_lap_bound_us=measured.best_lap_bound_us,
        points=points,
        finished=finished,
        penalties={each.code: measured.penalties.get(each.code, 0) for each in discipline.penalties},
        params=_typed(discipline, measured.params),
    )
    if discipline.score is not None and counts:
        value, bound = discipline.score.bounded(variables(result)) or (None, 0)
        result = replace(result, score=value, score_bound=bound)
    for key in discipline.ranking if counts else ():
        key_value(key, result)
    return result


def _typed(discipline: Discipline, params: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    """CEL does not mix whole and decimal numbers: a decimal param is decimal also when it is 3."""
    decimals = {each.id for each in discipline.params if each.kind == "decimal"}
    return {name: float(value) if name in decimals else value for name, value in params.items()}


def _status(discipline: Discipline, measured: Measurement) -> Status:
    if measured.declared is not None and measured.declared is not Status.OK:
        return measured.declared
    elapsed, laps = measured.elapsed_us, discipline.laps
    complete = elapsed is not None if laps is None else (measured.laps or 0) >= (laps.count or 1)
    over = measured.over_limit
    if complete:
        over = elapsed is not None and is_over_limit(discipline, elapsed, measured.bound_us)
    if over and not (discipline.over_limit is Status.OK and laps is not None and not measured.laps):
        return discipline.over_limit
    if complete or (laps is None and not discipline.reads("time_us", "measured_us")):
        return Status.OK
    return Status.DNF
