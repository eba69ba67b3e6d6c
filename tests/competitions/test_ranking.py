"""Tables: places, ties, statuses, settlements and explanations."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions import commands as cmd
from competitions import events as ev
from competitions.aggregation import aggregate
from competitions.contest import ContestState, Record, fold
from competitions.disciplines import Discipline, parse_discipline
from competitions.errors import RuleError
from competitions.key_values import KeyValue
from competitions.placing import DuplicateTeamError, Standing, rank
from competitions.ranking import Comparison, explain, standings
from competitions.results import Measurement, Result
from competitions.scoring import score
from competitions.statuses import Status
from competitions.ties import draw_order
from tests.competitions.benches import Bench, discipline_text, penalty

SPRINT = parse_discipline(discipline_text())
Given = Measurement | None
Row = tuple[int | None, bool, bool]


def at(seconds: float, bound_us: int = 0, **more: int) -> Measurement:
    return Measurement(elapsed_us=round(seconds * 1_000_000), bound_us=bound_us, penalties=more)


def declared(status: str) -> Measurement:
    return Measurement(declared=Status(status))


def table(discipline: Discipline, teams: dict[str, list[Given]]) -> tuple[Standing, ...]:
    results = []
    for entry, attempts in teams.items():
        scored = tuple(None if each is None else score(discipline, each) for each in attempts)
        results.append(aggregate(discipline, entry, scored + (None,) * (discipline.attempts - len(scored))))
    return rank(results, discipline.ranking, discipline.tie)


def places(discipline: Discipline, teams: dict[str, list[Given]]) -> dict[str, Row]:
    return {each.entry: (each.place, each.tied, each.unresolved) for each in table(discipline, teams)}


def test_the_empty_event_has_an_empty_table() -> None:
    assert standings(ContestState()) == ()
    assert standings(fold([])) == ()
    assert rank([], SPRINT.ranking) == ()
    only_rules = fold([Record(1, 0, "a", "t", "discipline_set", {"text": SPRINT.text})])
    assert standings(only_rules) == ()


def test_equal_results_share_a_place_and_the_next_is_skipped() -> None:
    assert places(SPRINT, {"a": [at(9)], "b": [at(8)], "c": [at(8)], "d": [at(9)], "e": [at(10)]}) == {
        "b": (1, True, False),
        "c": (1, True, False),
        "a": (3, True, False),
        "d": (3, True, False),
        "e": (5, False, False),
    }


def test_zero_is_a_time_and_missing_is_not_zero() -> None:
    assert places(SPRINT, {"a": [at(0)], "b": [at(1)], "c": [None]}) == {
        "a": (1, False, False),
        "b": (2, False, False),
        "c": (None, False, False),
    }


def test_statuses_come_behind_and_did_not_finish_shares() -> None:
    rows = table(
        SPRINT,
        {
            "dsq": [declared("DSQ")],
            "dns": [declared("DNS")],
            "new": [],
            "dnf2": [declared("DNF"), declared("DSQ")],
            "dnf1": [declared("DNF")],
            "ok": [declared("DSQ"), at(99)],
        },
    )
    assert [(each.entry, each.place, each.tied) for each in rows] == [
        ("ok", 1, False),
        ("dnf1", 2, True),
        ("dnf2", 2, True),
        ("new", None, False),
        ("dns", None, False),
        ("dsq", None, False),
    ]


def test_disqualification_comes_before_comparison() -> None:
    rules = parse_discipline(discipline_text('disqualifies = "entry"'))
    assert places(rules, {"a": [at(1), declared("DSQ")], "b": [at(50)]}) == {
        "b": (1, False, False),
        "a": (None, False, False),
    }


def test_overlapping_bounds_share_although_the_values_differ() -> None:
    assert places(SPRINT, {"a": [at(8, 500)], "b": [at(8.001, 500)], "c": [at(8.002, 499)]}) == {
        "a": (1, True, True),
        "b": (1, True, True),
        "c": (3, False, False),
    }


def test_a_wide_bound_joins_all_that_it_reaches() -> None:
    assert places(SPRINT, {"a": [at(8)], "b": [at(8.1)], "wide": [at(8.3, 300_000)], "c": [at(9)]}) == {
        "a": (1, True, True),
        "b": (1, True, True),
        "wide": (1, True, True),
        "c": (4, False, False),
    }


def test_a_later_key_is_not_asked_to_order_what_overlaps() -> None:
    second = '[[ranking]]\nkey = "points"\ndirection = "asc"\n[ranking.name]\nkk = "a"\nru = "b"\nen = "c"\n'
    rules = parse_discipline(discipline_text(tables=penalty("touch", "points = 1")) + second)
    assert places(rules, {"a": [at(8, touch=1)], "b": [at(8)]}) == {
        "b": (1, False, False),
        "a": (2, False, False),
    }
    assert places(rules, {"a": [at(8, 500, touch=1)], "b": [at(8.0005, 500)]}) == {
        "a": (1, True, True),
        "b": (1, True, True),
    }


@pytest.mark.parametrize("rule", ["rematch", "judge", "draw"])
def test_a_tie_waits_for_what_the_discipline_asks_for(rule: str) -> None:
    rules = parse_discipline(discipline_text(f'tie = "{rule}"'))
    rows = table(rules, {"a": [at(8)], "b": [at(8)]})
    assert [(each.place, each.unresolved, each.due) for each in rows] == [(1, True, rule), (1, True, rule)]


def test_next_best_attempts_tell_equal_bests_apart() -> None:
    rules = parse_discipline(discipline_text(tables='[aggregate]\nmethod = "best"\nnext_best = true'))
    assert places(rules, {"a": [at(8)], "b": [at(8), at(9)], "c": [at(8.5), at(8)]}) == {
        "c": (1, False, False),
        "b": (2, False, False),
        "a": (3, False, False),
    }


AGGREGATES: list[tuple[str, list[Given], int | None]] = [
    ('method = "last"', [at(5), at(9)], 9_000_000),
    ('method = "last"', [at(5), declared("DNF")], None),
    ('method = "sum_best_n"\nn = 2', [at(5), at(9)], 14_000_000),
    ('method = "sum_best_n"\nn = 2', [at(5), declared("DNF")], None),
    ('method = "sum_best_n"\nn = 2\nfewer = "count_those"', [at(5), declared("DNF")], 5_000_000),
    ('method = "mean_best_n"\nn = 2', [at(5), at(9)], 7_000_000),
    ('method = "mean_best_n"\nn = 2', [at(5), at(5.000001)], 5_000_001),
    ('method = "best"', [at(5), at(9)], 5_000_000),
]


@pytest.mark.parametrize(("rule", "attempts", "value_us"), AGGREGATES)
def test_attempts_become_one_result(rule: str, attempts: list[Given], value_us: int | None) -> None:
    row = table(parse_discipline(discipline_text(tables=f"[aggregate]\n{rule}")), {"a": attempts})[0]
    assert row.result is not None
    assert (row.result.value_us, row.status) == (value_us, Status.OK if value_us is not None else Status.DNF)


def test_a_team_that_may_still_reach_its_number_of_runs_is_not_called_unfinished() -> None:
    rules = parse_discipline(discipline_text(tables='[aggregate]\nmethod = "mean_best_n"\nn = 2'))
    row = table(rules, {"a": [at(5), None]})[0]
    assert (row.place, row.status, row.result) == (None, None, None)


def test_a_sum_is_as_uncertain_as_its_parts_together() -> None:
    rules = parse_discipline(discipline_text(tables='[aggregate]\nmethod = "sum_best_n"\nn = 2'))
    assert table(rules, {"a": [at(5, 300), at(9, 400)]})[0].keys == (KeyValue(14_000_000, 700),)


def test_a_score_of_points_carries_the_bound_of_its_time() -> None:
    text = discipline_text(tables='[score]\nexpression = "100.0 - double(time_us) / 1000000.0"', key="score")
    rules = parse_discipline(text.replace('"asc"', '"desc"').replace('unit = "us"', "quantum = 0.001"))
    rows = table(rules, {"a": [at(8, 2000)], "b": [at(8.003, 2000)], "c": [at(30)]})
    assert [(each.entry, each.place) for each in rows] == [("a", 1), ("b", 1), ("c", 3)]
    assert rows[0].result is not None
    assert (rows[0].result.score, round(rows[0].result.score_bound, 6)) == (92.0, 0.002)


def test_a_team_that_occurs_twice_is_refused() -> None:
    team = aggregate(SPRINT, "a", (Result(Status.OK, 1), None))
    with pytest.raises(DuplicateTeamError) as error:
        rank([team, team], SPRINT.ranking)
    assert error.value.params == {"entry": "a"}


def contest(times: dict[str, list[float | str]], settings: str = "", *more: ev.Event) -> ContestState:
    rules = parse_discipline(discipline_text(settings))
    events: list[ev.Event] = [ev.DisciplineSet(rules.text)]
    for entry, attempts in times.items():
        events.append(ev.EntryAdded(entry, f"Team {entry}"))
        for number, attempt in enumerate(attempts, 1):
            bench = Bench(rules, run=f"{entry}{number}", entry=entry, attempt=number)
            if isinstance(attempt, str):
                bench.do(cmd.ProposeStatus(Status(attempt), "seen"))
            else:
                bench.do(cmd.ProposeManual(round(attempt * 1_000_000), 0))
            bench.do(cmd.Accept())
            events += bench.events
    records = [
        Record(seq, seq, "judge", "test", *ev.to_record(each)) for seq, each in enumerate([*events, *more], 1)
    ]
    return fold(records)


def test_a_draw_is_repeatable_from_its_seed() -> None:
    tied: dict[str, list[float | str]] = {"a": [8], "b": [8], "c": [8]}
    forged = ev.TieSettled(["a", "b", "c"], "draw", seed=7)
    drawn = standings(contest(tied, 'tie = "draw"', forged))
    assert tuple(each.entry for each in drawn) == draw_order(7, "abc")
    assert [(each.place, each.tied, each.unresolved) for each in drawn] == [
        (1, False, False), (2, False, False), (3, False, False),
    ]  # fmt: skip


def test_a_judge_s_order_holds_for_exactly_those_who_are_tied() -> None:
    settled = ev.TieSettled(["b", "a"], "judge", reason="nearer to the line's end")
    rows = standings(contest({"a": [8], "b": [8]}, 'tie = "judge"', settled))
    assert [(each.entry, each.place, each.tie) for each in rows] == [("b", 1, "settled"), ("a", 2, "settled")]
    rows = standings(contest({"a": [8], "b": [8], "c": [8]}, 'tie = "judge"', settled))
    assert [(each.place, each.unresolved) for each in rows] == [(1, True), (1, True), (1, True)]


def test_only_accepted_results_of_known_entries_count() -> None:
    state = contest({"a": [8], "b": [9]})
    void = ev.RunVoided("a1", "wrong robot")
    rows = standings(fold([*_log(state), Record(99, 99, "judge", "test", *ev.to_record(void), voids=4)]))
    assert [(each.entry, each.place) for each in rows] == [("b", 1), ("a", None)]


def _log(state: ContestState) -> list[Record]:
    records = (
        [Record(1, 1, "j", "t", "discipline_set", {"text": state.discipline.text})]
        if state.discipline
        else []
    )
    for entry in state.entries.values():
        records.append(Record(1, 1, "j", "t", *ev.to_record(ev.EntryAdded(entry.entry, entry.team))))
    return records + [record for run in state.runs.values() for record in run.timeline]


def test_a_withdrawn_team_stays_only_with_a_result() -> None:
    withdrawn = [ev.EntryWithdrawn("a"), ev.EntryWithdrawn("b")]
    rows = standings(contest({"a": [8], "b": [], "c": [9]}, "", *withdrawn))
    assert [(each.entry, each.place) for each in rows] == [("a", 1), ("c", 2)]


def test_explain_names_the_runs_the_key_and_the_neighbours() -> None:
    state = contest({"a": [8.5, 9], "b": [8, "DNF"], "c": [8.5], "d": ["DNF"]})
    told = explain(state, "a")
    assert [(each.run, each.attempt, each.reason) for each in told.runs] == [
        ("a1", 1, "counted"),
        ("a2", 2, "worse"),
    ]
    assert told.above == Comparison("b", 1, "key", 0, 1, KeyValue(8_500_000), KeyValue(8_000_000))
    assert told.below == Comparison("c", 2, "equal")
    assert [each.reason for each in explain(state, "b").runs] == ["counted", "not_counted"]
    assert explain(state, "c").below == Comparison("d", 4, "status")
    assert explain(state, "b").above is None


def test_explain_tells_an_overlap_and_a_settlement(built_in: Callable[[str], Discipline]) -> None:
    state = contest({"a": [8], "b": [8]}, "", ev.TieSettled(["b", "a"], "judge"))
    assert explain(state, "a").above == Comparison("b", 1, "settled")
    rules = built_in("line_following_b")
    benches = [Bench(rules, run=entry, entry=entry) for entry in ("a", "b")]
    for number, bench in enumerate(benches):
        bench.do(cmd.ProposeManual(8_000_000 + number * 5000, 200_000))
        bench.do(cmd.Accept())
    entries = [ev.DisciplineSet(rules.text), ev.EntryAdded("a", "A"), ev.EntryAdded("b", "B")]
    events = [*entries, *benches[0].events, *benches[1].events]
    state = fold([Record(n, n, "j", "t", *ev.to_record(each)) for n, each in enumerate(events, 1)])
    assert explain(state, "b").above == Comparison(
        "a", 1, "overlap", 0, 1, KeyValue(8_005_000, 200_000), KeyValue(8_000_000, 200_000)
    )


def test_two_that_lie_apart_are_told_to_be_linked_by_a_time_taken_less_exactly() -> None:
    benches = [Bench(SPRINT, run=entry, entry=entry) for entry in ("a", "b", "hand")]
    for bench, value_us, bound_us in zip(
        benches, (29_820_000, 29_990_000, 30_000_000), (1000, 1000, 200_000), strict=True
    ):
        bench.do(cmd.ProposeManual(value_us, bound_us))
        bench.do(cmd.Accept())
    events = [ev.DisciplineSet(SPRINT.text), *(ev.EntryAdded(each, each) for each in ("a", "b", "hand"))]
    events += [event for bench in benches for event in bench.events]
    state = fold([Record(n, n, "j", "t", *ev.to_record(each)) for n, each in enumerate(events, 1)])
    told = explain(state, "b")
    assert told.above == Comparison(
        "a", 1, "linked", 0, 1, KeyValue(29_990_000, 1000), KeyValue(29_820_000, 1000)
    )
    assert told.below is not None
    assert (told.below.entry, told.below.decided) == ("hand", "overlap")


def test_explain_says_that_only_the_last_attempt_counts() -> None:
    state = contest({"a": [30, 40]}, '[aggregate]\nmethod = "last"')
    assert [each.reason for each in explain(state, "a").runs] == ["not_last", "counted"]


def test_explain_of_nobody_is_refused() -> None:
    with pytest.raises(RuleError) as error:
        explain(contest({"a": [8]}), "zz")
    assert error.value.code == "unknown_entry"
    with pytest.raises(RuleError) as error:
        explain(ContestState(), "a")
    assert error.value.code == "no_discipline"


attempts = st.one_of(
    st.none(),
    st.builds(declared, st.sampled_from(["DNF", "DNS", "DSQ"])),
    st.builds(
        Measurement,
        elapsed_us=st.integers(0, 60) | st.integers(0, 60_000_000),
        bound_us=st.sampled_from([0, 0, 1, 3, 400, 200_000]),
    ),
)
fields_of_teams = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3), st.lists(attempts, max_size=2), max_size=12
)
RULES = [
    parse_discipline(discipline_text(tables=tables))
    for tables in ("", "[aggregate]\nnext_best = true", '[aggregate]\nmethod = "mean_best_n"\nn = 2')
]


@given(rules=st.sampled_from(RULES), teams=fields_of_teams, data=st.data())
def test_the_table_does_not_depend_on_the_order_of_teams(
    rules: Discipline, teams: dict[str, list[Given]], data: st.DataObject
) -> None:
    shuffled = dict(data.draw(st.permutations(list(teams.items()))))
    assert table(rules, teams) == table(rules, shuffled)


@given(teams=fields_of_teams)
def test_a_better_place_is_always_certain(teams: dict[str, list[Given]]) -> None:
    ranked = [each for each in table(SPRINT, teams) if each.keys]
    for above in ranked:
        for below in ranked:
            (mine, my_bound), (theirs, their_bound) = above.keys[0], below.keys[0]
            assert mine is not None
            assert theirs is not None
            if above.place is not None and below.place is not None and above.place < below.place:
                assert mine + my_bound < theirs - their_bound


@given(teams=fields_of_teams)
def test_places_count_those_ahead(teams: dict[str, list[Given]]) -> None:
    rows = [each for each in table(SPRINT, teams) if each.place is not None]
    for each in rows:
        assert each.place == 1 + sum((other.place or 0) < (each.place or 0) for other in rows)
        assert each.tied == (sum(other.place == each.place for other in rows) > 1)
