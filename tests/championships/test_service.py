"""Championships as the web uses them: set up, judge, read back."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from competitions import commands as cmd
from lab_controller.bus.changes import Changes
from lab_controller.championships import service as service_module
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.journal import load_championship
from lab_controller.championships.log import verify_lines
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.setup import NewChampionship
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.errors import Conflict, Forbidden, Invalid, LabError, NotFound, Unavailable
from tests.championships.contests import RULES, SLUG, Judge


def code_of(error: pytest.ExceptionInfo[LabError]) -> str:
    return error.value.code


def head(service: ChampionshipService) -> tuple[int, str]:
    folded = service.folded(SLUG)
    return folded.seq, folded.hash


def test_an_accepted_time_moves_the_standings_and_a_void_takes_it_back(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.time_by_hand("r1", 14_000_000, entry="1")
    judge.time_by_hand("r2", 13_000_000, entry="2")
    assert [(each.place, each.entry) for each in service.standings(SLUG)][:2] == [(1, "2"), (2, "1")]

    accepted_seq = service.state(SLUG).runs["r2"].accepted_seq
    receipt = judge.order("r2", cmd.Void("wrong robot"))
    assert [(row["kind"], row["voids"]) for row in service.log(SLUG, after=receipt.seqs[0] - 1)] == [
        ("run_voided", accepted_seq)
    ]
    assert service.standings(SLUG)[0].entry == "1"


def test_the_same_key_gives_the_same_receipt_and_is_done_once(service: ChampionshipService) -> None:
    order = cmd.OpenRun("r1", "1", 1, "1", 1)
    first = service.execute(SLUG, "r1", order, actor="judge", source="tablet", key="k1")
    before = head(service)
    again = service.execute(SLUG, "r1", order, actor="judge", source="tablet", key="k1")
    assert (again, again.again, head(service)) == (first, True, before)
    assert first.after == again.after == service.state(SLUG)


def test_a_judges_command_costs_few_statements_and_its_result_none(
    service: ChampionshipService, database: Database
) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    said: list[str] = []
    for engine in (database.reader_engine, database.writer_engine):
        event.listen(engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    receipt = judge.order("r1", cmd.SetPenalty("touch", 1))
    assert receipt.after.runs["r1"].penalties == {"touch": 1}
    touched = [statement.split()[0] for statement in said if not statement.startswith("BEGIN")]
    assert sorted(touched) == ["INSERT", "INSERT", "SELECT", "SELECT", "UPDATE"]


def test_a_key_cannot_be_used_for_something_else(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    judge.given -= 1
    with pytest.raises(Conflict) as error:
        judge.order("r1", cmd.ProposeManual(1, 1))
    assert code_of(error) == "key_reused"


def test_two_judges_may_use_the_same_key(service: ChampionshipService) -> None:
    for judge in ("a", "b"):
        order = cmd.OpenRun(judge, "1" if judge == "a" else "2", 1, "1")
        service.execute(SLUG, judge, order, actor=judge, source="tablet", key="k1")
    assert sorted(service.state(SLUG).runs) == ["a", "b"]


def test_a_refused_command_leaves_no_trace_and_its_key_can_be_tried_again(
    service: ChampionshipService,
) -> None:
    before = head(service)
    judge = Judge(service)
    with pytest.raises(NotFound) as error:
        judge.order("r1", cmd.Accept())
    assert (code_of(error), head(service)) == ("unknown_run", before)
    judge.given = 0
    judge.open_run("r1")
    assert "r1" in service.state(SLUG).runs


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (cmd.OpenRun("r1", "99", 1, "1"), "unknown_entry"),
        (cmd.OpenRun("r1", "1", 9, "1"), "no_such_attempt"),
        (cmd.OpenRun("r1", "1", 1, "9"), "unknown_field"),
        (cmd.OpenRun("other", "1", 1, "1"), "run_id_differs"),
        (cmd.Armed(), "system_command"),
        (cmd.SeePassage("finish", "B", 1), "system_command"),
        (cmd.ReportFault("x"), "system_command"),
    ],
)
def test_what_may_not_be_ordered_is_refused_with_its_code(
    service: ChampionshipService, order: cmd.Command, code: str
) -> None:
    with pytest.raises(LabError) as error:
        Judge(service).order("r1", order)
    assert code_of(error) == code


def test_an_attempt_is_run_once_unless_it_is_voided(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    with pytest.raises(Conflict) as error:
        judge.open_run("r2")
    assert code_of(error) == "attempt_taken"
    judge.order("r1", cmd.Rerun("the line was torn"))
    judge.open_run("r3")


def test_two_workers_that_begin_the_same_championship_at_once_begin_one(
    service: ChampionshipService, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2)
    real = service_module._insert

    def insert_together(*given: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return real(*given)

    def begin(actor: str) -> str:
        try:
            service.create(actor, NewChampionship("cup", {"en": "Cup"}, RULES), key="k")
        except Conflict as error:
            return error.code
        return "begun"

    monkeypatch.setattr(service_module, "_insert", insert_together)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(begin, ("a", "b"))) == ["begun", "slug_taken"]


def test_a_row_read_before_another_workers_write_gives_the_state_of_its_own_moment(
    service: ChampionshipService,
) -> None:
    service.state(SLUG)
    judge = Judge(ChampionshipService(service.database, service.clock, Changes()))
    judge.open_run("r1")
    with service.database.read() as session:
        read = load_championship(session, SLUG)
    judge.open_run("r2", "2")
    with service.database.read() as session:
        folded = service.projections.current(session, read)
    assert (folded.seq, folded.state.rev, list(folded.state.runs)) == (read.head_seq, read.head_seq, ["r1"])
    assert list(service.state(SLUG).runs) == ["r1", "r2"]
    assert service.rebuild(SLUG).equal


@pytest.mark.parametrize("key", ["", "a b", "ключ", "k" * 201, "k\n"])
def test_a_key_is_short_plain_text(service: ChampionshipService, key: str) -> None:
    with pytest.raises(Invalid) as error:
        service.execute(SLUG, "r", cmd.Accept(), actor="j", source="tablet", key=key)
    assert code_of(error) == "bad_key"


@pytest.mark.parametrize("text", ["\ud800", "a\ud800b"])
def test_text_that_cannot_be_written_down_is_refused(service: ChampionshipService, text: str) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    with pytest.raises(Invalid) as error:
        judge.order("r1", cmd.Void(text))
    assert code_of(error) == "not_loggable"


def test_any_other_text_survives_the_log(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    judge.order("r1", cmd.Void("\0\u2028'\"\\ </script> 🤖"))
    assert service.state(SLUG).runs["r1"].reason == "\0\u2028'\"\\ </script> 🤖"
    assert verify_lines(line.encode() for line in service.export(SLUG)).ok


def test_the_exported_log_verifies_and_ends_where_the_state_does(service: ChampionshipService) -> None:
    Judge(service).time_by_hand("r1", 12_483_000)
    report = verify_lines(line.encode() for line in service.export(SLUG))
    assert report.ok
    assert (report.records, report.head) == head(service)


def test_rebuild_gives_what_was_there(service: ChampionshipService) -> None:
    Judge(service).time_by_hand("r1", 12_483_000)
    live = service.state(SLUG)
    rebuilt = service.rebuild(SLUG)
    assert (rebuilt.equal, rebuilt.state, rebuilt.records) == (True, live, live.rev)


def test_another_worker_sees_what_this_one_wrote(service: ChampionshipService, clock: ManualClock) -> None:
    other = ChampionshipService(service.database, clock, Changes())
    assert other.state(SLUG) == service.state(SLUG)
    Judge(service).time_by_hand("r1", 12_483_000)
    assert other.state(SLUG) == service.state(SLUG)
    Judge(other, name="judge-2").time_by_hand("r2", 11_000_000, entry="2")
    assert service.standings(SLUG) == other.standings(SLUG)
    assert service.rebuild(SLUG).equal


def test_the_log_pages(service: ChampionshipService) -> None:
    assert [row["seq"] for row in service.log(SLUG, after=2, limit=2)] == [3, 4]
    assert service.log(SLUG, after=99) == []
    assert service.log(SLUG)[2]["payload"] == {
        "entry": "1",
        "team": "Alpha",
        "school": "School 1",
        "details": {},
    }


def test_concurrent_writers_never_fork_the_chain(service: ChampionshipService, clock: ManualClock) -> None:
    """Eight threads on two workers open, time and accept runs of one championship at once."""
    workers = [service, ChampionshipService(service.database, clock, Changes())]
    names = [TeamRow(n, f"Team {n}", "School 9") for n in range(8)]
    service.add_entries("admin", SLUG, names, key="more")
    barrier = threading.Barrier(8)

    def judge(number: int) -> None:
        barrier.wait()
        tablet = Judge(workers[number % 2], name=f"judge-{number}")
        for attempt in (1, 2, 3):
            tablet.time_by_hand(f"{number}-{attempt}", 1_000_000 + number, str(4 + number), attempt)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(judge, range(8)))
    report = verify_lines(line.encode() for line in service.export(SLUG))
    assert report.ok
    assert report.records == 6 + 8 + 8 * 3 * 3
    assert workers[0].state(SLUG) == workers[1].state(SLUG)
    assert service.rebuild(SLUG).equal


def test_the_same_write_from_many_threads_is_done_once(service: ChampionshipService) -> None:
    order = cmd.OpenRun("r1", "1", 1, "1")
    barrier = threading.Barrier(6)

    def send(_: int) -> tuple[int, ...]:
        barrier.wait()
        return service.execute(SLUG, "r1", order, actor="judge", source="tablet", key="same").seqs

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(send, range(6))) == {(7,)}
    assert service.state(SLUG).rev == 7


def test_a_write_is_acknowledged_only_after_its_commit(
    service: ChampionshipService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = ChampionshipService(service.database, clock, Changes())
    seen: list[int] = []
    monkeypatch.setattr(service.changes, "announce", lambda keys: seen.append(reader.state(SLUG).rev))
    receipt = Judge(service).open_run("r1")
    assert seen == [receipt.rev]


def test_a_write_that_is_on_disk_does_not_fail_because_the_bus_is_away(service: ChampionshipService) -> None:
    def gone(messages: object) -> None:
        raise Unavailable("hub_stopped")

    service.publish = gone
    judge = Judge(service)
    judge.open_run("r1")
    assert judge.order("r1", cmd.Arm("0a0a0a0a")).seqs == (8,)


def test_a_failed_commit_is_not_remembered(
    service: ChampionshipService, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = service.state(SLUG)
    monkeypatch.setattr(service.projections, "extend", _power_cut)
    with pytest.raises(RuntimeError, match="power cut"):
        Judge(service).open_run("r1")
    monkeypatch.undo()
    assert service.state(SLUG) == before
    Judge(service).open_run("r1")
    assert service.rebuild(SLUG).equal


def _power_cut(*_: object) -> None:
    raise RuntimeError("power cut")


def test_a_state_that_is_not_the_beginning_of_this_log_is_thrown_away(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    known = service.folded(SLUG)
    judge.open_run("r2", "2")
    truth = service.state(SLUG)
    with service.database.read() as session:
        championship = load_championship(session, SLUG)
        for stranger in (replace(known, hash="f" * 64), replace(known, seq=truth.rev, hash="f" * 64)):
            service.projections.forget(championship)
            service.projections.publish(championship, stranger)
            assert service.projections.current(session, championship).state == truth


def test_a_championship_that_is_not_there_is_not_found(service: ChampionshipService) -> None:
    with pytest.raises(NotFound) as error:
        service.state("none")
    assert code_of(error) == "championship_unknown"


def test_system_commands_are_not_for_judges(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    with pytest.raises(Forbidden):
        judge.order("r1", cmd.SeePassage("start", "B", 0))


def test_a_team_signs_by_its_own_name_and_no_childs_name_reaches_the_public_log(
    service: ChampionshipService,
) -> None:
    judge = Judge(service)
    judge.time_by_hand("r1", 14_000_000, entry="1")
    judge.order("r1", cmd.Sign("team", "Айша Нұрланқызы"))
    state = service.state(SLUG)
    assert [(each.role, each.name) for each in state.runs["r1"].signatures] == [
        ("team", state.entries["1"].team)
    ]
