"""Who stands where, and why."""

from dataclasses import dataclass
from typing import Literal

from competitions.aggregation import TeamResult, aggregate
from competitions.collecting import uncollected
from competitions.contest import ContestState
from competitions.disciplines.discipline import Discipline, RankingKey
from competitions.errors import RuleError
from competitions.key_values import KeyValue, sort_key
from competitions.placing import DuplicateTeamError, Standing, TiedGroup, rank, tied_groups
from competitions.results import Result
from competitions.run_states import RunState
from competitions.statuses import Status

__all__ = [
    "Comparison",
    "CountedRun",
    "DuplicateTeamError",
    "Explanation",
    "Standing",
    "TiedGroup",
    "explain",
    "rank",
    "standings",
    "team_results",
    "tied_groups",
]

Decided = Literal["key", "status", "equal", "overlap", "linked", "settled"]
Reason = Literal[
    "counted", "worse", "not_last", "not_counted", "voided", "rerun", "open", "replaced", "beyond_attempts"
]


def team_results(state: ContestState, discipline: Discipline) -> tuple[TeamResult, ...]:
    """Every entry's attempts, made one result each; a withdrawn entry stays if it has a result."""
    width = discipline.attempts
    attempts: dict[str, list[Result | None]] = {}
    accepted: dict[tuple[str, int], int] = {}
    for run in state.runs.values():
        if run.result is None or run.attempt > width:
            continue
        slot = (run.entry, run.attempt)
        seq = run.accepted_seq or 0
        if accepted.get(slot, -1) > seq:
            continue
        accepted[slot] = seq
        attempts.setdefault(run.entry, [None] * width)[run.attempt - 1] = run.result
    return tuple(
        aggregate(discipline, each.entry, tuple(attempts.get(each.entry) or (None,) * width))
        for each in state.entries.values()
        if not each.withdrawn or each.entry in attempts
    )


def standings(state: ContestState) -> tuple[Standing, ...]:
    """The table as of the log: accepted results only, under the discipline in force."""
    discipline = state.discipline
    if discipline is None:
        return ()
    with uncollected():
        return rank(team_results(state, discipline), discipline.ranking, discipline.tie, state.settlements)


@dataclass(frozen=True, slots=True)
class CountedRun:
    """A run of the team: does it count, and if not, why.

    `reason`: counted, worse, not_last (only the last attempt counts), not_counted (its status), voided,
    rerun, open, replaced or beyond_attempts.
    """

    run: str
    attempt: int
    result: Result | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Comparison:
    """What decided against a neighbour in the table.

    `decided`: key (`keys[key]`, then `own` and `other` differ), status, equal, overlap, linked or settled.
    Linked: the two lie apart, but others on the place overlap with both.
    `round`: with next-best ranking, which best attempt the key is of, from 1.
    """

    entry: str
    place: int | None
    decided: Decided
    key: int | None = None
    round: int = 1
    own: KeyValue | None = None
    other: KeyValue | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a team stands where it stands, as data; sentences are made elsewhere."""

    standing: Standing
    runs: tuple[CountedRun, ...]
    discipline: Discipline
    keys: tuple[RankingKey, ...]
    above: Comparison | None
    below: Comparison | None


def explain(state: ContestState, entry: str) -> Explanation:
    """Which runs count for a team, by which rule, and which key decided against its neighbours.

    Raises RuleError: no_discipline, unknown_entry (also of a withdrawn entry without a result).
    """
    discipline = state.discipline
    if discipline is None:
        raise RuleError("no_discipline")
    table = standings(state)
    row = next((number for number, each in enumerate(table) if each.entry == entry), None)
    if row is None:
        raise RuleError("unknown_entry", entry=entry)
    standing = table[row]
    return Explanation(
        standing,
        tuple(_counted_runs(state, discipline, standing)),
        discipline,
        discipline.ranking,
        _compare(discipline, standing, table[row - 1]) if row else None,
        _compare(discipline, standing, table[row + 1]) if row + 1 < len(table) else None,
    )


def _counted_runs(state: ContestState, discipline: Discipline, standing: Standing) -> list[CountedRun]:
    runs = [each for each in state.runs.values() if each.entry == standing.entry]
    latest: dict[int, int] = {}
    for run in runs:
        if run.result is not None:
            latest[run.attempt] = max(latest.get(run.attempt, 0), run.accepted_seq or 0)
    return [
        CountedRun(
            run.run, run.attempt, run.result or run.proposal, _reason(run, discipline, standing, latest)
        )
        for run in sorted(runs, key=lambda each: (each.attempt, each.run))
    ]


def _reason(run: RunState, discipline: Discipline, standing: Standing, latest: dict[int, int]) -> Reason:
    if run.result is None:
        return "voided" if run.phase == "voided" else "rerun" if run.phase == "rerun" else "open"
    if run.attempt > len(standing.attempts):
        return "beyond_attempts"
    if (run.accepted_seq or 0) < latest[run.attempt]:
        return "replaced"
    if run.attempt in standing.counted:
        return "counted"
    if discipline.aggregate.method == "last" and run.attempt < max(latest):
        return "not_last"
    return "worse" if run.result.status is Status.OK and standing.keys else "not_counted"


def _compare(discipline: Discipline, own: Standing, other: Standing) -> Comparison:
    if not own.keys or not other.keys:
        alike = own.status is other.status
        return Comparison(other.entry, other.place, "equal" if alike else "status")
    if own.settlement is not None and own.settlement is other.settlement:
        return _told(discipline, own, other, "settled", own.tie_key)
    if own.place == other.place:
        return _told(discipline, own, other, _tied(own, other), own.tie_key)
    width = len(discipline.ranking)
    apart = next(
        number
        for number, (mine, theirs) in enumerate(zip(own.keys, other.keys, strict=True))
        if sort_key(discipline.ranking[number % width], mine)
        != sort_key(discipline.ranking[number % width], theirs)
    )
    return _told(discipline, own, other, "key", apart)


def _tied(own: Standing, other: Standing) -> Decided:
    """What puts two on one place."""
    if own.tie != "overlap" or own.tie_key is None:
        return own.tie or "equal"
    mine, theirs = own.keys[own.tie_key], other.keys[own.tie_key]
    if mine.value is None or theirs.value is None:
        return "linked"
    return "overlap" if abs(mine.value - theirs.value) <= mine.bound + theirs.bound else "linked"


def _told(
    discipline: Discipline,
    own: Standing,
    other: Standing,
    decided: Decided,
    number: int | None,
) -> Comparison:
    if number is None:
        return Comparison(other.entry, other.place, decided)
    width = len(discipline.ranking)
    return Comparison(
        other.entry, other.place, decided, number % width, number // width + 1,
        own.keys[number], other.keys[number],
    )  # fmt: skip
