"""Timed runs: what each command makes happen in each phase."""

import pytest

from competitions import commands as cmd
from competitions.disciplines import Discipline, parse_discipline
from competitions.results import Result
from competitions.runs import allowed
from competitions.statuses import Status
from tests.competitions.benches import Bench, discipline_text, penalty, refused

SIGNAL = '[start]\nkind = "signal"\n[start.false_start]\npenalty = "early"\nthen = "{then}"\n'


def test_from_beam_to_beam_is_a_proposal_until_the_judge_accepts(sprint: Discipline) -> None:
    bench = Bench(sprint).arm()
    assert bench.passage("start") == ["passage_seen", "run_started"]
    assert bench.passage("finish", 12_483_000, bound_us=400) == ["passage_seen", "result_proposed"]
    proposed = Result(Status.OK, 12_483_000, 400, counted_us=12_483_000, finished=True)
    assert (bench.run.phase, bench.run.proposal, bench.run.result) == ("proposed", proposed, None)
    assert bench.do(cmd.Accept()) == ["result_accepted"]
    assert (bench.run.phase, bench.run.result) == ("accepted", proposed)


def test_zero_is_a_time(sprint: Discipline) -> None:
    bench = Bench(sprint).arm()
    bench.passage("start")
    bench.passage("finish", 0)
    assert bench.run.proposal is not None
    assert (bench.run.proposal.status, bench.run.proposal.value_us) == (Status.OK, 0)


def test_passage_before_armed_is_kept_but_starts_nothing(sprint: Discipline) -> None:
    bench = Bench(sprint)
    assert bench.passage("start") == ["passage_seen"]
    assert (bench.run.phase, bench.run.timeline[-1].payload["reason"]) == ("ready", "not_armed")


def test_late_passage_after_close_is_kept_but_not_counted(sprint: Discipline) -> None:
    bench = Bench(sprint).arm()
    bench.passage("start")
    bench.passage("finish", 5_000_000)
    before = bench.run.proposal
    assert bench.passage("finish", 6_000_000) == ["late_passage"]
    assert bench.run.proposal == before
    assert [each["elapsed_us"] for each in bench.run.late] == [6_000_000]


def test_the_same_passage_twice_gives_nothing_the_second_time(sprint: Discipline) -> None:
    bench = Bench(sprint).arm()
    bench.passage("start")
    bench.passage("finish", 5_000_000)
    bench.seq -= 1
    assert bench.passage("finish", 5_000_000) == []


def test_finish_that_arrives_before_its_start_waits_and_counts_when_seen_again(sprint: Discipline) -> None:
    bench = Bench(sprint).arm()
    assert bench.passage("finish", None) == ["passage_seen"]
    bench.passage("start")
    bench.seq = 0
    assert bench.passage("finish", 5_000_000) == ["passage_seen", "result_proposed"]


def test_incomparable_finish_leaves_the_time_to_the_judge(sprint: Discipline) -> None:
    bench = Bench(sprint).arm()
    bench.passage("start")
    assert bench.passage("finish", None) == ["passage_seen", "gate_fault"]
    assert (bench.run.phase, bench.run.faults[0]["code"]) == ("running", "boards_restarted")
    bench.do(cmd.ProposeManual(12_500_000, 200_000))
    assert bench.run.proposal is not None
    assert (bench.run.proposal.value_us, bench.run.proposal.bound_us) == (12_500_000, 200_000)


def test_incomparable_finish_is_not_replaced_by_a_later_passage_but_by_its_own_time(
    sprint: Discipline,
) -> None:
    bench = Bench(sprint).arm()
    bench.passage("start")
    bench.passage("finish", None)
    assert bench.passage("finish", 30_000_000) == ["passage_seen"]
    assert (bench.run.phase, bench.run.timeline[-1].payload["reason"]) == ("running", "already_finished")
    bench.seq = 1
    assert bench.passage("finish", 12_500_000) == ["passage_seen", "result_proposed"]


def test_other_edge_of_the_beam_is_no_passage(sprint: Discipline) -> None:
    bench = Bench(sprint).arm()
    assert bench.passage("start", edge="C") == []


def test_finish_can_count_when_the_beam_is_clear_again() -> None:
    bench = Bench(parse_discipline(discipline_text(tables='[finish]\nedge = "clear"'))).arm()
    bench.passage("start")
    assert bench.passage("finish", 4_000_000) == []
    assert bench.passage("finish", 4_200_000, edge="C") == ["passage_seen", "result_proposed"]


def test_split_is_kept() -> None:
    bench = Bench(parse_discipline(discipline_text())).arm()
    bench.passage("start")
    assert bench.passage("split", 2_000_000) == ["passage_seen"]
    assert bench.run.timeline[-1].payload["role"] == "split"


def early(then: str) -> Bench:
    tables = SIGNAL.format(then=then) + penalty("early", "seconds = 2\ndsq_at = 2")
    return Bench(parse_discipline(discipline_text(tables=tables))).arm()


