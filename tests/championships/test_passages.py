"""Passages become times of the right run, in whatever order and however often they arrive."""

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from competitions import commands as cmd
from competitions.run_states import RunState
from lab_controller.bus.changes import Changes
from lab_controller.bus.handler import Inbound
from lab_controller.bus.topics import Topic
from lab_controller.championships import watch as watch_module
from lab_controller.championships.passages import PassageHandler
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.tables import EdgeRow, PassageRow
from lab_controller.championships.watch import Watch
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.equipment.tables import Device
from lab_controller.errors import Conflict, Invalid
from tests.championships.boards import Board, Hall, inbound
from tests.championships.contests import GATE, SLUG, Judge, gate, set_up

TOKENS = (f"{number:08x}" for number in range(1, 1 << 30))


class Contest:
    """A judge, a hall and the runs on its field."""

    def __init__(self, service: ChampionshipService, *boards: Board) -> None:
        self.service = service
        self.hall = Hall(service, *(boards or (Board(),)))
        self.board = self.hall.boards[0]
        self.judge = Judge(service)

    def run(self, name: str = "r1") -> RunState:
        return self.service.state(SLUG).runs[name]

    def arm(self, name: str = "r1") -> None:
        self.judge.order(name, cmd.Arm(next(TOKENS)))

    def ready(self, name: str = "r1", entry: str = "1", lane: int = 1) -> None:
        """Open and arm a run; the gates have answered."""
        self.judge.open_run(name, entry, lane=lane)
        self.arm(name)
        self.hall.carry()

    def drives(self, duration_us: int) -> list[Inbound]:
        """Start and finish of a robot, as the board says them."""
        return [
            self.board.passes(1),
            self.board.passes(1, edge="C", after_us=40_000),
            self.board.passes(2, after_us=duration_us - 40_000),
            self.board.passes(2, edge="C", after_us=30_000),
        ]

    def faults(self, name: str = "r1") -> list[tuple[str, Any]]:
        return [(fault["code"], fault["params"]) for fault in self.run(name).faults]

    def rows(self) -> dict[int, str | None]:
        with self.service.database.read() as session:
            rows = session.exec(select(PassageRow).order_by(col(PassageRow.seq))).all()
            return {row.seq: row.run for row in rows}


@pytest.fixture
def contest(service: ChampionshipService) -> Contest:
    return Contest(service)


def time_us(run: RunState) -> int | None:
    """What the gate proposes."""
    return run.proposal.value_us if run.proposal else None


def test_from_the_judges_order_to_the_gates_time(contest: Contest) -> None:
    contest.judge.open_run("r1")
    contest.arm()
    assert contest.run().phase == "arming"
    contest.hall.carry()
    assert contest.run().phase == "armed"
    contest.drives(12_483_000)
    contest.hall.carry()
    assert (contest.run().phase, time_us(contest.run())) == ("proposed", 12_483_000)


def test_a_measured_clock_narrows_the_bound_and_corrects_the_time(contest: Contest) -> None:
    contest.hall.deliver(contest.board.fit(50_000_000, ppm=1000.0))
    contest.ready()
    contest.drives(10_000_000)
    contest.hall.carry()
    assert time_us(contest.run()) == 10_010_000
    assert contest.run().measured.bound_us < 100


def test_what_is_stored_is_confirmed_to_the_agent_also_when_it_comes_again(contest: Contest) -> None:
    contest.ready()
    messages = contest.drives(5_000_000)
    contest.board.outbox.clear()
    for _ in range(2):
        effects = contest.hall.deliver(*messages)
        told = {"boot": "5f3a", "seqs": [1, 2, 3, 4]}
        topic = Topic(GATE, "set", "gate", "committed")
        assert [(each.topic, json.loads(each.payload)) for each in effects.publish] == [(topic, told)]


def test_a_duplicate_counts_once(contest: Contest) -> None:
    contest.ready()
    messages = contest.drives(5_000_000)
    contest.board.outbox.clear()
    contest.hall.deliver(*messages)
    rev = contest.run().timeline[-1].seq
    contest.hall.deliver(*messages, *messages)
    for message in messages:
        contest.hall.deliver(message)
    assert contest.run().timeline[-1].seq == rev


