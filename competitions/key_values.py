"""The values that attempts are ranked by, each with how far it can be off."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from competitions.disciplines.discipline import RankingKey
from competitions.results import Result, variables

Number = int | float


class KeyValue(NamedTuple):
    """`value` None is missing, and ranks behind every value."""

    value: Number | None
    bound: Number = 0


PLAIN = {
    "time_us": lambda result: KeyValue(result.value_us, result.bound_us),
    "measured_us": lambda result: KeyValue(result.counted_us, result.bound_us),
    "best_lap_us": lambda result: KeyValue(result.best_lap_us, result.best_lap_bound_us),
    "score": lambda result: KeyValue(result.score, result.score_bound),
    "laps": lambda result: KeyValue(result.laps),
    "points": lambda result: KeyValue(result.points),
    "finished": lambda result: KeyValue(int(result.finished)),
}


def key_value(key: RankingKey, result: Result) -> KeyValue:
    """The key of an attempt. Raises ExpressionError when it cannot be computed from these values."""
    plain = PLAIN.get(key.expression.name or "")
    if plain is not None:
        return plain(result)
    bounded = key.expression.bounded(variables(result))
    return KeyValue(None) if bounded is None else KeyValue(*bounded)


def quantised(key: RankingKey, value: Number) -> int:
    """The nearest multiple of the key's quantum, halves upwards, as a count of quanta."""
    if isinstance(value, int) and isinstance(key.quantum, int):
        return (2 * value + key.quantum) // (2 * key.quantum)
    return math.floor(value / key.quantum + 0.5)


def sort_key(key: RankingKey, given: KeyValue) -> tuple[bool, int]:
    """Smaller is better; equal means that this key does not tell two apart."""
    if given.value is None:
        return (True, 0)
    count = quantised(key, given.value)
    return (False, count if key.direction == "asc" else -count)


def best_first(keys: Sequence[RankingKey], values: Sequence[KeyValue]) -> tuple[object, ...]:
    """Orders attempts by all keys, then by the exact values beneath their quanta."""
    exact = tuple(
        (given.value is None, (given.value or 0) if key.direction == "asc" else -(given.value or 0))
        for key, given in zip(keys, values, strict=True)
    )
    return (tuple(sort_key(key, given) for key, given in zip(keys, values, strict=True)), exact)
