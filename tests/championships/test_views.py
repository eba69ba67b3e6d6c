"""What pages and streams get: whole values, and nothing that is not listed."""

import json
from typing import Any

import pytest

from competitions import commands as cmd
from competitions.statuses import Status
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.views import board_view, explain_view, run_view
from lab_controller.clock import ManualClock
from lab_controller.errors import Forbidden, NotFound
from tests.championships.boards import Board, Hall
from tests.championships.contests import SLUG, Judge


def board(service: ChampionshipService) -> dict[str, Any]:
    return board_view(service.folded(SLUG), service.clock.now_us())


def result(value_us: int | None, bound_us: int = 200_000, status: str = "OK") -> dict[str, Any]:
    return {
        "status": status,
        "value_us": value_us,
        "bound_us": bound_us,
        "score": None,
        "counted_us": value_us,
        "laps": None,
        "best_lap_us": None,
    }


def start_run(service: ChampionshipService, run: str, entry: str) -> Board:
    """A robot on its way: opened, armed, through the start."""
    gate_board = Board()
    hall = Hall(service, gate_board)
    judge = Judge(service, name=f"judge-of-{run}")
    judge.open_run(run, entry)
    judge.order(run, cmd.Arm("0a0b0c0d"))
    hall.carry()
    gate_board.passes(1)
    hall.carry()
    return gate_board


def test_the_board_before_anything_has_run(service: ChampionshipService) -> None:
    shown = board(service)
    rows = shown.pop("rows")
    assert shown == {
        "slug": SLUG,
        "name": {"kk": "Кубок", "ru": "Кубок", "en": "Cup"},
        "discipline": {"id": "test_line", "name": {"kk": "Сызық", "ru": "Линия", "en": "Line"}},
        "rev": 6,
        "hash": service.folded(SLUG).hash,
        "embargo": False,
        "ranking_unit": "time",
        "now": [],
        "next": [
            {"entry": "1", "team": "Alpha"},
            {"entry": "2", "team": "Beta"},
            {"entry": "3", "team": "Gamma"},
        ],
    }
    assert [(row["entry"], row["place"], row["attempts"], row["result"]) for row in rows] == [
        (entry, None, [None, None, None], None) for entry in ("1", "2", "3")
    ]


