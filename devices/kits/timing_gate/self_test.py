"""A gate's self-test: it must answer two questions in time; what is known of it makes the result."""

import json
from dataclasses import dataclass

from devices.kits.timing_gate.health import GateHealth
from devices.protocols.gate import Status
from devices.timing import FitSnapshot

LASTS_US = 2_000_000


@dataclass
class SelfTest:
    """Begun with its token; `status` and `synced` come as the board answers."""

    token: str
    until_us: int
    status: Status | None = None
    synced: bool = False

    def is_over(self, now_us: int) -> bool:
        """Everything is answered, or nobody waits any longer."""
        return (self.status is not None and self.synced) or now_us >= self.until_us

    def result(self, health: GateHealth, fit: FitSnapshot | None, now_us: int) -> str:
        """The value of `gate/self-test`, as JSON."""
        problems = set(health.problems)
        blocked = list(self.status.blocked) if self.status is not None else []
        if blocked:
            problems.add("beam_blocked")
        silent = self.status is None or not self.synced
        if silent:
            problems.add("board_silent")
        return json.dumps(
            {
                "token": self.token,
                "blocked": blocked,
                "bounces": self.status.bounces if self.status is not None else health.bounces,
                "drift_ppm": [round(fit.ppm_lo, 1), round(fit.ppm_hi, 1)] if fit is not None else None,
                "link": "lost" if silent else health.link(now_us),
                "problems": sorted(problems),
            }
        )
