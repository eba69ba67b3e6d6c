"""A judge at a field: orders in, gates answering, runs to look at."""

from typing import Any

from sqlmodel import col, select

from competitions import commands as cmd
from competitions.run_states import RunState
from lab_controller.bus.handler import Inbound
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.tables import PassageRow
from tests.championships.boards import Board, Hall
from tests.championships.contests import SLUG, Judge

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


def time_us(run: RunState) -> int | None:
    """What the gate proposes."""
    return run.proposal.value_us if run.proposal else None