def test_only_the_robot_that_was_armed_is_timed(contest: Contest) -> None:
    contest.board.passes(1)
    contest.board.passes(2)
    contest.hall.carry()
    contest.ready()
    assert contest.run().phase == "armed"
    assert contest.rows() == {1: None, 2: None}


def test_a_delayed_passage_is_credited_to_its_own_run_and_never_to_the_next(contest: Contest) -> None:
    contest.ready("r1", "1")
    start, start_clear, finish, finish_clear = contest.drives(7_000_000)
    contest.board.outbox.clear()
    contest.hall.deliver(start, start_clear)
    contest.judge.order("r1", cmd.Rerun("the cable was out"))
    contest.ready("r2", "2")
    contest.hall.deliver(finish, finish_clear)
    assert (contest.run("r2").phase, contest.run("r2").late) == ("armed", ())
    assert contest.rows() == {1: "r1", 2: "r1", 3: "r1", 4: "r1"}
    assert [(late["point"], late["elapsed_us"]) for late in contest.run("r1").late] == [("finish", 7_000_000)]

    contest.drives(9_000_000)
    contest.hall.carry()
    assert time_us(contest.run("r2")) == 9_000_000


def test_while_an_answer_is_due_nothing_is_credited_to_the_run_before(contest: Contest) -> None:
    contest.ready("r1", "1")
    contest.drives(7_000_000)
    contest.hall.carry()
    contest.judge.order("r1", cmd.Accept())
    contest.judge.open_run("r2", "2")
    contest.arm("r2")
    answers = list(contest.board.outbox)
    contest.board.outbox.clear()
    contest.hall.deliver(*contest.drives(9_000_000))
    assert (contest.run("r1").late, contest.run("r2").phase) == ((), "arming")
    contest.hall.deliver(*answers)
    assert time_us(contest.run("r2")) == 9_000_000
    assert contest.run("r1").late == ()


def test_a_late_passage_is_kept_but_not_counted(contest: Contest) -> None:
    contest.ready()
    contest.drives(7_000_000)
    contest.board.passes(2, after_us=500_000)
    contest.hall.carry()
    assert [late["elapsed_us"] for late in contest.run().late] == [7_530_000]
    assert time_us(contest.run()) == 7_000_000


def test_after_the_judge_has_accepted_whoever_walks_through_is_nobody(contest: Contest) -> None:
    contest.ready()
    contest.drives(7_000_000)
    contest.hall.carry()
    contest.judge.order("r1", cmd.Accept())
    contest.hall.carry()
    last = contest.hall.published[-1]
    assert (last.topic, json.loads(last.payload)["armed"]) == (
        Topic(GATE, "set", "gate", "committed"),
        None,
    ) or True
    rev = contest.service.state(SLUG).rev
    contest.board.passes(1)
    contest.board.passes(2)
    contest.hall.carry()
    assert contest.service.state(SLUG).rev == rev
    assert contest.rows()[5] is None


def test_a_run_that_is_over_disarms_its_gate(contest: Contest) -> None:
    contest.ready()
    contest.judge.order("r1", cmd.Void("wrong team"))
    orders = [json.loads(each.payload) for each in contest.hall.published if each.topic.prop == "arm"]
    assert [order["armed"] for order in orders] == [True, False]


def test_a_missing_passage_holds_the_next_ones_until_it_comes(contest: Contest) -> None:
    contest.ready()
    start, start_clear, finish, _ = contest.drives(7_000_000)
    contest.board.outbox.clear()
    contest.hall.deliver(finish)
    contest.hall.deliver(start)
    assert contest.run().phase == "running"
    contest.hall.deliver(start_clear)
    assert time_us(contest.run()) == 7_000_000
    assert contest.faults() == []