def test_false_start_sends_the_run_back_to_be_armed_anew() -> None:
    bench = early("rearm")
    assert bench.passage("start") == ["false_start", "penalty_set"]
    assert (bench.run.phase, bench.run.penalties) == ("ready", {"early": 1})
    bench.arm().do(cmd.Signal())
    bench.passage("start")
    bench.passage("finish", 10_000_000)
    assert bench.run.proposal is not None
    assert (bench.run.proposal.value_us, bench.run.proposal.counted_us) == (12_000_000, 10_000_000)


def test_second_false_start_disqualifies() -> None:
    bench = early("rearm")
    bench.passage("start")
    bench.arm()
    assert bench.passage("start") == ["false_start", "penalty_set", "result_proposed"]
    assert bench.run.proposal is not None
    assert (bench.run.proposal.status, bench.run.proposal.value_us) == (Status.DSQ, None)


def test_false_start_that_continues_runs_the_clock_and_costs_the_penalty() -> None:
    bench = early("continue")
    assert bench.passage("start") == ["false_start", "penalty_set", "passage_seen", "run_started"]
    bench.passage("finish", 9_000_000)
    assert bench.run.proposal is not None
    assert bench.run.proposal.value_us == 11_000_000


def test_signal_belongs_to_disciplines_that_have_one(sprint: Discipline) -> None:
    assert refused(Bench(sprint).arm(), cmd.Signal()) == ("no_signal", {})


LIMITED = "time_limit_s = 60"


def test_time_limit_is_not_called_early() -> None:
    bench = Bench(parse_discipline(discipline_text(LIMITED))).arm()
    bench.passage("start")
    bench.now_us = 59_000_000
    assert refused(bench, cmd.ReachTimeLimit()) == ("limit_not_reached", {"left_us": 1_000_000})


@pytest.mark.parametrize("status", ["DNF", "DSQ"])
def test_running_into_the_limit_gives_the_discipline_s_status(status: str) -> None:
    bench = Bench(parse_discipline(discipline_text(f'{LIMITED}\nover_limit = "{status}"'))).arm()
    bench.passage("start")
    bench.now_us = 60_000_000
    assert bench.do(cmd.ReachTimeLimit()) == ["time_limit_reached", "result_proposed"]
    assert bench.run.proposal is not None
    assert bench.run.proposal.status == status


def test_finish_within_the_limit_counts_although_the_news_came_after_it() -> None:
    bench = Bench(parse_discipline(discipline_text(LIMITED))).arm()
    bench.passage("start")
    bench.now_us = 61_000_000
    bench.do(cmd.ReachTimeLimit())
    assert bench.passage("finish", 59_900_000) == ["passage_seen", "result_proposed"]
    assert bench.run.proposal is not None
    assert (bench.run.proposal.status, bench.run.proposal.value_us) == (Status.OK, 59_900_000)


def test_second_passage_within_the_limit_does_not_replace_the_finish() -> None:
    bench = Bench(parse_discipline(discipline_text(LIMITED))).arm()
    bench.passage("start")
    bench.now_us = 61_000_000
    bench.do(cmd.ReachTimeLimit())
    bench.passage("finish", 50_000_000)
    assert bench.passage("finish", 59_000_000) == ["late_passage"]


def test_finish_certainly_past_the_limit_is_late_even_before_the_limit_is_called() -> None:
    bench = Bench(parse_discipline(discipline_text(LIMITED))).arm()
    bench.passage("start")
    assert bench.passage("finish", 60_000_500, bound_us=400) == [
        "time_limit_reached",
        "late_passage",
        "result_proposed",
    ]
    assert bench.run.proposal is not None
    assert bench.run.proposal.status is Status.DNF


def test_finish_past_the_limit_by_less_than_its_bound_has_the_benefit_of_the_doubt() -> None:
    bench = Bench(parse_discipline(discipline_text(LIMITED))).arm()
    bench.passage("start")
    bench.passage("finish", 60_000_300, bound_us=400)
    assert bench.run.proposal is not None
    assert bench.run.proposal.status is Status.OK


def test_penalty_after_the_finish_changes_the_proposal_and_can_be_taken_back() -> None:
    bench = Bench(parse_discipline(discipline_text(tables=penalty("touch", "seconds = 5\nmost = 3")))).arm()
    bench.passage("start")
    bench.passage("finish", 10_000_000)
    assert bench.do(cmd.SetPenalty("touch", 2)) == ["penalty_set", "result_proposed"]
    assert bench.run.proposal is not None
    assert bench.run.proposal.value_us == 20_000_000
    bench.do(cmd.SetPenalty("touch", 0))
    assert bench.run.proposal.value_us == 10_000_000
    assert bench.do(cmd.SetPenalty("touch", 0)) == []
    assert refused(bench, cmd.SetPenalty("touch", 4))[0] == "out_of_range"
    assert refused(bench, cmd.SetPenalty("kick", 1)) == ("unknown_penalty", {"penalty": "kick"})


