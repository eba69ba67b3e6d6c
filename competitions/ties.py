"""Partition of ranked teams into groups that the keys do not tell apart."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from competitions.aggregation import TeamResult
from competitions.disciplines.discipline import RankingKey
from competitions.key_values import best_first, sort_key


@dataclass(frozen=True, slots=True)
class Group:
    """Teams on one place: `equal` in every key, or with an `overlap` of bounds at `key`."""

    teams: tuple[TeamResult, ...]
    tie: Literal["equal", "overlap"] | None
    key: int | None = None


def partition(teams: Sequence[TeamResult], keys: Sequence[RankingKey], depth: int = 0) -> list[Group]:
    """Groups, best first.

    A key orders two groups only if every interval of the one lies clear of every interval of the other:
    where intervals overlap, the machine does not order, and no later key is asked.
    """
    if len(teams) == 1:
        return [Group(tuple(teams), None)]
    if depth == len(keys):
        return [Group(tuple(sorted(teams, key=lambda each: each.entry)), "equal")]
    key = keys[depth]
    places = {each.entry: sort_key(key, each.keys[depth]) for each in teams}
    ordered = sorted(teams, key=lambda each: places[each.entry])
    nearest = [_near(key, each, depth) for each in ordered]
    for number in range(len(nearest) - 1, 0, -1):
        nearest[number - 1] = min(nearest[number - 1], nearest[number])
    groups: list[Group] = []
    cluster: list[TeamResult] = []
    reach = float("-inf")
    for team, rest in zip(ordered, nearest, strict=True):
        if cluster and places[team.entry] != places[cluster[-1].entry] and rest > reach:
            groups += _settled(cluster, places, keys, depth)
            cluster, reach = [], float("-inf")
        cluster.append(team)
        reach = max(reach, _reach(key, team, depth))
    return groups + _settled(cluster, places, keys, depth)


def _settled(
    cluster: list[TeamResult], places: dict[str, tuple[bool, int]], keys: Sequence[RankingKey], depth: int
) -> list[Group]:
    if len({places[each.entry] for each in cluster}) == 1:
        return partition(cluster, keys, depth + 1)
    nearest = sorted(cluster, key=lambda each: (best_first(keys, each.keys), each.entry))
    return [Group(tuple(nearest), "overlap", depth)]


def _signed(key: RankingKey, team: TeamResult, depth: int) -> float:
    value = team.keys[depth].value
    if value is None:
        return float("inf")
    return value if key.direction == "asc" else -value


def _reach(key: RankingKey, team: TeamResult, depth: int) -> float:
    """The worst that the value can truly be."""
    return _signed(key, team, depth) + team.keys[depth].bound


def _near(key: RankingKey, team: TeamResult, depth: int) -> float:
    """The best that the value can truly be."""
    return _signed(key, team, depth) - team.keys[depth].bound


def draw_order(seed: int, entries: Iterable[str]) -> tuple[str, ...]:
    """The order of a draw: anyone who knows the seed can repeat it."""
    return tuple(
        sorted(entries, key=lambda entry: (hashlib.sha256(f"{seed}:{entry}".encode()).digest(), entry))
    )