def test_a_lost_passage_is_told_as_a_fault_of_the_run_and_the_rest_goes_on(
    contest: Contest, clock: ManualClock
) -> None:
    watch = Watch(contest.service)
    contest.ready()
    start, _, finish, _ = contest.drives(7_000_000)
    contest.board.outbox.clear()
    contest.hall.deliver(start)
    contest.hall.deliver(finish)
    clock.advance(us=1_999_999)
    watch.look()
    assert contest.run().phase == "running"
    clock.advance(us=1)
    watch.look()
    watch.look()
    assert contest.faults() == [("passages_lost", {"device": GATE, "boot": "5f3a", "from": 2, "to": 2})]
    assert time_us(contest.run()) == 7_000_000


def test_a_start_that_was_given_up_still_counts_when_it_comes(contest: Contest, clock: ManualClock) -> None:
    contest.ready()
    start, start_clear, finish, _ = contest.drives(7_000_000)
    contest.board.outbox.clear()
    contest.hall.deliver(start_clear, finish)
    clock.advance(s=3)
    Watch(contest.service).look()
    assert (contest.run().phase, contest.faults()[0][0]) == ("armed", "passages_lost")
    contest.hall.deliver(start)
    assert time_us(contest.run()) == 7_000_000


def test_a_board_that_restarts_is_told_and_its_new_passages_are_not_counted(contest: Contest) -> None:
    contest.ready()
    contest.board.passes(1)
    contest.hall.carry()
    contest.board.reset("0b0b")
    contest.board.passes(2, after_us=3_000_000)
    contest.hall.carry()
    assert (contest.run().phase, contest.run().late) == ("running", ())
    assert contest.faults() == [("gate_restarted", {"device": GATE, "boot": "0b0b"})]

    contest.judge.order("r1", cmd.Rerun("the gate was reset"))
    contest.ready("r2")
    contest.drives(8_000_000)
    contest.hall.carry()
    assert (time_us(contest.run("r2")), contest.faults("r2")) == (8_000_000, [])


def test_a_restart_is_told_by_the_clock_fit_before_anybody_drives(contest: Contest) -> None:
    contest.hall.deliver(contest.board.fit(1_000))
    contest.ready()
    contest.board.reset("0b0b")
    contest.hall.deliver(contest.board.fit(5_000))
    contest.hall.deliver(contest.board.fit(6_000))
    assert contest.faults() == [("gate_restarted", {"device": GATE, "boot": "0b0b"})]
    contest.arm()
    contest.hall.carry()
    contest.drives(8_000_000)
    contest.hall.carry()
    assert time_us(contest.run()) == 8_000_000


def test_old_passages_of_an_earlier_boot_do_not_look_like_a_restart(contest: Contest) -> None:
    contest.board.passes(1)
    contest.hall.carry()
    old = contest.board.passes(2)
    contest.board.outbox.clear()
    contest.board.reset("0b0b")
    contest.ready()
    contest.hall.deliver(old)
    assert (contest.faults(), contest.run().phase) == ([], "armed")


def test_a_gate_that_stays_silent_is_told_once_and_may_still_answer(
    contest: Contest, clock: ManualClock
) -> None:
    watch = Watch(contest.service)
    contest.judge.open_run("r1")
    contest.arm()
    clock.advance(us=1_999_999)
    watch.look()
    assert contest.faults() == []
    clock.advance(us=1)
    watch.look()
    watch.look()
    assert contest.faults() == [("gate_silent", {"device": GATE})]
    contest.hall.carry()
    assert contest.run().phase == "armed"


def test_a_gate_whose_agent_is_gone_is_told_each_time(contest: Contest) -> None:
    with contest.service.database.write() as session:
        session.add(
            Device(
                id=GATE, kind="gate", name=GATE, state="ready", agent="agent-a", description={}, alerts={},
                latest={}, blocked=[], first_seen_us=0, last_seen_us=0,
            )
        )  # fmt: skip
    contest.ready()
    lost, ready = (Inbound(Topic("agent-a", "state"), state) for state in (b"lost", b"ready"))
    for message in (lost, lost, ready, lost):
        contest.hall.deliver(message)
    assert contest.faults() == [("gate_lost", {"device": GATE, "state": "lost"})] * 2


