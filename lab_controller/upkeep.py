"""What the lab does for itself: watch the host's clock, sum readings up, let old ones go."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from lab_controller import audit, metrics
from lab_controller.bus.changes import DEVICES, Changes
from lab_controller.bus.keeping import forget_dead_letters
from lab_controller.clock import SteadyClock
from lab_controller.database import AGAIN_LATER, Database
from lab_controller.programs.keeping import forget_jobs
from lab_controller.resuming import STEP, Ahead
from lab_controller.settings import Settings
from lab_controller.telemetry.consoles import forget_chunks
from lab_controller.telemetry.names import forget_series
from lab_controller.telemetry.rollup import forget_minutes, forget_readings, roll_some

log = structlog.get_logger(__name__)

CLOCK_LOOK_S = 2.0
TIDY_EVERY_S = 3600.0
ROLL_EVERY_S = 30.0
PAUSE_S = 0.1
AGAIN_S = 2.0
DAY_US = 86_400_000_000

T = TypeVar("T")


async def watch_clock(
    clock: SteadyClock, database: Database, changes: Changes, ahead: Ahead | None = None
) -> None:
    """Log, count and audit each step of the host's clock; the lab's own time does not move.

    `ahead` is what the lab did not go on from when it started.
    """
    if ahead is not None:
        metrics.CLOCK_STEPS.inc()
        log.warning("records are ahead of the host clock, and it is taken to be right", ahead_us=ahead.by_us)
        await patiently(audit_step, clock, database, -ahead.by_us, ahead.ends)
    while True:
        await asyncio.sleep(CLOCK_LOOK_S)
        step_us = clock.observe_step_us()
        if step_us is not None:
            metrics.CLOCK_STEPS.inc()
            log.warning("the host clock was stepped; running times are not touched", step_us=step_us)
            changes.announce([DEVICES])
            await patiently(audit_step, clock, database, step_us)


def audit_step(clock: SteadyClock, database: Database, step_us: int, ahead: Sequence[str] = ()) -> None:
    """`ahead` names ends of logs that are in the future after the step."""
    with database.write() as session:
        audit.append(
            session,
            at_us=clock.now_us(),
            actor="system",
            action=STEP,
            subject="clock",
            payload={"step_us": step_us, **({"ahead": list(ahead)} if ahead else {})},
        )


async def roll_up(clock: SteadyClock, database: Database, settings: Settings) -> None:
    """Count readings by the minute, a little at a time so that no writer waits long."""
    while True:
        since_us = clock.now_us() - settings.telemetry_raw_days * DAY_US
        rolled = await patiently(_write, database, roll_some, clock.now_us(), since_us)
        await asyncio.sleep(PAUSE_S if rolled else ROLL_EVERY_S)


async def tidy(clock: SteadyClock, database: Database, settings: Settings) -> None:
    """Delete what LAB_TELEMETRY_*, LAB_CONSOLE_CHUNKS and LAB_JOB_DAYS do not keep, a little at a time."""
    while True:
        now_us = clock.now_us()
        raw_us = now_us - settings.telemetry_raw_days * DAY_US
        minute_us = now_us - settings.telemetry_minute_days * DAY_US
        deleted = await patiently(_write, database, forget_readings, raw_us)
        deleted += await patiently(_write, database, forget_minutes, minute_us)
        deleted += await patiently(_write, database, forget_series)
        deleted += await patiently(_write, database, forget_chunks, settings.console_chunks)
        deleted += await patiently(_write, database, forget_dead_letters)
        deleted += await patiently(_write, database, forget_jobs, now_us - settings.job_days * DAY_US)
        await asyncio.sleep(PAUSE_S if deleted else TIDY_EVERY_S)


async def patiently(work: Callable[..., T], *given: object) -> T:
    """Do it in a thread, as often as it takes: upkeep never ends the lab because the database is busy."""
    while True:
        try:
            return await asyncio.to_thread(work, *given)
        except AGAIN_LATER as error:
            log.warning("upkeep waits for the database", error=str(error)[:200])
            await asyncio.sleep(AGAIN_S)


def _write(database: Database, work: Callable[..., T], *given: object) -> T:
    with database.write() as session:
        return work(session, *given)
