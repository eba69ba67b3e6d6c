"""Two boards, two lanes, two workers, one beam for everything."""

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import select

from competitions import commands as cmd
from lab_controller.bus.changes import Changes
from lab_controller.championships import arming
from lab_controller.championships.passages import PassageHandler
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.tables import PassageRow
from lab_controller.clock import ManualClock
from lab_controller.errors import Conflict
from tests.championships.boards import Board
from tests.championships.contests import SLUG, Judge, gate, set_up
from tests.championships.fields import Contest, time_us


@pytest.fixture
def two_boards(service: ChampionshipService) -> Contest:
    """Start on one board, finish on another; the second runs 100 ppm fast and began elsewhere."""
    gates = [gate("start", 1), gate("finish", 1, device="gate-f00001")]
    service.set_field("admin", SLUG, "1", gates, key="two-boards")
    return Contest(service, Board(us=5_000_000), Board("gate-f00001", "aaaa", us=900_000_000))


def test_two_boards_are_compared_by_their_fits(two_boards: Contest) -> None:
    start, finish = two_boards.hall.boards
    two_boards.hall.deliver(start.fit(50_000_000), finish.fit(50_000_000))
    two_boards.ready()
    start.passes(1, after_us=1_000_000)
    finish.passes(1, after_us=8_500_000)
    two_boards.hall.carry()
    run = two_boards.run()
    assert run.proposal is not None
    assert abs((run.proposal.value_us or 0) - 7_500_000) <= run.proposal.bound_us < 200
    evidence = [record.payload["evidence"] for record in run.timeline if record.kind == "passage_seen"][-1]
    assert (evidence["method"], sorted(evidence["fits"])) == ("two_boards", ["gate-a1b2c3", "gate-f00001"])


def test_the_finish_may_be_heard_of_before_the_start(two_boards: Contest) -> None:
    start, finish = two_boards.hall.boards
    two_boards.hall.deliver(start.fit(50_000_000), finish.fit(50_000_000))
    two_boards.ready()
    walked_through = finish.passes(1, after_us=500_000)
    first = start.passes(1, after_us=1_000_000)
    last = finish.passes(1, after_us=8_000_000)
    two_boards.hall.deliver(walked_through)
    two_boards.hall.deliver(last)
    assert two_boards.run().phase == "armed"
    two_boards.hall.deliver(first)
    run = two_boards.run()
    assert run.proposal is not None
    assert abs((run.proposal.value_us or 0) - 7_500_000) <= run.proposal.bound_us < 200
    assert two_boards.faults() == []


def test_boards_that_were_never_measured_give_no_time_and_say_so(two_boards: Contest) -> None:
    start, finish = two_boards.hall.boards
    two_boards.ready()
    start.passes(1)
    finish.passes(1)
    two_boards.hall.carry()
    assert (two_boards.run().phase, time_us(two_boards.run())) == ("running", None)
    assert [code for code, _ in two_boards.faults()] == ["no_fit"]


def test_two_lanes_of_one_board_time_two_robots_at_once(service: ChampionshipService) -> None:
    gates = [gate("start", 1), gate("finish", 2), gate("start", 3, lane=2), gate("finish", 4, lane=2)]
    service.set_field("admin", SLUG, "1", gates, key="two-lanes")
    contest = Contest(service)
    contest.ready("left", "1", lane=1)
    contest.ready("right", "2", lane=2)
    for lane, after_us in ((1, 1_000), (3, 20_000), (4, 6_000_000), (2, 500_000)):
        contest.board.passes(lane, after_us=after_us)
    contest.hall.carry()
    assert time_us(contest.run("left")) == 6_520_000
    assert time_us(contest.run("right")) == 6_000_000


