"""What has happened, one frozen dataclass for each kind of log record."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from competitions.results import ParamValue, Result
from competitions.shapes import plain
from competitions.statuses import Status


@dataclass(frozen=True, slots=True)
class RunOpened:
    """`rules` is the digest of the discipline that holds for the whole run."""

    KIND: ClassVar = "run_opened"
    run: str
    entry: str
    attempt: int
    field: str
    lane: int
    heat: str | None
    rules: str


@dataclass(frozen=True, slots=True)
class RunArming:
    KIND: ClassVar = "run_arming"
    run: str
    token: str


@dataclass(frozen=True, slots=True)
class RunArmed:
    KIND: ClassVar = "run_armed"
    run: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SignalGiven:
    KIND: ClassVar = "signal_given"
    run: str


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The clock runs from the passage in `evidence`; `at_us` is the host's clock, for show only."""

    KIND: ClassVar = "run_started"
    run: str
    at_us: int
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PassageSeen:
    """`role`: start, lap, opening, finish, split, waiting or ignored; `reason` tells why ignored."""

    KIND: ClassVar = "passage_seen"
    run: str
    point: str
    edge: str
    elapsed_us: int | None
    bound_us: int | None
    evidence: dict[str, Any]
    role: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LapCompleted:
    KIND: ClassVar = "lap_completed"
    run: str
    lap: int
    lap_us: int
    bound_us: int


@dataclass(frozen=True, slots=True)
class LatePassage:
    """Kept, not counted."""

    KIND: ClassVar = "late_passage"
    run: str
    point: str
    edge: str
    elapsed_us: int | None
    bound_us: int | None
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FalseStart:
    KIND: ClassVar = "false_start"
    run: str
    count: int
    then: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PenaltySet:
    KIND: ClassVar = "penalty_set"
    run: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class ParamSet:
    KIND: ClassVar = "param_set"
    run: str
    name: str
    value: ParamValue | None


@dataclass(frozen=True, slots=True)
class TimeLimitReached:
    KIND: ClassVar = "time_limit_reached"
    run: str


@dataclass(frozen=True, slots=True)
class ResultProposed:
    """`method`: gate, manual or judge (`declared` is the judge's own DNF, DNS or DSQ)."""

    KIND: ClassVar = "result_proposed"
    run: str
    result: Result
    method: str
    declared: Status | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResultAccepted:
    KIND: ClassVar = "result_accepted"
    run: str
    result: Result


@dataclass(frozen=True, slots=True)
class RunVoided:
    KIND: ClassVar = "run_voided"
    run: str
    reason: str


@dataclass(frozen=True, slots=True)
class RerunOrdered:
    KIND: ClassVar = "rerun_ordered"
    run: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunSigned:
    KIND: ClassVar = "run_signed"
    run: str
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class GateFault:
    KIND: ClassVar = "gate_fault"
    run: str
    code: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ContestCreated:
    KIND: ClassVar = "contest_created"
    slug: str
    name: dict[str, str]
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DisciplineSet:
    KIND: ClassVar = "discipline_set"
    text: str


@dataclass(frozen=True, slots=True)
class EntryAdded:
    """`team` and `school` are public names; `details` holds no child's data."""

    KIND: ClassVar = "entry_added"
    entry: str
    team: str
    school: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntryChanged:
    """None leaves a field as it was."""

    KIND: ClassVar = "entry_changed"
    entry: str
    team: str | None = None
    school: str | None = None
    details: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class EntryWithdrawn:
    KIND: ClassVar = "entry_withdrawn"
    entry: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FieldSet:
    """`gates`: `{"point", "lane", "device", "input"}` each; a field without any is timed by hand."""

    KIND: ClassVar = "field_set"
    field: str
    gates: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FieldClosed:
    """No more runs are opened on the field and its gates are free; a `FieldSet` opens it again."""

    KIND: ClassVar = "field_closed"
    field: str


@dataclass(frozen=True, slots=True)
class EmbargoSet:
    KIND: ClassVar = "embargo_set"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EmbargoLifted:
    KIND: ClassVar = "embargo_lifted"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TieSettled:
    """The order of tied entries, best first; with a `seed` the order is that of `draw_order`."""

    KIND: ClassVar = "tie_settled"
    entries: list[str]
    method: str
    seed: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FinalSigned:
    KIND: ClassVar = "final_signed"
    role: str
    name: str


RunEvent = (
    RunOpened
    | RunArming
    | RunArmed
    | SignalGiven
    | RunStarted
    | PassageSeen
    | LapCompleted
    | LatePassage
    | FalseStart
    | PenaltySet
    | ParamSet
    | TimeLimitReached
    | ResultProposed
    | ResultAccepted
    | RunVoided
    | RerunOrdered
    | RunSigned
    | GateFault
)
ContestEvent = (
    ContestCreated
    | DisciplineSet
    | EntryAdded
    | EntryChanged
    | EntryWithdrawn
    | FieldSet
    | FieldClosed
    | EmbargoSet
    | EmbargoLifted
    | TieSettled
    | FinalSigned
)
Event = RunEvent | ContestEvent


def to_record(event: Event) -> tuple[str, dict[str, Any]]:
    """The kind and JSON-able payload of an event."""
    return event.KIND, plain(event)
