"""Passages become times of the run that was armed."""

import json

import pytest
from sqlalchemy import event
from sqlmodel import select

from competitions import commands as cmd
from lab_controller.bus.topics import Topic
from lab_controller.championships.tables import EdgeRow
from lab_controller.database import Database
from lab_controller.equipment.tables import Device
from lab_controller.errors import Conflict, Invalid
from tests.championships.boards import inbound
from tests.championships.contests import GATE, SLUG, Judge, set_up
from tests.championships.fields import TOKENS, Contest, time_us


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


@pytest.mark.parametrize(
    ("told", "resolution_us"),
    [("1000", 1000), ("2", 8), ("", 8), ("-5", 8), ("9" * 30, 8), ("9" * 12, 1_000_000), ("1e3", 8)],
)
def test_a_gate_that_says_how_late_its_stamps_may_be_widens_the_bound_by_that(
    contest: Contest, database: Database, told: str, resolution_us: int
) -> None:
    with database.write() as session:
        session.add(
            Device(
                id=GATE, kind="gate", name=GATE, state="ready", agent=None, description={}, alerts={},
                latest={"gate/resolution": told}, blocked=[], first_seen_us=0, last_seen_us=0,
            )
        )  # fmt: skip
    contest.hall.deliver(contest.board.fit(50_000_000))
    contest.ready()
    contest.drives(10_000_000)
    contest.hall.carry()
    drift_us = 50
    assert contest.run().measured.bound_us == resolution_us + drift_us


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


def test_what_a_passage_came_to_is_shown_once_it_is_committed_and_nothing_is_read_again(
    contest: Contest, database: Database
) -> None:
    contest.ready()
    message, other = contest.board.passes(1), contest.board.passes(2, after_us=5_000_000)
    with database.write() as session:
        effects = contest.hall.handler.store(session, [message])
        assert contest.run().phase == "armed"
    for call in effects.committed:
        call()
    read: list[str] = []
    for engine in (database.reader_engine, database.writer_engine):
        event.listen(engine, "before_cursor_execute", lambda *told: read.append(told[2]))
    assert contest.run().phase == "running"
    contest.hall.deliver(other)
    assert not any("FROM championship_log" in statement for statement in read)
    assert contest.run().phase == "proposed"


def test_one_passage_costs_few_statements(contest: Contest, database: Database) -> None:
    contest.hall.deliver(contest.board.fit(50_000_000))
    contest.ready()
    contest.hall.deliver(contest.board.passes(1))
    finish = contest.board.passes(2, after_us=9_000_000)
    contest.run()
    said: list[str] = []
    event.listen(database.writer_engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    contest.hall.deliver(finish)
    assert len(said) <= 11, "\n".join(said)
