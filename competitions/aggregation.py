"""From a team's attempts to its one result."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from competitions.disciplines.discipline import Discipline
from competitions.errors import ExpressionError
from competitions.key_values import KeyValue, Number, best_first, key_value
from competitions.results import Result
from competitions.statuses import Status

Attempts = tuple[Result | None, ...]


@dataclass(frozen=True, slots=True)
class TeamResult:
    """`status` None: nothing accepted yet, or not enough and more may come.

    `keys` is empty unless the team is ranked by them.
    `counted` holds the numbers (from 1) of the attempts that the result is made of.
    """

    entry: str
    status: Status | None
    keys: tuple[KeyValue, ...]
    result: Result | None
    attempts: Attempts
    counted: tuple[int, ...] = ()


def aggregate(discipline: Discipline, entry: str, attempts: Attempts) -> TeamResult:
    """A team's result by the discipline's rule; disqualification comes before any comparison."""
    statuses = [each.status for each in attempts if each is not None]
    if not statuses:
        return TeamResult(entry, None, (), None, attempts)
    if discipline.disqualifies == "entry" and Status.DSQ in statuses:
        return _unranked(entry, Status.DSQ, attempts)
    rule = discipline.aggregate
    if rule.method == "last":
        last = max(number for number, each in enumerate(attempts) if each is not None)
        attempt = attempts[last]
        if attempt is None or not _counts(discipline, attempt):
            return _unranked(entry, statuses[-1], attempts)
        keys = _keys(discipline, attempt)
        return TeamResult(entry, attempt.status, keys, attempt, attempts, (last + 1,))
    candidates = [
        (number, each, _keys(discipline, each))
        for number, each in enumerate(attempts, 1)
        if each is not None and _counts(discipline, each)
    ]
    if len(candidates) > 1:
        candidates.sort(key=lambda each: (best_first(discipline.ranking, each[2]), each[0]))
    if not candidates:
        return _unranked(entry, _overall(statuses), attempts)
    if rule.method == "best":
        number, best, keys = candidates[0]
        if rule.next_best:
            missing = (KeyValue(None),) * len(discipline.ranking)
            rest = [each[2] for each in candidates[1:]]
            rest += [missing] * (discipline.attempts - len(candidates))
            keys = tuple(value for each in (keys, *rest) for value in each)
        return TeamResult(entry, best.status, keys, best, attempts, (number,))
    if len(candidates) < rule.n and rule.fewer == "no_result":
        if len(candidates) + attempts.count(None) >= rule.n:
            return TeamResult(entry, None, (), None, attempts)
        return _unranked(entry, _overall(statuses), attempts)
    chosen = candidates[: rule.n]
    divisor = len(chosen) if rule.method == "mean_best_n" else 1
    columns = zip(*(each[2] for each in chosen), strict=True)
    keys = tuple(_combined(column, divisor) for column in columns)
    result = _combined_result([each[1] for each in chosen], divisor)
    return TeamResult(entry, result.status, keys, result, attempts, tuple(sorted(each[0] for each in chosen)))


def _keys(discipline: Discipline, result: Result) -> tuple[KeyValue, ...]:
    """A key that cannot be computed, which only a change of the rules can bring about, is missing."""
    keys = []
    for key in discipline.ranking:
        try:
            keys.append(key_value(key, result))
        except ExpressionError:
            keys.append(KeyValue(None))
    return tuple(keys)


def _counts(discipline: Discipline, result: Result) -> bool:
    return result.status is Status.OK or (discipline.ranks_unfinished and result.status is Status.DNF)


def _unranked(entry: str, status: Status, attempts: Attempts) -> TeamResult:
    return TeamResult(entry, status, (), Result(status), attempts)


def _overall(statuses: Sequence[Status]) -> Status:
    """One status for attempts of which none counts: to have tried is more than not to have."""
    if Status.DNF in statuses or Status.OK in statuses:
        return Status.DNF
    return Status.DSQ if Status.DSQ in statuses else Status.DNS


def _total(values: Sequence[Number]) -> Number:
    return sum(values) if all(isinstance(each, int) for each in values) else math.fsum(values)


def _divided(total: Number, divisor: int) -> Number:
    return total // divisor if isinstance(total, int) and total % divisor == 0 else total / divisor


def _combined(values: Sequence[KeyValue], divisor: int) -> KeyValue:
    present = [each.value for each in values if each.value is not None]
    if len(present) < len(values):
        return KeyValue(None)
    return KeyValue(
        _divided(_total(present), divisor), _divided(_total([each.bound for each in values]), divisor)
    )


def _combined_result(results: Sequence[Result], divisor: int) -> Result:
    time = _combined([KeyValue(each.value_us, each.bound_us) for each in results], divisor)
    score = _combined([KeyValue(each.score, each.score_bound) for each in results], divisor)
    value_us = None if time.value is None else math.floor(time.value + 0.5)
    inexact = value_us is not None and value_us != time.value
    laps = [each.laps for each in results if each.laps is not None]
    finished = all(each.finished for each in results)
    return Result(
        Status.OK if finished else Status.DNF,
        value_us,
        math.ceil(time.bound) + inexact,
        score.value,
        score.bound,
        laps=sum(laps) if laps and divisor == 1 else None,
        points=_divided(_total([each.points for each in results]), divisor),
        finished=finished,
    )