def test_a_lane_that_is_done_leaves_the_other_armed(service: ChampionshipService) -> None:
    gates = [gate("start", 1), gate("finish", 2), gate("start", 3, lane=2), gate("finish", 4, lane=2)]
    service.set_field("admin", SLUG, "1", gates, key="two-lanes")
    contest = Contest(service)
    contest.ready("left", "1", lane=1)
    contest.ready("right", "2", lane=2)
    contest.judge.order("left", cmd.Void("broken wheel"))
    orders = [json.loads(each.payload) for each in contest.hall.published if each.topic.prop == "arm"]
    assert [order["armed"] for order in orders] == [True, True, True]
    contest.hall.carry()
    contest.board.passes(1)
    contest.board.passes(3)
    contest.board.passes(4, after_us=4_000_000)
    contest.hall.carry()
    assert (contest.run("left").late, time_us(contest.run("right"))) == ((), 4_000_000)


def test_two_workers_that_get_the_same_passages_at_once_count_them_once(
    service: ChampionshipService, clock: ManualClock
) -> None:
    """An armed and an idle board; each worker gets every message, in its own order."""
    contest = Contest(service)
    contest.ready()
    contest.drives(7_000_000)
    idle = Board("gate-d00001")
    for _ in range(20):
        idle.passes(1)
    messages = [*contest.board.outbox, *idle.outbox]
    barrier = threading.Barrier(2)

    def work(order: int) -> None:
        worker = ChampionshipService(service.database, clock, Changes())
        handler = PassageHandler(worker)
        barrier.wait()
        for message in messages[::order]:
            with worker.database.write() as session:
                handler.store(session, [message])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (1, -1)))
    assert time_us(contest.run()) == 7_000_000
    counted = [record.kind for record in contest.run().timeline if record.kind == "passage_seen"]
    assert len(counted) == 2
    with service.database.read() as session:
        assert len(session.exec(select(PassageRow)).all()) == 24


LAPS = """
id = "test_laps"
version = 1
source = "a test"
attempts = 1
tie = "share"

[name]
kk = "Айналым"
ru = "Круги"
en = "Laps"

[start]
point = "start"

[laps]
count = 3
minimum_s = 1

[aggregate]
method = "best"

[[ranking]]
key = "time_us"
direction = "asc"
unit = "us"
quantum = 1000

[ranking.name]
kk = "Уақыт"
ru = "Время"
en = "Time"
"""


def test_a_gate_that_two_championships_share_is_armed_for_one_of_them_at_a_time(
    service: ChampionshipService, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(service, "other-2026")
    judges = [Judge(service), Judge(service, "other-2026", "judge-2")]
    for number, judge in enumerate(judges):
        judge.open_run(f"r{number}")
    both = threading.Barrier(2)
    real = arming.ask

    def ask_together(*given: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return real(*given)

    def arm(number: int) -> str:
        try:
            judges[number].order(f"r{number}", cmd.Arm(f"{number:08x}"))
        except Conflict as error:
            return error.code
        return "armed"

    monkeypatch.setattr(arming, "ask", ask_together)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(arm, (0, 1))) == ["armed", "lane_busy"]


def test_one_beam_starts_counts_laps_and_finishes(service: ChampionshipService) -> None:
    service.set_discipline("admin", SLUG, LAPS, key="laps")
    service.set_field("admin", SLUG, "1", [gate("start", 1), gate("finish", 1)], key="one-beam")
    contest = Contest(service)
    contest.ready()
    for after_us in (1_000, 4_000_000, 300_000, 3_700_000, 4_500_000):
        contest.board.passes(1, after_us=after_us)
        contest.board.passes(1, after_us=0, edge="C")
    contest.hall.carry()
    run = contest.run()
    assert [lap.lap_us for lap in run.laps] == [4_000_000, 4_000_000, 4_500_000]
    assert time_us(run) == 12_500_000


def test_an_agent_that_was_restarted_between_two_fits_does_no_harm(two_boards: Contest) -> None:
    start, finish = two_boards.hall.boards
    two_boards.hall.deliver(start.fit(50_000_000), finish.fit(50_000_000))
    two_boards.hall.deliver(start.fit(77_000_000, clock_id="agent-2"))
    two_boards.ready()
    start.passes(1, after_us=1_000_000)
    finish.passes(1, after_us=8_500_000)
    two_boards.hall.carry()
    assert time_us(two_boards.run()) == 7_500_000
