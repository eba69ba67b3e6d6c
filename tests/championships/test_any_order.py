"""Whatever the order, the delay or the repetition, a passage is its own robot's."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from competitions import commands as cmd
from competitions.run_states import RunState
from lab_controller.bus.changes import Changes
from lab_controller.bus.handler import Inbound
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.tables import PassageRow
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from tests.championships.boards import Board, Hall
from tests.championships.contests import Judge, gate, set_up
from tests.championships.fields import TOKENS


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
