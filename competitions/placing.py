"""Places in a table: from teams' results to standings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from competitions.aggregation import Attempts, TeamResult
from competitions.contest import Settlement
from competitions.disciplines.discipline import RankingKey
from competitions.errors import CompetitionError
from competitions.key_values import KeyValue
from competitions.results import Result
from competitions.statuses import Status
from competitions.ties import Group, draw_order, partition

TieRule = Literal["share", "rematch", "judge", "draw"]
Tie = Literal["equal", "overlap", "settled"]
Due = Literal["rematch", "judge", "draw"]
UNRANKED: tuple[Status | None, ...] = (Status.DNF, None, Status.DNS, Status.DSQ)


class DuplicateTeamError(CompetitionError):
    """A team that occurs twice in what is to be ranked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`place` None: nothing to place (not run yet, DNS, DSQ).

    `tied`: shares its place. `tie`: equal in every key, an overlap of bounds at `tie_key`, or settled
    by `settlement`.
    `unresolved`: the machine could not order it, or the discipline's `due` is still to come.
    `counted`: numbers of the attempts that `result` is made of.
    """

    place: int | None
    tied: bool
    entry: str
    result: Result | None
    attempts: Attempts
    keys: tuple[KeyValue, ...]
    unresolved: bool = False
    status: Status | None = None
    counted: tuple[int, ...] = ()
    tie: Tie | None = None
    tie_key: int | None = None
    due: Due | None = None
    settlement: Settlement | None = None


def rank(
    results: Iterable[TeamResult],
    keys: Sequence[RankingKey],
    tie: TieRule = "share",
    settlements: Sequence[Settlement] = (),
) -> tuple[Standing, ...]:
    """Order teams by `keys`, best first.

    Equal keys share a place and the next is skipped: 1, 1, 3. So do results whose bounds overlap.
    Teams with DNF share the place behind the ranked ones; DNS and DSQ have none.
    Raises DuplicateTeamError if a team occurs twice.
    """
    teams = list(results)
    if len({each.entry for each in teams}) < len(teams):
        entries = [each.entry for each in teams]
        raise DuplicateTeamError("duplicate_team", entry=next(e for e in entries if entries.count(e) > 1))
    ranked = [each for each in teams if each.keys]
    longest = max((len(each.keys) for each in ranked), default=0)
    repeated = list(keys) * (longest // len(keys) if keys else 0)
    placed: list[Standing] = []
    for group in partition(ranked, repeated) if ranked else ():
        placed += _placed(group, len(placed) + 1, tie, settlements)
    behind = len(placed) + 1
    for status in UNRANKED:
        alike = sorted((each for each in teams if not each.keys and each.status is status), key=_entry)
        for team in alike:
            place = behind if status is Status.DNF else None
            standing = _standing(team, place)
            shared = place is not None and len(alike) > 1
            placed.append(replace(standing, tied=True, tie="equal") if shared else standing)
    return tuple(placed)


@dataclass(frozen=True, slots=True)
class TiedGroup:
    """Teams that share a place which somebody has to decide about, or has: best first, then `settlement`."""

    place: int
    teams: tuple[Standing, ...]
    due: Due | None
    settlement: Settlement | None


def tied_groups(table: Sequence[Standing]) -> tuple[TiedGroup, ...]:
    """The ties of a table that wait for a decision or were settled by one, best first."""
    groups: dict[Settlement | int, list[Standing]] = {}
    for each in table:
        if each.place is not None and (each.unresolved or each.settlement is not None):
            groups.setdefault(each.settlement or each.place, []).append(each)
    return tuple(
        TiedGroup(teams[0].place or 0, tuple(teams), teams[0].due, teams[0].settlement)
        for teams in groups.values()
    )


def _entry(team: TeamResult) -> str:
    return team.entry


def _placed(group: Group, place: int, tie: TieRule, settlements: Sequence[Settlement]) -> list[Standing]:
    if group.tie is None:
        return [_standing(group.teams[0], place)]
    by_entry = {each.entry: each for each in group.teams}
    for settlement in reversed(settlements):
        if set(settlement.entries) == by_entry.keys() and len(settlement.entries) == len(by_entry):
            return [
                replace(
                    _standing(by_entry[entry], place + number),
                    tie="settled",
                    tie_key=group.key,
                    settlement=settlement,
                )
                for number, entry in enumerate(_settled_order(settlement))
            ]
    due = None if tie == "share" else tie
    unresolved = group.tie == "overlap" or due is not None
    return [
        replace(
            _standing(each, place),
            tied=True,
            unresolved=unresolved,
            tie=group.tie,
            tie_key=group.key,
            due=due,
        )
        for each in group.teams
    ]


def _settled_order(settlement: Settlement) -> tuple[str, ...]:
    if settlement.method == "draw" and settlement.seed is not None:
        return draw_order(settlement.seed, settlement.entries)
    return settlement.entries


def _standing(team: TeamResult, place: int | None) -> Standing:
    return Standing(
        place, False, team.entry, team.result, team.attempts, team.keys, False, team.status, team.counted
    )
