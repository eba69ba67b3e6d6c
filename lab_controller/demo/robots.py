"""How a virtual robot drives one run."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from lab_controller.demo.city import DemoTeam

NOSE_TO_TAIL_US = (180_000, 320_000)
SETTLE_US = (1_500_000, 4_000_000)
DNF_SHARE = 0.06
LINE_LOSS_SHARE = 0.12
LOST_BYTE_SHARE = 0.10
STUCK_US = 9_000_000


class Outcome(StrEnum):
    """How a run ends on the track."""

    FINISH = "finish"
    STUCK = "stuck"


@dataclass(frozen=True)
class Drive:
    """One run as it will happen on the track; times in microseconds.

    `settle_us` passes between the judge's arming and the start beam; the robot blocks each
    beam for `blocked_us`. `lost_byte` makes the serial line lose one byte meanwhile.
    """

    outcome: Outcome
    settle_us: int
    elapsed_us: int
    blocked_us: int
    lost_byte: bool


def plan_drive(team: DemoTeam, chance: Random) -> Drive:
    """Draw one run of `team`: a normal time around its mean, now and then a loss or a breakdown."""
    losses = 1 if chance.random() < LINE_LOSS_SHARE else 0
    stuck = chance.random() < DNF_SHARE
    clean_us = round(chance.gauss(team.mean_us, team.spread_us))
    return Drive(
        outcome=Outcome.STUCK if stuck else Outcome.FINISH,
        settle_us=chance.randint(*SETTLE_US),
        elapsed_us=STUCK_US if stuck else max(clean_us, team.mean_us // 2) + losses * 1_400_000,
        blocked_us=chance.randint(*NOSE_TO_TAIL_US),
        lost_byte=chance.random() < LOST_BYTE_SHARE,
    )
