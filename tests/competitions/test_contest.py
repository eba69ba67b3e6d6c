"""The log and its fold: any split gives the same state, and only what was accepted counts."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions import commands as cmd
from competitions import events as ev
from competitions.contest import (
    ContestState,
    Entry,
    Record,
    apply_record,
    check_discipline,
    check_open,
    fold,
    next_attempt,
)
from competitions.disciplines import Discipline, iter_disciplines, parse_discipline
from competitions.errors import RecordError, RuleError
from competitions.ranking import explain, standings
from competitions.runs import RunState, allowed, apply, decide
from competitions.statuses import Status
from tests.competitions.benches import Bench, discipline_text, read_event

SPRINT = parse_discipline(discipline_text())
BUILT_IN = {each.id: each for each in iter_disciplines()}


def log(*events: ev.Event) -> list[Record]:
    return [Record(seq, seq * 10, "judge", "test", *ev.to_record(each)) for seq, each in enumerate(events, 1)]


SET_UP: tuple[ev.Event, ...] = (
    ev.ContestCreated("almaty-2026", {"kk": "a", "ru": "b", "en": "c"}),
    ev.DisciplineSet(SPRINT.text),
    ev.EntryAdded("e1", "Aqqu", "School 12"),
    ev.EntryAdded("e2", "Bürkit"),
    ev.EntryChanged("e2", school="School 3"),
    ev.EntryWithdrawn("e1", "ill"),
    ev.FieldSet("3", [{"point": "start", "lane": 1, "device": "gate-a1b2c3", "input": 1}]),
    ev.FieldSet("4", []),
    ev.FieldClosed("4"),
    ev.EmbargoSet("final"),
)


def test_setting_up_is_a_fold_of_records() -> None:
    state = fold(log(*SET_UP))
    assert (state.slug, state.discipline, state.embargo, state.rev) == ("almaty-2026", SPRINT, True, 10)
    assert state.entries == {
        "e1": Entry("e1", "Aqqu", "School 12", withdrawn=True),
        "e2": Entry("e2", "Bürkit", "School 3"),
    }
    assert state.fields["3"][0]["device"] == "gate-a1b2c3"


def test_a_field_without_gates_is_open_until_it_is_closed() -> None:
    gates = [{"point": "start", "lane": 1, "device": "gate-a1b2c3", "input": 1}]
    by_hand = fold(log(*SET_UP, ev.FieldSet("3", [])))
    assert (by_hand.fields, by_hand.closed_fields) == ({"3": ()}, {"4": ()})
    closed = fold(log(*SET_UP, ev.FieldClosed("3")))
    assert (closed.fields, closed.closed_fields) == ({}, {"3": tuple(gates), "4": ()})
    again = fold(log(*SET_UP, ev.FieldClosed("3"), ev.FieldSet("3", gates)))
    assert (again.fields, again.closed_fields) == ({"3": tuple(gates)}, {"4": ()})


def test_embargo_is_lifted_and_the_final_signed() -> None:
    state = fold(log(*SET_UP, ev.EmbargoLifted(), ev.FinalSigned("chief judge", "D. Asel")))
    assert (state.embargo, [tuple(each) for each in state.signatures]) == (
        False,
        [("chief judge", "D. Asel")],
    )


def test_records_may_come_as_parsed_json_with_hashes_beside() -> None:
    records = log(*SET_UP)
    assert fold([{**each._asdict(), "prev_hash": "0", "hash": "1"} for each in records]) == fold(records)


def test_the_rules_of_a_run_stay_those_of_its_opening() -> None:
    changed = parse_discipline(discipline_text("time_limit_s = 9"))
    bench = Bench(SPRINT, entry="e2")
    state = fold(log(*SET_UP, *bench.events, ev.DisciplineSet(changed.text)))
    assert (state.discipline, state.rules_of("r1")) == (changed, SPRINT)
    with pytest.raises(RuleError):
        state.rules_of("r2")


def test_rules_are_not_changed_while_a_run_is_under_way() -> None:
    bench = Bench(SPRINT, entry="e2")
    check_discipline(fold(log(*SET_UP, *bench.events)))
    bench.arm()
    with pytest.raises(RuleError) as error:
        check_discipline(fold(log(*SET_UP, *bench.events)))
    assert error.value.code == "run_in_progress"


def test_an_attempt_is_run_once_until_it_is_voided_or_run_again() -> None:
    bench = Bench(SPRINT, entry="e2")
    state = fold(log(*SET_UP, *bench.events))
    assert next_attempt(state, "e2") == 2
    check_open(state, "e2", 2)
    for entry, attempt, code in [
        ("e2", 1, "attempt_taken"),
        ("e1", 1, "withdrawn"),
        ("e9", 1, "unknown_entry"),
    ]:
        with pytest.raises(RuleError) as error:
            check_open(state, entry, attempt)
        assert error.value.code == code
    bench.do(cmd.Rerun("gate was blocked"))
    state = fold(log(*SET_UP, *bench.events))
    check_open(state, "e2", 1)
    assert next_attempt(state, "e2") == 1


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (Record(1, 0, "a", "t", "party", {"run": "r"}), "unknown_run"),
        (Record(1, 0, "a", "t", "party", {}), "malformed"),
        (Record(1, 0, "a", "t", "run_armed", {"run": "r"}), "unknown_run"),
        (Record(1, 0, "a", "t", "entry_changed", {"entry": "nobody"}), "malformed"),
        (Record(1, 0, "a", "t", "run_opened", {"run": "r"}), "malformed"),
    ],
)
def test_a_record_that_cannot_be_is_named(record: Record, code: str) -> None:
    with pytest.raises(RecordError) as error:
        fold([record])
    assert (error.value.code, error.value.params["seq"]) == (code, 1)


@pytest.mark.parametrize("event", [*SET_UP, *Bench(SPRINT).arm().events], ids=lambda each: each.KIND)
def test_events_survive_the_log(event: ev.Event) -> None:
    assert read_event(*ev.to_record(event)) == event


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("dance", {}, "unknown_kind"),
        ("arm", {}, "field_missing"),
        ("arm", {"token": 5}, "field_type"),
        ("arm", {"token": "t", "more": 1}, "field_unknown"),
        ("propose_status", {"status": "GREAT"}, "field_type"),
        ("propose_manual", {"value_us": 1.5, "bound_us": 0}, "field_type"),
        ("propose_manual", {"value_us": True, "bound_us": 0}, "field_type"),
        ("set_param", {"name": "x", "value": [1]}, "field_type"),
        ("set_param", {"name": "x", "value": {}}, "field_type"),
        ("sign", {"role": None, "name": "x"}, "field_type"),
    ],
)
def test_a_command_of_the_wrong_shape_is_refused(kind: str, payload: dict[str, Any], code: str) -> None:
    with pytest.raises(RecordError) as error:
        cmd.parse_command(kind, payload)
    assert error.value.code == code


def test_every_command_survives_json() -> None:
    for command in (
        cmd.OpenRun("r", "e", 1, "3", 2, "h"),
        cmd.SeePassage("start", "B", None, None, {"problem": "no_fit"}),
        cmd.SetParam("x", None),
        cmd.SetParam("x", 1.5),
        cmd.ProposeStatus(Status.DNF, "battery"),
    ):
        assert cmd.parse_command(*cmd.format_command(command)) == command


small = st.integers(-5, 200_000_000)
evidence = st.fixed_dictionaries(
    {"device": st.just("g"), "boot": st.sampled_from(["a", "b"]), "seq": st.integers(1, 30)}
)
commands = st.one_of(
    st.builds(cmd.Arm, st.just("t")),
    st.just(cmd.Armed()),
    st.just(cmd.Signal()),
    st.builds(
        cmd.SeePassage,
        st.sampled_from(["start", "finish", "split"]),
        st.sampled_from("BC"),
        st.none() | small,
        st.none() | st.integers(0, 500_000),
        evidence,
    ),
    st.builds(
        cmd.SetPenalty, st.sampled_from(["restart", "false_start", "rejoined_ahead", "x"]), st.integers(-1, 7)
    ),
    st.builds(
        cmd.SetParam,
        st.sampled_from(["section", "section_time_us", "y"]),
        st.none() | small | st.floats() | st.booleans() | st.text(max_size=2),
    ),
    st.just(cmd.ReachTimeLimit()),
    st.builds(cmd.ProposeManual, small, small, st.none() | st.integers(-1, 9), st.none() | small),
    st.builds(cmd.ProposeStatus, st.sampled_from(Status), st.sampled_from(["", "seen"])),
    st.just(cmd.Accept()),
    st.builds(cmd.Void, st.sampled_from(["", "wrong"])),
    st.builds(cmd.Rerun, st.sampled_from(["", "gate"])),
    st.builds(cmd.Sign, st.sampled_from(["judge", "captain"]), st.just("A")),
    st.builds(cmd.ReportFault, st.just("gate_silent")),
)
slots = st.sampled_from([("e1", 1), ("e1", 2), ("e2", 1), ("e2", 2), ("e3", 1)])
Move = tuple[tuple[str, int], tuple[cmd.Command, ...]]


def seen(point: str, at_us: int, bound_us: int = 400) -> cmd.SeePassage:
    return cmd.SeePassage(point, "B", at_us, bound_us)


def by_the_gates(crossings: list[int], rest: list[cmd.Command]) -> tuple[cmd.Command, ...]:
    start = (cmd.Arm("t"), cmd.Armed(), cmd.Signal(), seen("start", 0))
    passages = [
        seen(point, sum(crossings[: n + 1])) for n in range(len(crossings)) for point in ("start", "finish")
    ]
    return (*start, *passages, cmd.ReachTimeLimit(), *rest, cmd.Accept())


def by_hand(value_us: int, laps: int, rest: list[cmd.Command]) -> tuple[cmd.Command, ...]:
    section = (cmd.SetParam("section", laps), cmd.SetParam("section_time_us", value_us))
    return (*section, cmd.ProposeManual(value_us, 200_000, laps, value_us // 2), *rest, cmd.Accept())


rest = st.lists(commands, max_size=2)
moves = st.one_of(
    commands.map(lambda each: (each,)),
    st.builds(by_the_gates, st.lists(st.integers(1_000_000, 90_000_000), max_size=4), rest),
    st.builds(by_hand, st.integers(0, 60_000_000), st.integers(0, 9), rest),
    st.sampled_from(["DNF", "DNS", "DSQ"]).map(
        lambda each: (cmd.ProposeStatus(Status(each), "seen"), cmd.Accept())
    ),
)
histories = st.lists(st.tuples(slots, moves), max_size=12)
ruled = st.sampled_from(sorted(BUILT_IN)).map(BUILT_IN.__getitem__)


def played(discipline: Discipline, history: list[Move]) -> list[Record]:
    """The log of whatever the rules let through of a random history."""
    events: list[ev.Event] = [ev.DisciplineSet(discipline.text)]
    events += [ev.EntryAdded(each, each) for each in ("e1", "e2", "e3")]
    states: dict[str, RunState | None] = {}
    now_us = 0
    for (entry, attempt), move in history:
        run = f"{entry}-{attempt}"
        for command in (cmd.OpenRun(run, entry, attempt, "1"), *move):
            now_us += 100_000_000
            state = states.get(run)
            with suppress(RuleError):
                for event in decide(discipline, state, command, now_us):
                    state = states[run] = apply(state, event)
                    events.append(event)
    return log(*events)


@given(discipline=ruled, history=histories, data=st.data())
def test_folding_in_any_split_equals_folding_the_whole(
    discipline: Discipline, history: list[Move], data: st.DataObject
) -> None:
    records = played(discipline, history)
    state = fold(records[: data.draw(st.integers(0, len(records)))])
    for record in records[state.rev :]:
        state = apply_record(state, record)
    assert state == fold(records)


@given(discipline=ruled, history=histories)
def test_applying_a_record_leaves_the_earlier_state_as_it_was(
    discipline: Discipline, history: list[Move]
) -> None:
    records = played(discipline, history)
    states = [ContestState()]
    for record in records:
        states.append(apply_record(states[-1], record))
    assert states == [fold(records[:number]) for number in range(len(records) + 1)]


@given(discipline=ruled, history=histories)
def test_every_event_of_a_history_survives_the_log(discipline: Discipline, history: list[Move]) -> None:
    for record in played(discipline, history):
        assert ev.to_record(read_event(record.kind, record.payload)) == (record.kind, record.payload)


@given(discipline=ruled, history=histories)
def test_a_voided_run_counts_as_if_it_had_never_happened(discipline: Discipline, history: list[Move]) -> None:
    records = played(discipline, history)
    state = fold(records)
    for run in [each for each in state.runs.values() if each.phase not in ("voided", "rerun")]:
        (voided,) = decide(discipline, run, cmd.Void("wrong robot"), 0)
        void = Record(state.rev + 1, 0, "judge", "test", *ev.to_record(voided), voids=run.accepted_seq)
        never = [each for each in records if each.payload.get("run") != run.run]
        assert standings(apply_record(state, void)) == standings(fold(never))


@given(discipline=ruled, history=histories)
def test_every_row_of_every_table_can_be_explained(discipline: Discipline, history: list[Move]) -> None:
    state = fold(played(discipline, history))
    for standing in standings(state):
        told = explain(state, standing.entry)
        assert told.standing == standing
        assert [each.attempt for each in told.runs if each.reason == "counted"] == list(standing.counted)


@given(discipline=ruled, history=histories)
def test_interleaving_of_runs_does_not_change_the_table(discipline: Discipline, history: list[Move]) -> None:
    records = played(discipline, history)
    apart = sorted(records, key=lambda each: str(each.payload.get("run", "")))
    assert standings(fold(apart)) == standings(fold(records))


@given(discipline=ruled, history=histories, command=commands)
def test_what_is_not_allowed_is_refused(
    discipline: Discipline, history: list[Move], command: cmd.Command
) -> None:
    for run in fold(played(discipline, history)).runs.values():
        if command.KIND not in cmd.SYSTEM_KINDS and command.KIND not in allowed(discipline, run):
            with pytest.raises(RuleError):
                decide(discipline, run, command, 0)
