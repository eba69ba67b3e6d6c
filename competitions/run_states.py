"""A run as the fold of its events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from competitions.errors import RecordError
from competitions.events import RunEvent, to_record
from competitions.records import Record
from competitions.results import Measurement, ParamValue, Result
from competitions.statuses import Status

Phase = Literal["ready", "arming", "armed", "running", "proposed", "accepted", "voided", "rerun"]
Payload = Mapping[str, Any]

STATUSES = {each.value: each for each in Status}


class Lap(NamedTuple):
    lap: int
    lap_us: int
    bound_us: int


class Crossing(NamedTuple):
    """The last crossing that opened or completed a lap."""

    elapsed_us: int
    bound_us: int


class Signature(NamedTuple):
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class RunState:
    """One run of one attempt; `timeline` is every record of it, in order."""

    run: str
    entry: str
    attempt: int
    field: str
    lane: int
    heat: str | None
    rules: str
    phase: Phase
    token: str | None
    signalled: bool
    started_at_us: int | None
    crossing: Crossing | None
    laps: tuple[Lap, ...]
    measured: Measurement
    proposal: Result | None
    method: str | None
    reason: str
    result: Result | None
    accepted_seq: int | None
    signatures: tuple[Signature, ...]
    late: tuple[Payload, ...]
    faults: tuple[Payload, ...]
    timeline: tuple[Record, ...]

    @property
    def started(self) -> bool:
        return self.started_at_us is not None

    @property
    def penalties(self) -> Mapping[str, int]:
        return self.measured.penalties

    @property
    def params(self) -> Mapping[str, ParamValue]:
        return self.measured.params


def read_result(payload: Payload) -> Result:
    """The result of a record's payload."""
    return Result(
        STATUSES[payload["status"]],
        payload["value_us"],
        payload["bound_us"],
        payload["score"],
        payload["score_bound"],
        payload["counted_us"],
        payload["laps"],
        payload["counted_laps"],
        payload["best_lap_us"],
        payload["best_lap_bound_us"],
        payload["points"],
        payload["finished"],
        payload["penalties"],
        payload["params"],
    )


def _frozen(result: Payload | Result | None) -> Result | None:
    return result if result is None or isinstance(result, Result) else read_result(result)


class RunBuilder:
    """The mutable form of a run while records are folded into it."""

    __slots__ = (
        "accepted_seq", "attempt", "best_lap_bound_us", "best_lap_us", "bound_us", "crossing", "declared",
        "elapsed_us", "entry", "faults", "field", "heat", "lane", "lap_count", "laps", "late", "method",
        "over_limit", "params", "penalties", "phase", "proposal", "reason", "result", "rules", "run",
        "signalled", "signatures", "started_at_us", "timeline", "token",
    )  # fmt: skip

    def __init__(self, opened: Payload) -> None:
        self.run: str = opened["run"]
        self.entry: str = opened["entry"]
        self.attempt: int = opened["attempt"]
        self.field: str = opened["field"]
        self.lane: int = opened["lane"]
        self.heat: str | None = opened["heat"]
        self.rules: str = opened["rules"]
        self.phase: Phase = "ready"
        self.token: str | None = None
        self.signalled = self.over_limit = False
        self.started_at_us: int | None = None
        self.crossing: Crossing | None = None
        self.laps: tuple[Lap, ...] = ()
        self.elapsed_us: int | None = None
        self.bound_us = self.best_lap_bound_us = 0
        self.lap_count: int | None = None
        self.best_lap_us: int | None = None
        self.declared: Status | None = None
        self.penalties: dict[str, int] = {}
        self.params: dict[str, ParamValue] = {}
        self.proposal: Payload | Result | None = None
        self.method: str | None = None
        self.reason = ""
        self.result: Payload | Result | None = None
        self.accepted_seq: int | None = None
        self.signatures: tuple[Signature, ...] = ()
        self.late: tuple[Payload, ...] = ()
        self.faults: tuple[Payload, ...] = ()
        self.timeline: list[Record] = []

    def freeze(self) -> RunState:
        proposal = _frozen(self.proposal)
        result = proposal if self.result == self.proposal else _frozen(self.result)
        return RunState(
            self.run, self.entry, self.attempt, self.field, self.lane, self.heat, self.rules, self.phase,
            self.token, self.signalled, self.started_at_us, self.crossing, self.laps,
            Measurement(
                self.elapsed_us, self.bound_us, self.lap_count, self.best_lap_us, self.best_lap_bound_us,
                self.declared, self.over_limit, self.penalties, self.params,
            ),
            proposal, self.method, self.reason, result, self.accepted_seq,
            self.signatures, self.late, self.faults, tuple(self.timeline),
        )  # fmt: skip


def thaw(state: RunState) -> RunBuilder:
    """A builder that goes on from `state` and shares nothing mutable with it."""
    builder = RunBuilder.__new__(RunBuilder)
    measured = state.measured
    for name in (
        "run", "entry", "attempt", "field", "lane", "heat", "rules", "phase", "token", "signalled",
        "started_at_us", "crossing", "laps", "proposal", "method", "reason", "result", "accepted_seq",
        "signatures", "late", "faults",
    ):  # fmt: skip
        setattr(builder, name, getattr(state, name))
    builder.elapsed_us, builder.bound_us = measured.elapsed_us, measured.bound_us
    builder.lap_count = measured.laps
    builder.best_lap_us, builder.best_lap_bound_us = measured.best_lap_us, measured.best_lap_bound_us
    builder.declared, builder.over_limit = measured.declared, measured.over_limit
    builder.penalties, builder.params = dict(measured.penalties), dict(measured.params)
    builder.timeline = list(state.timeline)
    return builder