def test_the_board_shows_places_and_who_is_on_the_field(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.time_by_hand("r1", 14_000_000, "1")
    judge.time_by_hand("r2", 12_000_000, "2")
    judge.open_run("r3", "1", attempt=2)
    judge.order("r3", cmd.Arm("0a0b0c0d"))
    shown = board(service)
    assert shown["now"] == [
        {
            "run": "r3",
            "field": "1",
            "lane": 1,
            "entry": "1",
            "team": "Alpha",
            "school": "School 1",
            "attempt": 2,
            "attempts": 3,
            "phase": "arming",
            "elapsed_us": None,
            "age_us": None,
            "laps": None,
            "proposal": None,
            "best_us": 14_000_000,
            "gap_us": None,
        }
    ]
    assert shown["rows"][0] == {
        "place": 1,
        "tied": False,
        "unresolved": False,
        "entry": "2",
        "team": "Beta",
        "school": "School 2",
        "attempts": [result(12_000_000), None, None],
        "result": result(12_000_000),
    }


def test_the_age_of_a_run_grows_and_its_proposal_says_how_far_behind(
    service: ChampionshipService, clock: ManualClock
) -> None:
    Judge(service).time_by_hand("r1", 5_000_000, "2")
    gate_board = start_run(service, "r2", "1")
    clock.advance(us=1_500_000)
    (now,) = board(service)["now"]
    assert (now["phase"], now["age_us"], now["elapsed_us"]) == ("running", 1_500_000, None)
    gate_board.passes(2, after_us=7_000_000)
    Hall(service, gate_board).carry()
    (now,) = board(service)["now"]
    assert (now["phase"], now["age_us"], now["elapsed_us"]) == ("proposed", None, 7_000_000)
    assert (now["proposal"]["value_us"], now["gap_us"]) == (7_000_000, 2_000_000)


def test_under_embargo_no_time_place_or_score_leaves_the_lab(service: ChampionshipService) -> None:
    Judge(service).time_by_hand("r1", 12_345_678, "2")
    gate_board = start_run(service, "r2", "1")
    service.set_embargo("chief", SLUG, True, key="embargo")
    gate_board.passes(2, after_us=7_654_321)
    Hall(service, gate_board).carry()
    shown = board(service)
    text = json.dumps(shown)
    assert shown["embargo"]
    assert [row["team"] for row in shown["rows"]] == ["Alpha", "Beta", "Gamma"]
    assert all(row["place"] is None and row["result"] is None for row in shown["rows"])
    assert "12345678" not in text
    assert "7654321" not in text
    (now,) = shown["now"]
    assert [now[name] for name in ("elapsed_us", "age_us", "proposal", "best_us", "gap_us")] == [None] * 5
    with pytest.raises(Forbidden) as error:
        explain_view(service.state(SLUG), "2")
    assert error.value.code == "embargo"


def test_no_childs_name_reaches_a_view(service: ChampionshipService) -> None:
    row = TeamRow(2, "Delta", "School 3", coach="Ким А.", participants=("Аян С.",))
    service.add_entries("admin", SLUG, [row], key="delta")
    judge = Judge(service)
    judge.open_run("r1", "4")
    judge.order("r1", cmd.ProposeManual(9_000_000, 200_000))
    state = service.state(SLUG)
    text = json.dumps(
        [board(service), run_view(state, "r1", 0), explain_view(state, "4")], ensure_ascii=False
    )
    assert "Delta" in text
    assert "Аян" not in text
    assert "Ким" not in text


def test_a_run_for_its_judge(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    judge.order("r1", cmd.SetPenalty("touch", 2))
    judge.order("r1", cmd.ProposeManual(9_000_000, 200_000))
    shown = run_view(service.state(SLUG), "r1", service.clock.now_us())
    assert shown["proposal"] == {**result(19_000_000), "counted_us": 9_000_000}
    assert shown["penalties"] == [
        {
            "code": "touch",
            "name": {"kk": "Қол тигізу", "ru": "Касание", "en": "Touch"},
            "count": 2,
            "effect": {"time_us": 5_000_000, "points": 0, "laps": 0, "dsq_at": None},
        }
    ]
    assert [(step["seq"], step["kind"]) for step in shown["timeline"]] == [
        (7, "run_opened"),
        (8, "penalty_set"),
        (9, "result_proposed"),
    ]
    assert shown["gates"] == [
        {"device": "gate-a1b2c3", "point": "start", "lane": 1, "input": 1},
        {"device": "gate-a1b2c3", "point": "finish", "lane": 1, "input": 2},
    ]
    assert (shown["phase"], shown["rev"], shown["team"], shown["attempt"]) == ("proposed", 9, "Alpha", 1)
    assert "accept" in shown["allowed"]
    assert "arm" not in shown["allowed"]
    json.dumps(shown)
    with pytest.raises(NotFound):
        run_view(service.state(SLUG), "r9", 0)


def test_nothing_is_allowed_after_the_final_signature(service: ChampionshipService) -> None:
    Judge(service).time_by_hand("r1", 9_000_000)
    service.sign_final("chief", SLUG, "chief_judge", "A. Serik", key="s1")
    assert run_view(service.state(SLUG), "r1", 0)["allowed"] == []


def test_a_place_is_explained(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.time_by_hand("r1", 14_000_000, "1", attempt=1)
    judge.time_by_hand("r2", 15_000_000, "1", attempt=2)
    judge.time_by_hand("r3", 12_000_000, "2")
    judge.open_run("r4", "3")
    judge.order("r4", cmd.ProposeStatus(Status.DNF))
    judge.order("r4", cmd.Accept())
    shown = explain_view(service.state(SLUG), "1")
    assert (shown["place"], shown["counted"], shown["team"]) == (2, [1], "Alpha")
    assert [(run["run"], run["reason"]) for run in shown["runs"]] == [("r1", "counted"), ("r2", "worse")]
    key = {
        "name": {"kk": "Уақыт", "ru": "Время", "en": "Time"},
        "unit": "us",
        "direction": "asc",
        "quantum": 1000,
        "expression": "time_us",
    }
    assert shown["keys"] == [{**key, "value": 14_000_000, "bound": 200_000}]
    assert shown["above"] == {
        "entry": "2",
        "team": "Beta",
        "place": 1,
        "decided": "key",
        "round": 1,
        "key": key,
        "own": {"value": 14_000_000, "bound": 200_000},
        "other": {"value": 12_000_000, "bound": 200_000},
    }
    assert shown["below"]["decided"] == "status"
    with pytest.raises(NotFound):
        explain_view(service.state(SLUG), "99")


def test_standings_are_computed_again_only_when_they_can_have_moved(
    service: ChampionshipService, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge(service)
    judge.time_by_hand("r1", 14_000_000, "1")
    first = board(service)["rows"]
    monkeypatch.setattr("lab_controller.championships.standing_cache.standings", _not_again)
    judge.open_run("r2", "2")
    judge.order("r2", cmd.ProposeManual(1_000_000, 1))
    assert board(service)["rows"] == first
    monkeypatch.undo()
    judge.order("r2", cmd.Accept())
    assert board(service)["rows"][0]["entry"] == "2"


def _not_again(state: object) -> None:
    raise AssertionError("computed again")