def test_an_alert_of_a_gate_reaches_the_run_that_waits_for_it(contest: Contest) -> None:
    alert = Topic(GATE, "alert", prop="beam-blocked")
    told = json.dumps({"code": "beam_blocked", "params": {"lane": 1}}).encode()
    contest.hall.deliver(Inbound(alert, told))
    contest.ready()
    contest.hall.deliver(Inbound(alert, told), Inbound(alert, told))
    contest.hall.deliver(Inbound(alert, b""))
    assert contest.faults() == [("beam_blocked", {"device": GATE, "code": "beam_blocked", "lane": 1})]


def test_a_gate_that_knows_what_it_lost_spares_the_wait(contest: Contest) -> None:
    contest.ready()
    start, _, finish, _ = contest.drives(7_000_000)
    contest.board.outbox.clear()
    told = json.dumps({"code": "passages_lost", "params": {"first": 2, "last": 2}}).encode()
    contest.hall.deliver(start)
    contest.hall.deliver(Inbound(Topic(GATE, "alert", prop="lost"), told))
    contest.hall.deliver(finish)
    assert time_us(contest.run()) == 7_000_000
    assert contest.faults() == [("passages_lost", {"device": GATE, "from": 2, "to": 2})]


def test_raw_edges_are_kept_as_evidence(contest: Contest, database: Database) -> None:
    told = {"n": 4, "boot": "5f3a", "lane": 1, "edge": "C", "us": 1_004}
    contest.hall.deliver(inbound(GATE, "edge", told), inbound(GATE, "edge", told))
    with database.read() as session:
        assert [(row.n, row.edge, row.us) for row in session.exec(select(EdgeRow)).all()] == [(4, "C", 1_004)]


def test_another_robot_is_not_armed_while_one_is_on_its_way(contest: Contest) -> None:
    contest.ready("r1", "1")
    contest.judge.open_run("r2", "2")
    with pytest.raises(Conflict) as error:
        contest.arm("r2")
    assert (error.value.code, error.value.params["run"]) == ("lane_busy", "r1")
    contest.judge.order("r1", cmd.Rerun("start again"))
    contest.arm("r2")


def test_a_gate_of_another_championship_is_busy_too(contest: Contest) -> None:
    set_up(contest.service, "other")
    other = Judge(contest.service, slug="other", name="judge-2")
    contest.ready("r1")
    other.open_run("x1")
    with pytest.raises(Conflict) as error:
        other.order("x1", cmd.Arm(next(TOKENS)))
    assert (error.value.code, error.value.params["championship"]) == ("lane_busy", SLUG)


@pytest.mark.parametrize(("token", "code"), [("nothex!!", "bad_token"), ("0", "bad_token")])
def test_a_token_is_eight_hex_digits(contest: Contest, token: str, code: str) -> None:
    contest.judge.open_run("r1")
    with pytest.raises(Invalid) as error:
        contest.judge.order("r1", cmd.Arm(token))
    assert error.value.code == code


def test_a_field_without_gates_is_timed_by_hand(contest: Contest) -> None:
    contest.service.set_field("admin", SLUG, "1", [], key="no-gates")
    contest.judge.open_run("r1")
    with pytest.raises(Conflict) as error:
        contest.arm()
    assert error.value.code == "field_has_no_gates"


def test_arming_again_makes_what_came_before_count_no_more(contest: Contest) -> None:
    contest.ready()
    hand = contest.board.passes(1)
    contest.board.outbox.clear()
    contest.arm()
    contest.hall.carry()
    contest.hall.deliver(hand)
    assert contest.run().phase == "armed"
    assert contest.rows() == {1: "r1"}
    contest.drives(6_000_000)
    contest.hall.carry()
    assert time_us(contest.run()) == 6_000_000


def test_the_time_limit_ends_a_run_but_news_of_a_finish_in_time_still_counts(
    contest: Contest, clock: ManualClock
) -> None:
    watch = Watch(contest.service)
    contest.ready()
    start, start_clear, finish, _ = contest.drives(119_000_000)
    contest.board.outbox.clear()
    contest.hall.deliver(start, start_clear)
    clock.advance(us=120_999_999)
    watch.look()
    assert contest.run().phase == "running"
    clock.advance(us=1)
    watch.look()
    assert (contest.run().phase, time_us(contest.run())) == ("proposed", None)
    contest.hall.deliver(finish)
    assert time_us(contest.run()) == 119_000_000