def _arming(run: RunBuilder, payload: Payload) -> None:
    run.phase, run.token, run.signalled = "arming", payload["token"], False


def _armed(run: RunBuilder, payload: Payload) -> None:
    run.phase = "armed"


def _signalled(run: RunBuilder, payload: Payload) -> None:
    run.signalled = True


def _started(run: RunBuilder, payload: Payload) -> None:
    run.phase, run.started_at_us = "running", payload["at_us"]


def _passage(run: RunBuilder, payload: Payload) -> None:
    role = payload["role"]
    if role in ("start", "opening", "lap"):
        run.crossing = Crossing(payload["elapsed_us"] or 0, payload["bound_us"] or 0)
    if role in ("lap", "finish"):
        run.elapsed_us, run.bound_us = payload["elapsed_us"], payload["bound_us"] or 0


def _lap(run: RunBuilder, payload: Payload) -> None:
    lap = Lap(payload["lap"], payload["lap_us"], payload["bound_us"])
    run.laps = (*run.laps, lap)
    run.lap_count = lap.lap
    if run.best_lap_us is None or lap.lap_us < run.best_lap_us:
        run.best_lap_us, run.best_lap_bound_us = lap.lap_us, lap.bound_us


def _late(run: RunBuilder, payload: Payload) -> None:
    run.late = (*run.late, payload)


def _false_start(run: RunBuilder, payload: Payload) -> None:
    if payload["then"] == "rearm":
        run.phase, run.token, run.signalled = "ready", None, False


def _penalty(run: RunBuilder, payload: Payload) -> None:
    run.penalties[payload["code"]] = payload["count"]
    if not payload["count"]:
        del run.penalties[payload["code"]]


def _param(run: RunBuilder, payload: Payload) -> None:
    run.params[payload["name"]] = payload["value"]
    if payload["value"] is None:
        del run.params[payload["name"]]


def _limit(run: RunBuilder, payload: Payload) -> None:
    run.over_limit = True


def _proposed(run: RunBuilder, payload: Payload) -> None:
    proposal, method = payload["result"], payload["method"]
    run.phase, run.proposal, run.method, run.reason = "proposed", proposal, method, payload["reason"]
    if method == "manual":
        run.elapsed_us, run.bound_us = proposal["counted_us"], proposal["bound_us"]
        run.lap_count = proposal["counted_laps"]
        run.best_lap_us, run.best_lap_bound_us = proposal["best_lap_us"], proposal["best_lap_bound_us"]
    declared = payload["declared"]
    run.declared = None if declared is None else STATUSES[declared]


def _accepted(run: RunBuilder, payload: Payload) -> None:
    run.phase, run.result = "accepted", payload["result"]


def _voided(run: RunBuilder, payload: Payload) -> None:
    run.phase, run.reason, run.result, run.accepted_seq = "voided", payload["reason"], None, None


def _rerun(run: RunBuilder, payload: Payload) -> None:
    run.phase, run.reason, run.result, run.accepted_seq = "rerun", payload["reason"], None, None


def _signed(run: RunBuilder, payload: Payload) -> None:
    run.signatures = (*run.signatures, Signature(payload["role"], payload["name"]))


def _fault(run: RunBuilder, payload: Payload) -> None:
    run.faults = (*run.faults, payload)


STEPS: dict[str, Callable[[RunBuilder, Payload], None]] = {
    "run_arming": _arming,
    "run_armed": _armed,
    "signal_given": _signalled,
    "run_started": _started,
    "passage_seen": _passage,
    "lap_completed": _lap,
    "late_passage": _late,
    "false_start": _false_start,
    "penalty_set": _penalty,
    "param_set": _param,
    "time_limit_reached": _limit,
    "result_proposed": _proposed,
    "result_accepted": _accepted,
    "run_voided": _voided,
    "rerun_ordered": _rerun,
    "run_signed": _signed,
    "gate_fault": _fault,
}


def fold_into(run: RunBuilder | None, record: Record) -> RunBuilder:
    """The builder with one more record of the same run in it.

    Raises RecordError: run_exists, unknown_run, unknown_kind; KeyError or TypeError for a malformed payload.
    """
    kind, payload = record.kind, record.payload
    if kind == "run_opened":
        if run is not None:
            raise RecordError("run_exists", run=run.run, seq=record.seq)
        run = RunBuilder(payload)
    elif run is None:
        raise RecordError("unknown_run", run=payload["run"], seq=record.seq)
    else:
        step = STEPS.get(kind)
        if step is None:
            raise RecordError("unknown_kind", kind=kind, seq=record.seq)
        step(run, payload)
        if kind == "result_accepted":
            run.accepted_seq = record.seq
    run.timeline.append(record)
    return run


def apply(state: RunState | None, event: RunEvent, *, seq: int = 0, at_us: int = 0) -> RunState:
    """The run after one more event."""
    record = Record(seq, at_us, "", "", *to_record(event))
    return fold_into(None if state is None else thaw(state), record).freeze()
