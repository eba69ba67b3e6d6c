"""What an organiser sets up: rules, fields with their gates, embargo, ties, the final signature."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from competitions import events as ev
from competitions.contest import ContestState, Settlement, check_discipline
from competitions.disciplines import parse_discipline
from competitions.disciplines.discipline import POINTS
from competitions.errors import CompetitionError, DisciplineError
from competitions.ranking import standings, tied_groups
from competitions.runs import OPEN
from competitions.ties import draw_order
from lab_controller.championships.arming import BUSY
from lab_controller.championships.execution import as_lab_error
from lab_controller.errors import Conflict, Invalid, NotFound

MOST_INPUTS = 8
LONGEST_TEXT = 200
SEEDS = 1_000_000
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DEVICE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_GATE_KEYS = {"point", "lane", "device", "input"}


@dataclass(frozen=True, slots=True)
class NewChampionship:
    """`names` in kk, ru, en (at least one); `discipline` is the text of a discipline file."""

    slug: str
    names: Mapping[str, str]
    discipline: str
    details: Mapping[str, Any] = field(default_factory=dict)


def check_slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug) or len(slug) > 64:
        raise Invalid("bad_slug", slug=slug[:64])
    return slug


def create(spec: NewChampionship) -> tuple[ev.Event, ...]:
    """Raises Invalid with the code of what is wrong in the name or in the discipline."""
    _parse(spec.discipline)
    return (
        ev.ContestCreated(spec.slug, names_of(spec.names), dict(spec.details)),
        ev.DisciplineSet(spec.discipline),
    )


def names_of(names: Mapping[str, str]) -> dict[str, str]:
    """Names in kk, ru and en; a missing one takes the first that is there. Raises Invalid `name_missing`."""
    given = {language: names.get(language, "").strip() for language in ("kk", "ru", "en")}
    fallback = next((name for name in given.values() if name), None)
    if fallback is None:
        raise Invalid("name_missing")
    return {language: _text("name", name or fallback) for language, name in given.items()}


def set_discipline(state: ContestState, text: str) -> tuple[ev.Event, ...]:
    """New rules from the next run on; a run keeps those it was opened under."""
    _parse(text)
    try:
        check_discipline(state)
    except CompetitionError as error:
        raise as_lab_error(error) from None
    unchanged = state.discipline is not None and state.discipline.text == text
    return () if unchanged else (ev.DisciplineSet(text),)


def _parse(text: str) -> None:
    try:
        parse_discipline(text)
    except DisciplineError as error:
        raise Invalid(error.code, **error.params) from None


def set_field(state: ContestState, name: str, gates: Sequence[Mapping[str, Any]]) -> tuple[ev.Event, ...]:
    """Put gates at the points of a field; one without gates is timed by hand.

    Raises Invalid `bad_gate`, `point_twice`, `input_on_two_lanes`; Conflict `field_busy`, `input_elsewhere`.
    """
    _text("field", name)
    checked = [_gate(state, gate) for gate in gates]
    places = [(gate["point"], gate["lane"]) for gate in checked]
    if len(set(places)) < len(places):
        raise Invalid("point_twice", field=name)
    inputs = {(gate["device"], gate["input"], gate["lane"]) for gate in checked}
    if len({(device, number) for device, number, _ in inputs}) < len(inputs):
        raise Invalid("input_on_two_lanes", field=name)
    for other, theirs in state.fields.items():
        for gate in theirs:
            if other != name and (gate["device"], gate["input"], gate["lane"]) in inputs:
                raise Conflict("input_elsewhere", field=other, device=gate["device"], input=gate["input"])
    for run in state.runs.values():
        if run.field == name and run.phase in BUSY:
            raise Conflict("field_busy", field=name, run=run.run)
    unchanged = [dict(gate) for gate in state.fields.get(name, ())] == checked and name in state.fields
    return () if unchanged else (ev.FieldSet(name, checked),)


def close_field(state: ContestState, name: str) -> tuple[ev.Event, ...]:
    """Let no more runs be opened on a field. Raises NotFound `unknown_field`; Conflict `field_in_use`."""
    if name in state.closed_fields:
        return ()
    _check_field(state.fields, name)
    for run in state.runs.values():
        if run.field == name and run.phase in OPEN:
            raise Conflict("field_in_use", field=name, run=run.run)
    return (ev.FieldClosed(name),)


def open_field(state: ContestState, name: str) -> tuple[ev.Event, ...]:
    """Open a closed field with the gates it had. Raises NotFound `unknown_field`; what `set_field` raises."""
    if name in state.fields:
        return ()
    _check_field(state.closed_fields, name)
    return set_field(state, name, state.closed_fields[name])


def _check_field(fields: Mapping[str, object], name: str) -> None:
    if name not in fields:
        raise NotFound("unknown_field", field=name)


def _gate(state: ContestState, gate: Mapping[str, Any]) -> dict[str, Any]:
    lanes = state.discipline.lanes if state.discipline else 1
    if set(gate) != _GATE_KEYS:
        raise Invalid("bad_gate", wrong=sorted(_GATE_KEYS ^ set(gate)))
    right = {
        "point": gate["point"] in POINTS,
        "lane": type(gate["lane"]) is int and 1 <= gate["lane"] <= lanes,
        "device": isinstance(gate["device"], str) and bool(_DEVICE.fullmatch(gate["device"])),
        "input": type(gate["input"]) is int and 1 <= gate["input"] <= MOST_INPUTS,
    }
    if not all(right.values()):
        raise Invalid("bad_gate", wrong=sorted(name for name, fits in right.items() if not fits))
    return {name: gate[name] for name in ("point", "lane", "device", "input")}


def set_embargo(state: ContestState, embargo: bool, reason: str) -> tuple[ev.Event, ...]:
    if state.embargo == embargo:
        return ()
    return (ev.EmbargoSet(reason) if embargo else ev.EmbargoLifted(reason),)


def sign_final(state: ContestState, role: str, name: str) -> tuple[ev.Event, ...]:
    """Raises Conflict `run_in_progress` while a robot runs or a result waits for the judge; `tie_open`."""
    _text("role", role)
    _text("name", name)
    if any(each.role == role for each in state.signatures):
        raise Conflict("already_signed", role=role)
    for run in state.runs.values():
        if run.phase in BUSY or run.phase == "proposed":
            raise Conflict("run_in_progress", run=run.run)
    if any(group.due is not None for group in tied_groups(standings(state))):
        raise Conflict("tie_open")
    return (ev.FinalSigned(role, name),)


def settle_tie(state: ContestState, settlement: Settlement) -> tuple[ev.Event, ...]:
    """Raises Invalid `bad_tie`; NotFound `unknown_entry`; Conflict `tie_changed` unless these are tied."""
    entries, method, seed = settlement.entries, settlement.method, settlement.seed
    if len(entries) < 2 or len(set(entries)) < len(entries):
        raise Invalid("bad_tie")
    for entry in entries:
        check_entry(state, entry)
    if method not in ("rematch", "judge", "draw") or (method == "draw") != (seed is not None):
        raise Invalid("bad_tie", method=method)
    tied = [{each.entry for each in group.teams} for group in tied_groups(standings(state))]
    if set(entries) not in tied:
        raise Conflict("tie_changed")
    return (ev.TieSettled(list(entries), method, seed, settlement.reason),)


def draw_lots(state: ContestState, entries: Sequence[str]) -> tuple[ev.Event, ...]:
    """An order by a seed of its own; raises as `settle_tie`."""
    seed = secrets.randbelow(SEEDS)
    return settle_tie(state, Settlement(draw_order(seed, entries), "draw", seed, ""))


def withdraw_entry(state: ContestState, entry: str, reason: str) -> tuple[ev.Event, ...]:
    check_entry(state, entry)
    return () if state.entries[entry].withdrawn else (ev.EntryWithdrawn(entry, reason),)


def check_entry(state: ContestState, entry: str) -> None:
    if entry not in state.entries:
        raise NotFound("unknown_entry", entry=entry)


def _text(name: str, text: str) -> str:
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise Invalid("bad_text", field=name, longest=LONGEST_TEXT)
    return text
