"""A virtual track: its gate has the start beam on input 1 and the finish beam on input 2."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from devices.kits.timing_gate.emulator import GateEmulator
from lab_controller.demo.robots import Drive, Outcome
from lab_controller.demo.warp import WarpClock

START, FINISH = 1, 2
WARP_STEP_US = 1_000_000
WARP_PAUSE_S = 0.06
"""Shorter than the silence after which an agent gives a board up, with time to ask it between."""

Pass = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Pace:
    """How time passes while a robot drives, and between runs; both in microseconds."""

    driving: Pass
    between: Pass


async def _sleep(us: int) -> None:
    await asyncio.sleep(us / 1e6)


LIVE = Pace(_sleep, _sleep)


def warped(clock: WarpClock) -> Pace:
    """Skip the time, so that a round that is over takes moments; nobody waits between its runs."""

    async def skip(us: int) -> None:
        while us > 0:
            step = min(us, WARP_STEP_US)
            clock.skip(step)
            us -= step
            await asyncio.sleep(WARP_PAUSE_S)

    async def go_on(us: int) -> None:
        await asyncio.sleep(WARP_PAUSE_S)

    return Pace(skip, go_on)


async def drive(gate: GateEmulator, planned: Drive, pace: Pace) -> None:
    """A robot runs from beam to beam, or gets stuck between them."""
    await _through(gate, START, planned.blocked_us, pace)
    if planned.lost_byte:
        gate.lose_byte()
    await pace.driving(planned.elapsed_us - planned.blocked_us)
    if planned.outcome is Outcome.FINISH:
        await _through(gate, FINISH, planned.blocked_us, pace)


async def start_early(gate: GateEmulator, pace: Pace) -> None:
    """A robot crosses the start beam before the signal and is carried back."""
    await _through(gate, START, 250_000, pace)


async def _through(gate: GateEmulator, beam: int, blocked_us: int, pace: Pace) -> None:
    await gate.break_beam(beam)
    await pace.driving(blocked_us)
    await gate.clear_beam(beam)
