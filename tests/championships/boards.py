"""Timing gates at the far end of the bus: they stamp, answer and forget like the real ones."""

import json
from dataclasses import dataclass, field
from typing import Any

from lab_controller.bus.handler import Effects, Inbound, Outbound
from lab_controller.bus.topics import Topic
from lab_controller.championships.passages import PassageHandler
from lab_controller.championships.service import ChampionshipService
from tests.championships.contests import GATE


def inbound(device: str, prop: str, payload: Any, *, node: str = "gate", retained: bool = False) -> Inbound:
    return Inbound(Topic(device, "value", node, prop), json.dumps(payload).encode(), retained)


@dataclass
class Board:
    """A gate's board with its own clock; `outbox` is what it has said and nobody has carried yet."""

    device: str = GATE
    boot: str = "5f3a"
    seq: int = 0
    us: int = 1_000_000
    outbox: list[Inbound] = field(default_factory=list)

    def passes(self, lane: int, *, after_us: int = 1_000, edge: str = "B") -> Inbound:
        self.seq += 1
        self.us += after_us
        told = {"seq": self.seq, "boot": self.boot, "lane": lane, "edge": edge, "us": self.us}
        self.outbox.append(inbound(self.device, "passage", told))
        return self.outbox[-1]

    def hears(self, message: Outbound) -> None:
        """Answer an arming; other orders are none of its business here."""
        if (message.topic.device, message.topic.prop) == (self.device, "arm"):
            told = {**json.loads(message.payload), "boot": self.boot, "seq": self.seq, "us": self.us}
            self.outbox.append(inbound(self.device, "arm", told, retained=True))

    def reset(self, boot: str) -> None:
        self.boot, self.seq, self.us = boot, 0, 0

    def fit(
        self, host_us: int, *, ppm: float = 0.0, slack_us: int = 20, clock_id: str = "agent-1"
    ) -> Inbound:
        """What the agent has found about the board's clock: it shows `us` at `host_us`."""
        told = {
            "boot": self.boot,
            "clock_id": clock_id,
            "ref_device_us": self.us,
            "ref_host_lo_us": host_us - 20,
            "ref_host_hi_us": host_us + 20,
            "ppm_lo": ppm - 5.0,
            "ppm_hi": ppm + 5.0,
            "samples": 10,
        }
        return inbound(self.device, "fit", told, node="clock", retained=True)


class Hall:
    """Boards, bus and hub in one place: what the lab publishes reaches the boards at once."""

    def __init__(self, service: ChampionshipService, *boards: Board) -> None:
        self.service = service
        self.handler = PassageHandler(service)
        self.boards = boards
        self.published: list[Outbound] = []
        service.publish = self._publish

    def _publish(self, messages: Any) -> None:
        for message in messages:
            self.published.append(message)
            for board in self.boards:
                board.hears(message)

    def deliver(self, *messages: Inbound) -> Effects:
        """One batch of the hub."""
        with self.service.database.write() as session:
            effects = self.handler.store(session, messages)
        self.service.follow(effects)
        return effects

    def carry(self) -> None:
        """Bring everything that the boards have said, in order, message by message."""
        for board in self.boards:
            said, board.outbox = board.outbox, []
            for message in said:
                self.deliver(message)
