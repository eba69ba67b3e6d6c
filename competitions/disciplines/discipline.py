"""A discipline: everything that the rules of one contest say, as data."""

from dataclasses import dataclass, field
from typing import Literal

from competitions.expressions import Expression
from competitions.results import Measurement, ParamValue
from competitions.statuses import Status

Names = dict[str, str]

POINTS = ("start", "finish", "split")
"""Where a field's gates stand: what a discipline times must happen at one of these."""


@dataclass(frozen=True, slots=True)
class FalseStart:
    """`then`: rearm (the gates are armed anew) or continue (the clock runs, the penalty counts)."""

    penalty: str | None
    then: Literal["rearm", "continue"]


@dataclass(frozen=True, slots=True)
class Start:
    """What starts the clock: the first passage, or the first passage after the signal."""

    kind: Literal["gate", "signal"] = "gate"
    point: str = "start"
    edge: str = "B"
    false_start: FalseStart | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    point: str = "finish"
    edge: str = "B"


@dataclass(frozen=True, slots=True)
class Laps:
    """`count` None: as many as the time limit allows.

    `opens`: lap 1 begins with the start, or with the first crossing of the lap's line.
    A crossing sooner than `minimum_us` after the last counted one is kept, not counted.
    """

    count: int | None
    minimum_us: int = 0
    point: str = "finish"
    edge: str = "B"
    opens: Literal["start", "first_crossing"] = "start"


@dataclass(frozen=True, slots=True)
class PenaltyRule:
    """One more of it costs this much; the `dsq_at`-th disqualifies."""

    code: str
    name: Names
    time_us: int = 0
    points: int | float = 0
    laps: int = 0
    dsq_at: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Param:
    """What a judge enters: kind number, decimal, time_us or toggle.

    `required`: always, unfinished (only when there is no finish) or never.
    """

    id: str
    name: Names
    kind: Literal["number", "decimal", "time_us", "toggle"]
    unit: str = ""
    least: int | float | None = None
    most: int | float | None = None
    required: Literal["always", "unfinished", "never"] = "always"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """How attempts become one result.

    `next_best`: equal best attempts are told apart by the next best ones.
    `fewer`: what a sum or mean of `n` does when fewer attempts count.
    """

    method: Literal["best", "sum_best_n", "mean_best_n", "last"] = "best"
    n: int = 1
    next_best: bool = False
    fewer: Literal["no_result", "count_those"] = "no_result"


@dataclass(frozen=True, slots=True)
class RankingKey:
    """Values that round to the same multiple of `quantum` are equal."""

    expression: Expression
    direction: Literal["asc", "desc"]
    quantum: int | float
    unit: str
    name: Names


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """A team's attempts (None: not run) and the place that the rule must give it."""

    entry: str
    attempts: tuple[Measurement | None, ...]
    place: int | None
    unresolved: bool = False


@dataclass(frozen=True, slots=True)
class ExampleTable:
    name: str
    rows: tuple[ExampleRow, ...]


@dataclass(frozen=True, slots=True)
class ExampleStep:
    """One thing that happens in a run: `what` is its verb, `point` the point, code or param."""

    what: str
    value: ParamValue | None = None
    point: str = ""
    at_us: int | None = None
    bound_us: int = 0
    edge: str = "B"


@dataclass(frozen=True, slots=True)
class ExampleRun:
    """Steps of a run and fields of the result, or the phase, that must come of them."""

    name: str
    steps: tuple[ExampleStep, ...]
    expect: dict[str, ParamValue]


@dataclass(frozen=True, slots=True)
class Discipline:
    """`text` is the TOML it was read from, `digest` names that text."""

    id: str
    version: int
    name: Names
    source: Names
    text: str
    digest: str
    lanes: int
    attempts: int
    time_limit_us: int | None
    over_limit: Status
    start: Start
    finish: Finish | None
    laps: Laps | None
    ranks_unfinished: bool
    disqualifies: Literal["attempt", "entry"]
    penalties: tuple[PenaltyRule, ...]
    params: tuple[Param, ...]
    score: Expression | None
    aggregate: Aggregate
    ranking: tuple[RankingKey, ...]
    tie: Literal["share", "rematch", "judge", "draw"]
    example_tables: tuple[ExampleTable, ...] = field(default=(), compare=False)
    example_runs: tuple[ExampleRun, ...] = field(default=(), compare=False)

    @property
    def examples(self) -> tuple[ExampleTable | ExampleRun, ...]:
        return (*self.example_tables, *self.example_runs)

    @property
    def unit(self) -> Literal["time", "laps", "points"]:
        """What the board's main column shows; where laps come first, laps and their time."""
        if self.score is not None:
            return "points"
        return "laps" if self.ranking[0].unit == "laps" else "time"

    def reads(self, *names: str) -> bool:
        """Does the score or a ranking key use one of these variables of an attempt?"""
        expressions = [each.expression for each in self.ranking]
        if self.score is not None:
            expressions.append(self.score)
        return any(each.variables & set(names) for each in expressions)

    @property
    def best_lap_from(self) -> int | None:
        """From how many laps on a time by hand needs its best lap; before, the time says it. None: never."""
        if self.laps is None or not self.reads("best_lap_us"):
            return None
        return 2 if self.laps.opens == "start" else 1

    def penalty(self, code: str) -> PenaltyRule | None:
        return next((each for each in self.penalties if each.code == code), None)

    def param(self, name: str) -> Param | None:
        return next((each for each in self.params if each.id == name), None)
