"""A judge accepts what was on the screen and nothing else."""

from typing import Any

import pytest

from competitions import commands as cmd
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.writing import Receipt
from lab_controller.errors import Conflict, LabError
from tests.championships.contests import SLUG, Judge


def code_of(error: pytest.ExceptionInfo[LabError]) -> str:
    return error.value.code


def head(service: ChampionshipService) -> tuple[int, str]:
    folded = service.folded(SLUG)
    return folded.seq, folded.hash


def test_a_judge_accepts_only_the_proposal_that_was_on_the_screen(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    judge.order("r1", cmd.ProposeManual(12_000_000, 200_000))
    shown = {"status": "OK", "value_us": 12_000_000, "counted_us": 12_000_000}
    judge.order("r1", cmd.SetPenalty("touch", 1))

    def accept(key: str) -> Receipt:
        return service.execute(SLUG, "r1", cmd.Accept(), actor="judge", source="tablet", key=key, seen=shown)

    before = head(service)
    with pytest.raises(Conflict) as error:
        accept("k1")
    assert (code_of(error), head(service)) == ("proposal_changed", before)
    judge.order("r1", cmd.SetPenalty("touch", 0))
    accepted = accept("k2")
    assert accepted.after.runs["r1"].phase == "accepted"
    # Sent again after a lost answer: what is done is not judged anew.
    judge.order("r1", cmd.Void("wrong robot"))
    assert accept("k2") == accepted


LAP_RACE = """
id = "lap_race"
version = 1
source = "a test"
attempts = 3
time_limit_s = 180
over_limit = "OK"
tie = "share"
[name]
kk = "Айналым"
ru = "Круги"
en = "Laps"
[laps]
[score]
expression = "laps * 10 + points + params.style"
[[penalties]]
code = "false_start"
laps = 1
[penalties.name]
kk = "Фальстарт"
ru = "Фальстарт"
en = "False start"
[[penalties]]
code = "push"
points = -2
[penalties.name]
kk = "Итеру"
ru = "Толчок"
en = "Push"
[[params]]
id = "style"
kind = "number"
[params.name]
kk = "Стиль"
ru = "Стиль"
en = "Style"
[[ranking]]
key = "score"
direction = "desc"
unit = "points"
[ranking.name]
kk = "Ұпай"
ru = "Очки"
en = "Points"
"""


@pytest.mark.parametrize(
    ("seen", "change"),
    [
        ({"laps": 10}, cmd.SetPenalty("false_start", 1)),
        ({"points": 0}, cmd.SetPenalty("push", 1)),
        ({"penalties": {"push": 0}}, cmd.SetPenalty("push", 1)),
        ({"score": 104}, cmd.SetParam("style", 5)),
        ({"params": {"style": 4}}, cmd.SetParam("style", 5)),
        ({"best_lap_us": 5_900_000}, cmd.ProposeManual(60_000_000, 200_000, 10, 5_800_000)),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else given.KIND,
)
def test_whatever_ranks_and_has_changed_on_another_tablet_is_not_accepted_unseen(
    service: ChampionshipService, seen: dict[str, Any], change: cmd.Command
) -> None:
    service.set_discipline("admin", SLUG, LAP_RACE, key="laps")
    judge = Judge(service)
    judge.open_run("r1")
    judge.order("r1", cmd.SetParam("style", 4))
    judge.order("r1", cmd.ProposeManual(60_000_000, 200_000, 10, 5_900_000))
    shown = {"status": "OK", "value_us": 60_000_000, "counted_us": 60_000_000, **seen}

    def accept(run: str) -> str:
        try:
            done = service.execute(
                SLUG, run, cmd.Accept(), actor="judge", source="tablet", key=run, seen=shown
            )
        except Conflict as error:
            return error.code
        return done.after.runs[run].phase

    judge.order("r1", change)
    assert accept("r1") == "proposal_changed"
    judge.open_run("r2", attempt=2)
    judge.order("r2", cmd.SetParam("style", 4))
    judge.order("r2", cmd.ProposeManual(60_000_000, 200_000, 10, 5_900_000))
    assert accept("r2") == "accepted"


def test_what_no_proposal_has_was_on_no_screen(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    judge.order("r1", cmd.ProposeManual(12_000_000, 200_000))
    with pytest.raises(Conflict) as error:
        service.execute(
            SLUG, "r1", cmd.Accept(), actor="judge", source="tablet", key="k1", seen={"colour": None}
        )
    assert code_of(error) == "proposal_changed"