def test_judge_s_status_replaces_the_time_and_ok_brings_it_back(sprint: Discipline) -> None:
    bench = Bench(sprint).arm()
    bench.passage("start")
    bench.passage("finish", 10_000_000)
    bench.do(cmd.ProposeStatus(Status.DSQ, "left the line"))
    assert bench.run.proposal is not None
    assert (bench.run.proposal.status, bench.run.proposal.value_us) == (Status.DSQ, None)
    bench.do(cmd.ProposeStatus(Status.OK))
    assert (bench.run.proposal.status, bench.run.proposal.value_us) == (Status.OK, 10_000_000)


def test_ok_without_a_time_is_refused(sprint: Discipline) -> None:
    bench = Bench(sprint)
    assert refused(bench, cmd.ProposeStatus(Status.OK)) == ("nothing_measured", {"status": "DNF"})
    bench.do(cmd.ProposeStatus(Status.DNF))
    assert refused(bench, cmd.ProposeStatus(Status.OK)) == ("nothing_measured", {"status": "DNF"})


def test_did_not_start_is_refused_after_the_start(sprint: Discipline) -> None:
    bench = Bench(sprint).arm()
    bench.passage("start")
    assert refused(bench, cmd.ProposeStatus(Status.DNS)) == ("already_started", {})


@pytest.mark.parametrize(
    ("command", "phase"), [(cmd.Void("wrong robot"), "voided"), (cmd.Rerun("gate"), "rerun")]
)
def test_void_and_rerun_take_an_accepted_result_back(
    sprint: Discipline, command: cmd.Command, phase: str
) -> None:
    bench = Bench(sprint)
    bench.do(cmd.ProposeManual(9_000_000, 200_000))
    bench.do(cmd.Accept())
    bench.do(command)
    assert (bench.run.phase, bench.run.result, bench.run.accepted_seq) == (phase, None, None)
    assert refused(bench, command)[0] == "wrong_phase"
    assert bench.passage("finish", 1) == ["late_passage"]


@pytest.mark.parametrize("command", [cmd.Void(" "), cmd.Rerun(""), cmd.ProposeStatus(Status.DSQ)])
def test_no_reason_no_correction(sprint: Discipline, command: cmd.Command) -> None:
    assert refused(Bench(sprint), command) == ("empty", {"field": "reason"})


def test_each_role_signs_once_and_only_what_is_accepted(sprint: Discipline) -> None:
    bench = Bench(sprint)
    assert refused(bench, cmd.Sign("judge", "A. Serik"))[0] == "wrong_phase"
    bench.do(cmd.ProposeManual(9_000_000, 200_000))
    bench.do(cmd.Accept())
    bench.do(cmd.Sign("judge", "A. Serik"))
    bench.do(cmd.Sign("captain", "B. Aru"))
    assert [tuple(each) for each in bench.run.signatures] == [("judge", "A. Serik"), ("captain", "B. Aru")]
    assert refused(bench, cmd.Sign("judge", "C."))[0] == "already_signed"


def test_rules_are_frozen_during_a_run(sprint: Discipline) -> None:
    bench = Bench(sprint)
    bench.discipline = parse_discipline(discipline_text("time_limit_s = 5"))
    assert refused(bench, cmd.Arm("t"))[0] == "other_discipline"


def test_gate_fault_in_any_phase_is_kept(sprint: Discipline) -> None:
    bench = Bench(sprint)
    bench.do(cmd.ReportFault("gate_silent", {"device": "gate-a1b2c3"}))
    assert [each["code"] for each in bench.run.faults] == ["gate_silent"]


def test_allowed_names_what_the_judge_can_do_now(sprint: Discipline) -> None:
    bench = Bench(sprint)
    assert allowed(sprint, bench.run) == (
        "arm", "set_penalty", "set_param", "propose_manual", "propose_status", "void", "rerun",
    )  # fmt: skip
    bench.do(cmd.ProposeManual(9_000_000, 200_000))
    assert "accept" in allowed(sprint, bench.run)
    bench.do(cmd.Accept())
    assert allowed(sprint, bench.run) == ("void", "rerun", "sign")


def test_a_run_is_opened_once_and_within_the_discipline(sprint: Discipline) -> None:
    bench = Bench(sprint)
    assert refused(bench, cmd.OpenRun("r1", "Aqqu", 1, "1"))[0] == "run_exists"
    bench.state = None
    assert refused(bench, cmd.OpenRun("r2", "Aqqu", 3, "1"))[0] == "no_such_attempt"
    assert refused(bench, cmd.OpenRun("r2", "Aqqu", 1, "1", lane=2))[0] == "no_such_lane"
    assert refused(bench, cmd.Accept())[0] == "unknown_run"
