"""A championship's state as the fold of its log."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from competitions.collecting import uncollected
from competitions.disciplines.discipline import Discipline
from competitions.disciplines.parsing import parse_discipline
from competitions.errors import RecordError, RuleError
from competitions.records import Record, parse_record
from competitions.run_states import RunBuilder, RunState, Signature, fold_into, thaw

__all__ = [
    "ContestState",
    "Entry",
    "Record",
    "Settlement",
    "apply_record",
    "check_discipline",
    "check_open",
    "fold",
    "next_attempt",
    "parse_record",
]


@dataclass(frozen=True, slots=True)
class Entry:
    entry: str
    team: str
    school: str = ""
    withdrawn: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settlement:
    """How tied entries were told apart: best first, by whom, and the seed of a draw."""

    entries: tuple[str, ...]
    method: str
    seed: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ContestState:
    """`rev` is the seq of the last record; `disciplines` holds every version by its digest.

    `fields` are the open ones with their gates; `closed_fields` have the gates that they had.
    """

    slug: str = ""
    name: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    discipline: Discipline | None = None
    disciplines: Mapping[str, Discipline] = field(default_factory=dict)
    entries: Mapping[str, Entry] = field(default_factory=dict)
    fields: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    closed_fields: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    runs: Mapping[str, RunState] = field(default_factory=dict)
    settlements: tuple[Settlement, ...] = ()
    embargo: bool = False
    signatures: tuple[Signature, ...] = ()
    rev: int = 0

    def rules_of(self, run: str) -> Discipline:
        """The discipline that was in force when the run was opened, and holds until it ends.

        Raises RuleError unknown_run.
        """
        state = self.runs.get(run)
        if state is None:
            raise RuleError("unknown_run", run=run)
        return self.disciplines[state.rules]


class _Builder:
    """The mutable form of a contest while records are folded into it."""

    def __init__(self, state: ContestState) -> None:
        self.state = state
        self.single: dict[str, Any] = {"rev": state.rev}
        self.entries = dict(state.entries)
        self.fields = dict(state.fields)
        self.closed_fields = dict(state.closed_fields)
        self.disciplines = dict(state.disciplines)
        self.settlements = list(state.settlements)
        self.signatures = list(state.signatures)
        self.runs = dict(state.runs)
        self.building: dict[str, RunBuilder] = {}

    def take(self, record: Record) -> None:
        try:
            change = _CHANGES.get(record.kind)
            if change is not None:
                change(self, record.payload)
            else:
                run = record.payload["run"]
                self.building[run] = fold_into(self.building.get(run) or self._known(run), record)
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError("malformed", seq=record.seq, kind=record.kind, reason=repr(error)) from error
        self.single["rev"] = record.seq

    def _known(self, run: str) -> RunBuilder | None:
        known = self.runs.get(run)
        return None if known is None else thaw(known)

    def freeze(self) -> ContestState:
        for run, builder in self.building.items():
            self.runs[run] = builder.freeze()
        return replace(
            self.state,
            disciplines=self.disciplines,
            entries=self.entries,
            fields=self.fields,
            closed_fields=self.closed_fields,
            runs=self.runs,
            settlements=tuple(self.settlements),
            signatures=tuple(self.signatures),
            **self.single,
        )


Payload = Mapping[str, Any]


def _created(contest: _Builder, payload: Payload) -> None:
    contest.single.update(slug=payload["slug"], name=payload["name"], details=payload.get("details", {}))


def _discipline(contest: _Builder, payload: Payload) -> None:
    discipline = parse_discipline(payload["text"])
    contest.single["discipline"] = discipline
    contest.disciplines[discipline.digest] = discipline


def _entry_added(contest: _Builder, payload: Payload) -> None:
    contest.entries[payload["entry"]] = Entry(
        payload["entry"], payload["team"], payload.get("school", ""), False, payload.get("details", {})
    )


def _entry_changed(contest: _Builder, payload: Payload) -> None:
    changes = {name: payload[name] for name in ("team", "school", "details") if payload.get(name) is not None}
    contest.entries[payload["entry"]] = replace(contest.entries[payload["entry"]], **changes)


def _entry_withdrawn(contest: _Builder, payload: Payload) -> None:
    contest.entries[payload["entry"]] = replace(contest.entries[payload["entry"]], withdrawn=True)


def _field(contest: _Builder, payload: Payload) -> None:
    contest.fields[payload["field"]] = tuple(payload["gates"])
    contest.closed_fields.pop(payload["field"], None)


def _field_closed(contest: _Builder, payload: Payload) -> None:
    contest.closed_fields[payload["field"]] = contest.fields.pop(payload["field"])


def _embargo_set(contest: _Builder, payload: Payload) -> None:
    contest.single["embargo"] = True


def _embargo_lifted(contest: _Builder, payload: Payload) -> None:
    contest.single["embargo"] = False


def _tie(contest: _Builder, payload: Payload) -> None:
    contest.settlements.append(
        Settlement(
            tuple(payload["entries"]), payload["method"], payload.get("seed"), payload.get("reason", "")
        )
    )


def _final(contest: _Builder, payload: Payload) -> None:
    contest.signatures.append(Signature(payload["role"], payload["name"]))


_CHANGES: dict[str, Callable[[_Builder, Payload], None]] = {
    "contest_created": _created,
    "discipline_set": _discipline,
    "entry_added": _entry_added,
    "entry_changed": _entry_changed,
    "entry_withdrawn": _entry_withdrawn,
    "field_set": _field,
    "field_closed": _field_closed,
    "embargo_set": _embargo_set,
    "embargo_lifted": _embargo_lifted,
    "tie_settled": _tie,
    "final_signed": _final,
}


def fold(records: Iterable[Record | Mapping[str, Any]]) -> ContestState:
    """The state after all records, in their order; mappings are read with `parse_record`.

    Raises RecordError: unknown_kind, malformed, run_exists, unknown_run; `seq` says where.
    """
    with uncollected():
        builder = _Builder(ContestState())
        for record in records:
            builder.take(record if isinstance(record, Record) else parse_record(record))
        return builder.freeze()


def apply_record(state: ContestState, record: Record) -> ContestState:
    """The state after one more record: `fold(a + [b]) == apply_record(fold(a), b)`."""
    builder = _Builder(state)
    builder.take(record)
    return builder.freeze()


def _attempts_taken(state: ContestState, entry: str) -> set[int]:
    return {
        run.attempt
        for run in state.runs.values()
        if run.entry == entry and run.phase not in ("voided", "rerun")
    }


def next_attempt(state: ContestState, entry: str) -> int | None:
    """The first attempt that the entry has not used; None when all are used."""
    if state.discipline is None:
        return None
    taken = _attempts_taken(state, entry)
    return next((each for each in range(1, state.discipline.attempts + 1) if each not in taken), None)


def check_open(state: ContestState, entry: str, attempt: int) -> None:
    """May a run of this attempt be opened?

    Raises RuleError: no_discipline, unknown_entry, withdrawn, attempt_taken.
    """
    if state.discipline is None:
        raise RuleError("no_discipline")
    if entry not in state.entries:
        raise RuleError("unknown_entry", entry=entry)
    if state.entries[entry].withdrawn:
        raise RuleError("withdrawn", entry=entry)
    if attempt in _attempts_taken(state, entry):
        raise RuleError("attempt_taken", entry=entry, attempt=attempt)


def check_discipline(state: ContestState) -> None:
    """May the discipline be changed now? Raises RuleError run_in_progress."""
    for run in state.runs.values():
        if run.phase in ("arming", "armed", "running", "proposed"):
            raise RuleError("run_in_progress", run=run.run)
