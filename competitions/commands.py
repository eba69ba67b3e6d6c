"""What a judge, the clock or the gates ask of a run; `Command.KIND` is its name in JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

from competitions.errors import RecordError
from competitions.results import ParamValue
from competitions.shapes import plain, shape
from competitions.statuses import Status


@dataclass(frozen=True, slots=True)
class OpenRun:
    KIND: ClassVar = "open_run"
    run: str
    entry: str
    attempt: int
    field: str
    lane: int = 1
    heat: str | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    KIND: ClassVar = "arm"
    token: str


@dataclass(frozen=True, slots=True)
class Armed:
    """System: every gate of the field has answered the arming."""

    KIND: ClassVar = "armed"
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signal:
    KIND: ClassVar = "signal"


@dataclass(frozen=True, slots=True)
class SeePassage:
    """System: a passage credited to this run.

    `elapsed_us` runs from the run's start passage (0 for that passage itself);
    None: it cannot be compared, and `evidence["problem"]` says why.
    """

    KIND: ClassVar = "see_passage"
    point: str
    edge: str
    elapsed_us: int | None
    bound_us: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetPenalty:
    KIND: ClassVar = "set_penalty"
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class SetParam:
    """`value` None takes the value away again: unset is not zero."""

    KIND: ClassVar = "set_param"
    name: str
    value: ParamValue | None


@dataclass(frozen=True, slots=True)
class ReachTimeLimit:
    KIND: ClassVar = "reach_time_limit"


@dataclass(frozen=True, slots=True)
class ProposeManual:
    """A time by hand; `bound_us` is that of `best_lap_us` too."""

    KIND: ClassVar = "propose_manual"
    value_us: int
    bound_us: int
    laps: int | None = None
    best_lap_us: int | None = None


@dataclass(frozen=True, slots=True)
class ProposeStatus:
    """OK takes an earlier DNF, DNS or DSQ back."""

    KIND: ClassVar = "propose_status"
    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Accept:
    KIND: ClassVar = "accept"


@dataclass(frozen=True, slots=True)
class Void:
    KIND: ClassVar = "void"
    reason: str


@dataclass(frozen=True, slots=True)
class Rerun:
    KIND: ClassVar = "rerun"
    reason: str


@dataclass(frozen=True, slots=True)
class Sign:
    KIND: ClassVar = "sign"
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class ReportFault:
    """System: a gate of the field is silent, blocked, or was restarted."""

    KIND: ClassVar = "report_fault"
    code: str
    params: dict[str, Any] = field(default_factory=dict)


Command = (
    OpenRun
    | Arm
    | Armed
    | Signal
    | SeePassage
    | SetPenalty
    | SetParam
    | ReachTimeLimit
    | ProposeManual
    | ProposeStatus
    | Accept
    | Void
    | Rerun
    | Sign
    | ReportFault
)

COMMANDS: dict[str, type[Command]] = {each.KIND: each for each in get_args(Command)}
SYSTEM_KINDS = frozenset({"armed", "see_passage", "report_fault"})


def parse_command(kind: str, payload: Mapping[str, Any]) -> Command:
    """A command from JSON.

    Raises RecordError: unknown_kind, field_missing, field_unknown, field_type.
    """
    command = COMMANDS.get(kind)
    if command is None:
        raise RecordError("unknown_kind", kind=kind)
    return shape(command, payload)


def format_command(command: Command) -> tuple[str, dict[str, Any]]:
    """The kind and JSON-able payload that `parse_command` reads back."""
    return command.KIND, plain(command)
