"""Scores and keys by expression: types, missing values, and values that break them."""

import pytest

from competitions import commands as cmd
from competitions import events as ev
from competitions.contest import Record, fold
from competitions.disciplines import Discipline, parse_discipline
from competitions.errors import ExpressionError, RuleError
from competitions.expressions import compile_expression
from competitions.key_values import KeyValue, key_value
from competitions.ranking import standings
from competitions.results import Measurement
from competitions.scoring import score
from competitions.statuses import Status
from tests.competitions.benches import Bench, discipline_text, penalty

NAME = 'name = { kk = "a", ru = "b", en = "c" }\n'


def param(name: str, kind: str, more: str = "") -> str:
    return f'[[params]]\nid = "{name}"\nkind = "{kind}"\n{NAME}{more}\n'


def scored(expression: str, *tables: str) -> Discipline:
    text = discipline_text(tables="\n".join([*tables, f'[score]\nexpression = "{expression}"']), key="score")
    return parse_discipline(text)


def test_a_score_needs_no_time() -> None:
    rules = scored("params.pins * 5 - points", param("pins", "number"), penalty("push", "points = 2"))
    result = score(rules, Measurement(params={"pins": 7}, penalties={"push": 3}))
    assert (result.status, result.score, result.value_us) == (Status.OK, 29, None)


def test_a_whole_value_of_a_decimal_param_stays_decimal() -> None:
    rules = scored("params.metres * 1.5", param("metres", "decimal"))
    assert score(rules, Measurement(params={"metres": 3})).score == 4.5


def test_a_value_not_entered_gives_no_score_and_zero_gives_one() -> None:
    rules = scored("params.pins * 5", param("pins", "number"))
    assert score(rules, Measurement()).score is None
    assert score(rules, Measurement(params={"pins": 0})).score == 0


def test_an_expression_can_ask_whether_a_value_was_entered() -> None:
    rules = scored("has(params.bonus) && params.bonus ? 10 : 0", param("bonus", "toggle"))
    assert [
        score(rules, Measurement(params=each)).score for each in ({}, {"bonus": False}, {"bonus": True})
    ] == [
        0,
        0,
        10,
    ]


def test_an_attempt_that_does_not_count_has_no_score() -> None:
    rules = scored("params.pins * 5", param("pins", "number"))
    result = score(rules, Measurement(params={"pins": 3}, declared=Status.DSQ))
    assert (result.status, result.score) == (Status.DSQ, None)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("10 / params.pins", "expression_failed"),
        ("9223372036854775807 + 1 + params.pins", "expression_failed"),
        ("1.0 / double(params.pins)", "expression_not_a_number"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_its_reason(expression: str, code: str) -> None:
    rules = scored(expression, param("pins", "number"))
    with pytest.raises(ExpressionError) as error:
        score(rules, Measurement(params={"pins": 0}))
    assert error.value.code == code
    bench = Bench(rules)
    bench.do(cmd.SetParam("pins", 0))
    with pytest.raises(RuleError) as refused:
        bench.do(cmd.ProposeStatus(Status.OK))
    assert refused.value.code == code


def test_a_key_made_of_a_score_made_of_a_time_keeps_the_bound_of_the_time() -> None:
    text = discipline_text(tables='[score]\nexpression = "time_us / 2"', key="finished ? score : 0")
    rules = parse_discipline(text)
    result = score(rules, Measurement(elapsed_us=8_000_000, bound_us=3000))
    assert (result.score, result.score_bound) == (4_000_000, 1500)
    assert key_value(rules.ranking[0], result) == (4_000_000, 1500)


def test_a_finish_whose_score_cannot_be_computed_is_kept_and_told() -> None:
    bench = Bench(scored("time_us / params.pins", param("pins", "number"))).arm()
    bench.do(cmd.SetParam("pins", 0))
    bench.passage("start")
    assert bench.passage("finish", 9_000_000) == ["passage_seen", "gate_fault"]
    assert (bench.run.phase, bench.run.faults[0]["code"]) == ("running", "expression_failed")
    bench.do(cmd.SetParam("pins", 3))
    bench.do(cmd.ProposeStatus(Status.OK))
    assert bench.run.proposal is not None
    assert bench.run.proposal.score == 3_000_000


def test_a_ranking_key_that_cannot_be_computed_is_refused_before_it_is_accepted() -> None:
    text = discipline_text(tables=param("pins", "number"), key="time_us / params.pins")
    bench = Bench(parse_discipline(text))
    bench.do(cmd.SetParam("pins", 0))
    with pytest.raises(RuleError) as error:
        bench.do(cmd.ProposeManual(9_000_000, 0))
    assert error.value.code == "expression_failed"


def test_a_key_that_a_change_of_rules_broke_is_missing_and_the_table_stands() -> None:
    rules = parse_discipline(discipline_text(tables=param("pins", "number"), key="time_us"))
    bench = Bench(rules)
    bench.do(cmd.SetParam("pins", 0))
    bench.do(cmd.ProposeManual(9_000_000, 0))
    bench.do(cmd.Accept())
    changed = discipline_text(tables=param("pins", "number"), key="time_us / params.pins")
    events = [
        ev.DisciplineSet(rules.text),
        ev.EntryAdded("Aqqu", "A"),
        *bench.events,
        ev.DisciplineSet(changed),
    ]
    (row,) = standings(
        fold([Record(n, n, "j", "t", *ev.to_record(each)) for n, each in enumerate(events, 1)])
    )
    assert (row.place, row.keys) == (1, (KeyValue(None),))


def test_required_values_are_asked_for_before_a_result_is_accepted() -> None:
    bench = Bench(scored("params.pins * 5", param("pins", "number", "least = 0\nmost = 10")))
    bench.do(cmd.ProposeStatus(Status.OK))
    with pytest.raises(RuleError) as error:
        bench.do(cmd.Accept())
    assert (error.value.code, error.value.params) == ("param_missing", {"name": "pins"})
    bench.do(cmd.SetParam("pins", 4))
    bench.do(cmd.Accept())
    assert bench.run.result is not None
    assert bench.run.result.score == 20


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("number", 1.5, "wrong_type"),
        ("number", True, "wrong_type"),
        ("number", 11, "out_of_range"),
        ("toggle", 1, "wrong_type"),
        ("decimal", float("nan"), "wrong_type"),
        ("decimal", "3", "wrong_type"),
        ("time_us", -1, "wrong_type"),
    ],
)
def test_a_value_that_does_not_fit_its_param_is_refused(kind: str, value: float, code: str) -> None:
    bench = Bench(parse_discipline(discipline_text(tables=param("x", kind, "most = 10"))))
    with pytest.raises(RuleError) as error:
        bench.do(cmd.SetParam("x", value))
    assert error.value.code == code


@pytest.mark.parametrize(
    ("text", "bound"), [("time_us + best_lap_us", 30), ("time_us - best_lap_us", 30), ("-time_us", 20)]
)
def test_times_that_are_off_in_opposite_directions_are_bounded_too(text: str, bound: int) -> None:
    given = {"time_us": 1_000, "bound_us": 20, "best_lap_us": 300, "best_lap_bound_us": 10}
    bounded = compile_expression(text).bounded(given)
    assert bounded is not None
    assert bounded[1] == bound