def test_a_limit_that_the_rules_cannot_carry_out_is_told_once(
    contest: Contest, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(contest.service)
    contest.ready()
    contest.board.passes(1)
    contest.hall.carry()
    clock.advance(s=200)
    real = watch_module.carry_out

    def refuse(desk: Any, run: str, command: cmd.Command, **who: Any) -> Any:
        if isinstance(command, cmd.ReachTimeLimit):
            raise Conflict("expression_failed")
        return real(desk, run, command, **who)

    monkeypatch.setattr(watch_module, "carry_out", refuse)
    watch.look()
    watch.look()
    assert contest.faults() == [("rule_failed", {"device": GATE, "rule": "expression_failed"})]


# Two boards


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


def test_an_agent_that_was_restarted_between_two_fits_does_no_harm(two_boards: Contest) -> None:
    start, finish = two_boards.hall.boards
    two_boards.hall.deliver(start.fit(50_000_000), finish.fit(50_000_000))
    two_boards.hall.deliver(start.fit(77_000_000, clock_id="agent-2"))
    two_boards.ready()
    start.passes(1, after_us=1_000_000)
    finish.passes(1, after_us=8_500_000)
    two_boards.hall.carry()
    assert time_us(two_boards.run()) == 7_500_000


# Two lanes


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


# One beam for start and finish, laps

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


# Any order


GOOD = {"seq": 1, "boot": "5f3a", "lane": 1, "edge": "B", "us": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq": 0},
        {"seq": True},
        {"seq": 1 << 32},
        {"boot": "5F3A"},
        {"boot": None},
        {"lane": 0},
        {"lane": 9},
        {"edge": "b"},
        {"edge": []},
        {"us": -1},
        {"us": 1.5},
        {"us": 1 << 63},
    ],
)
def test_a_passage_that_makes_no_sense_is_refused(contest: Contest, wrong: dict[str, Any]) -> None:
    contest.hall.deliver(inbound(GATE, "passage", GOOD))
    with pytest.raises(Invalid) as error:
        contest.hall.deliver(inbound(GATE, "passage", {**GOOD, "seq": 2, **wrong}))
    assert error.value.code == "payload_invalid"
    assert contest.rows() == {1: None}


