"""What goes wrong with gates is told to the run that waits for them."""

import json
from typing import Any

import pytest

from competitions import commands as cmd
from lab_controller.bus.handler import Inbound
from lab_controller.bus.topics import Topic
from lab_controller.championships import watch as watch_module
from lab_controller.championships.watch import Watch
from lab_controller.clock import ManualClock
from lab_controller.equipment.tables import Device
from lab_controller.errors import Conflict
from tests.championships.contests import GATE
from tests.championships.fields import Contest, time_us


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


def test_a_board_that_repeats_a_boot_is_told_and_its_passages_stay_with_the_agent(contest: Contest) -> None:
    contest.ready()
    contest.drives(7_000_000)
    contest.hall.carry()
    contest.judge.order("r1", cmd.Accept())
    contest.hall.carry()
    contest.board.reset(contest.board.boot)
    contest.ready("r2", "2")
    assert contest.run("r2").phase == "armed"
    start = contest.board.passes(1, after_us=3_000)
    told = contest.hall.deliver(start, start).publish
    assert [json.loads(each.payload) for each in told if each.topic.prop == "committed"] == []
    lost = {"device": GATE, "boot": contest.board.boot, "from": 1, "to": 1}
    assert contest.faults("r2") == [("passages_lost", lost)]
    assert contest.run("r2").phase == "armed"


def test_an_alert_speaks_for_its_own_gate_under_its_own_code(contest: Contest) -> None:
    contest.ready()
    params = {"code": {"no": "text"}, "device": "gate-ffffff", "lane": 1}
    told = json.dumps({"code": "beam_blocked", "params": params}).encode()
    contest.hall.deliver(Inbound(Topic(GATE, "alert", prop="beam"), told))
    assert contest.faults() == [("beam_blocked", {"device": GATE, "code": "beam_blocked", "lane": 1})]


def test_what_a_person_asked_of_a_gate_in_vain_is_no_fault_of_a_run(contest: Contest) -> None:
    contest.ready()
    told = json.dumps({"code": "bad_command", "params": {}}).encode()
    contest.hall.deliver(Inbound(Topic(GATE, "alert", prop="command"), told))
    assert contest.faults() == []


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


def test_a_broker_that_stays_away_is_told_once_to_the_run_that_waits(
    contest: Contest, clock: ManualClock
) -> None:
    connected = True
    watch = Watch(contest.service, has_broker=lambda: connected)
    contest.ready()
    contest.board.passes(1)
    contest.hall.carry()
    watch.look()
    connected = False
    watch.look()
    clock.advance(us=999_999)
    watch.look()
    assert contest.faults() == []
    clock.advance(us=1)
    watch.look()
    clock.advance(s=5)
    watch.look()
    assert contest.faults() == [("broker_away", {"device": GATE})]


def test_a_blink_of_the_broker_is_told_to_nobody(contest: Contest, clock: ManualClock) -> None:
    connected = iter((False, True, False, False))
    watch = Watch(contest.service, has_broker=lambda: next(connected))
    contest.ready()
    for _ in range(4):
        watch.look()
        clock.advance(us=600_000)
    assert contest.faults() == []
