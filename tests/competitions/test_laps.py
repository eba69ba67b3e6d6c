"""Runs of several laps: crossings, their order, and the best lap, by gate and by hand."""

import pytest

from competitions import commands as cmd
from competitions.disciplines import parse_discipline
from competitions.statuses import Status
from tests.competitions.benches import Bench, discipline_text, refused

LAPS = "[laps]\ncount = 2\nminimum_s = 1\n{more}\n"


def laps(more: str = "", settings: str = "") -> Bench:
    tables = LAPS.format(more=more)
    bench = Bench(parse_discipline(discipline_text(settings, tables))).arm()
    bench.passage("start")
    return bench


BEST_LAP = "[laps]\n{laps}\n"


def best_lap_race(laps: str, settings: str = "") -> Bench:
    return Bench(
        parse_discipline(discipline_text(settings, tables=BEST_LAP.format(laps=laps), key="best_lap_us"))
    )


def test_a_best_lap_by_hand_is_as_good_as_the_hand_that_took_it() -> None:
    bench = best_lap_race("count = 3")
    bench.do(cmd.ProposeManual(33_000_000, 200_000, best_lap_us=10_400_000))
    result = bench.run.proposal
    assert result is not None
    assert (result.status, result.value_us, result.best_lap_us, result.best_lap_bound_us) == (
        Status.OK,
        33_000_000,
        10_400_000,
        200_000,
    )
    bench.do(cmd.ProposeManual(33_000_000, 200_000, best_lap_us=10_900_000))
    assert bench.run.proposal is not None
    assert bench.run.proposal.best_lap_us == 10_900_000


@pytest.mark.parametrize("best_lap_us", [-1, 9_000_001])
def test_a_best_lap_is_no_longer_than_the_whole_time(best_lap_us: int) -> None:
    bench = best_lap_race("count = 3")
    assert refused(bench, cmd.ProposeManual(9_000_000, 0, best_lap_us=best_lap_us)) == (
        "out_of_range",
        {"name": "best_lap_us", "least": 0, "most": 9_000_000},
    )


@pytest.mark.parametrize(
    ("laps", "counted", "best_lap_us"),
    [
        ("count = 1", None, 9_000_000),
        ("", 1, 9_000_000),
        ("", 0, None),
        ("", 2, "best_lap_missing"),
        ("count = 3", None, "best_lap_missing"),
        ('opens = "first_crossing"', 1, "best_lap_missing"),
    ],
)
def test_the_only_lap_is_the_best_one_and_of_several_it_is_asked_for(
    laps: str, counted: int | None, best_lap_us: int | str | None
) -> None:
    bench = best_lap_race(laps, "" if "count" in laps else 'time_limit_s = 60\nover_limit = "OK"')
    command = cmd.ProposeManual(9_000_000, 200_000, counted)
    if best_lap_us == "best_lap_missing":
        assert refused(bench, command) == ("best_lap_missing", {})
        return
    bench.do(command)
    assert bench.run.proposal is not None
    assert bench.run.proposal.best_lap_us == best_lap_us


def test_rules_that_do_not_rank_the_best_lap_do_not_ask_for_it() -> None:
    bench = laps()
    bench.do(cmd.ProposeManual(9_000_000, 200_000))
    assert bench.run.proposal is not None
    assert (bench.run.proposal.status, bench.run.proposal.best_lap_us) == (Status.OK, None)


def test_laps_count_from_the_start() -> None:
    bench = laps()
    bench.passage("finish", 10_000_000, bound_us=4)
    assert bench.passage("finish", 19_000_000, bound_us=4) == [
        "passage_seen",
        "lap_completed",
        "result_proposed",
    ]
    assert [tuple(each) for each in bench.run.laps] == [(1, 10_000_000, 4), (2, 9_000_000, 8)]
    result = bench.run.proposal
    assert result is not None
    assert (result.value_us, result.laps, result.best_lap_us, result.best_lap_bound_us) == (
        19_000_000,
        2,
        9_000_000,
        8,
    )


def test_first_crossing_can_open_lap_one_instead_of_ending_it() -> None:
    bench = laps('opens = "first_crossing"')
    assert bench.passage("finish", 2_000_000) == ["passage_seen"]
    bench.passage("finish", 12_000_000)
    assert [tuple(each) for each in bench.run.laps] == [(1, 10_000_000, 0)]


def test_crossing_sooner_than_the_minimum_lap_is_kept_but_not_counted() -> None:
    bench = laps()
    assert bench.passage("finish", 999_999) == ["passage_seen"]
    assert bench.run.timeline[-1].payload["reason"] == "minimum_lap"
    bench.passage("finish", 1_000_000)
    assert len(bench.run.laps) == 1


def test_a_crossing_that_comes_after_a_later_one_is_told_and_not_taken_for_a_bounce() -> None:
    bench = laps()
    bench.passage("finish", 20_000_000)
    assert bench.passage("finish", 10_000_000) == ["passage_seen", "gate_fault"]
    assert (bench.run.faults[0]["code"], len(bench.run.laps)) == ("late_crossing", 1)
    assert bench.passage("finish", 19_500_000) == ["passage_seen"]
    assert bench.run.timeline[-1].payload["reason"] == "minimum_lap"