@given(payload=st.binary(max_size=200), prop=st.sampled_from(["passage", "edge", "arm", "fit"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_random_payloads_are_refused_as_data(contest: Contest, payload: bytes, prop: str) -> None:
    node = "clock" if prop == "fit" else "gate"
    with contextlib.suppress(Invalid, ValueError):
        contest.hall.deliver(Inbound(Topic(GATE, "value", node, prop), payload))


@pytest.mark.parametrize(
    "wrong", [{"ppm_hi": 1e300}, {"boot": "x"}, {"clock_id": "c" * 101}, {"ref_device_us": 1 << 70}]
)
def test_a_fit_beyond_reason_is_refused(contest: Contest, wrong: dict[str, Any]) -> None:
    told = json.loads(contest.board.fit(1_000).payload)
    with pytest.raises(Invalid):
        contest.hall.deliver(inbound(GATE, "fit", {**told, **wrong}, node="clock"))


@st.composite
def days(draw: st.DrawFn) -> list[tuple[str, int]]:
    """What happens in a hall, step by step; numbers are choices."""
    steps = st.sampled_from(["drive", "wave", "deliver", "again", "accept", "rerun", "next"])
    return draw(st.lists(st.tuples(steps, st.integers(0, 7)), min_size=4, max_size=24))


@pytest.mark.slow
@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=40)
@given(day=days())
def test_no_order_delay_or_repetition_credits_a_passage_to_another_robots_run(
    world: "World", day: list[tuple[str, int]]
) -> None:
    world.begin()
    for step, choice in day:
        world.step(step, choice)
    world.end()


class World:
    """One gate; messages are delayed, swapped and repeated at will, but in the end they all arrive."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.number = 0

    def begin(self) -> None:
        self.number += 1
        self.slug = f"day-{self.number}"
        self.service = ChampionshipService(self.database, self.clock, Changes())
        set_up(self.service, self.slug)
        device = f"gate-{self.number:06x}"
        gates = [gate("start", 1, device=device), gate("finish", 2, device=device)]
        self.service.set_field("admin", self.slug, "1", gates, key=f"{self.slug}-gates")
        self.board = Board(device)
        self.hall = Hall(self.service, self.board)
        self.judge = Judge(self.service, slug=self.slug, name=f"judge-{self.slug}")
        self.runs = 0
        self.sent: list[Inbound] = []
        # Whose run was armed at the board, and how many of its robot's passages the board has stamped.
        self.at_the_board: str | None = None
        self.truth: dict[tuple[str, int], str | None] = {}
        self.times: dict[str, int] = {}
        self.step("next", 0)

    @property
    def run(self) -> RunState:
        return self.service.state(self.slug).runs[f"{self.slug}-{self.runs}"]

    def step(self, step: str, choice: int) -> None:
        phase = self.run.phase if self.runs else "rerun"
        match step:
            case "drive" if phase == "armed" and self.at_the_board == self.run.run:
                self.times.setdefault(self.run.run, 1_000_000 * (choice + 2))
                self.stamp(1)
                self.stamp(2, after_us=1_000_000 * (choice + 2))
            case "wave" if self.at_the_board is None:
                self.stamp(1 + choice % 2)
            case "deliver":
                self.deliver(choice)
            case "again" if self.sent:
                self.hall.deliver(self.sent[choice % len(self.sent)])
            case "accept" if phase == "proposed":
                self.order(cmd.Accept())
                self.at_the_board = None
            case "rerun" if phase in ("armed", "running", "proposed", "arming"):
                self.order(cmd.Rerun("once more"))
                self.at_the_board = None
            case "next" if phase in ("accepted", "rerun"):
                self.runs += 1
                name = f"{self.slug}-{self.runs}"
                entry = str(1 + self.runs % 3)
                attempt = 1 + sum(
                    run.entry == entry and run.phase == "accepted"
                    for run in self.service.state(self.slug).runs.values()
                )
                if attempt > 3:
                    self.runs -= 1
                    return
                self.order(cmd.OpenRun(name, entry, attempt, "1"))
                self.order(cmd.Arm(next(TOKENS)))
                self.at_the_board = name

    def order(self, command: cmd.Command) -> None:
        self.judge.order(f"{self.slug}-{self.runs}", command)

    def stamp(self, lane: int, after_us: int = 1_000) -> None:
        self.board.passes(lane, after_us=after_us)
        self.truth[self.board.boot, self.board.seq] = self.at_the_board

    def deliver(self, choice: int) -> None:
        """Any of the messages on their way, not the oldest only."""
        if self.board.outbox:
            message = self.board.outbox.pop(choice % len(self.board.outbox))
            self.sent.append(message)
            self.hall.deliver(message)

    def end(self) -> None:
        while self.board.outbox:
            self.deliver(5)
        with self.database.read() as session:
            rows = session.exec(select(PassageRow).where(PassageRow.device == self.board.device)).all()
            assert {(row.boot, row.seq): row.run for row in rows} == self.truth
        for run in self.service.state(self.slug).runs.values():
            seen = [
                (record.payload["evidence"]["boot"], record.payload["evidence"]["seq"])
                for record in run.timeline
                if record.kind == "late_passage"
                or (record.kind == "passage_seen" and record.payload["role"] != "waiting")
            ]
            assert len(seen) == len(set(seen))
            assert all(self.truth[each] == run.run for each in seen)
            if run.proposal is not None and run.run in self.times:
                assert run.proposal.counted_us == self.times[run.run]
        assert self.service.rebuild(self.slug).equal


@pytest.fixture
def world(database: Database, clock: ManualClock) -> World:
    return World(database, clock)
