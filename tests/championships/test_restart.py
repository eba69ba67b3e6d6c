"""A lab that is started again while a run is under way."""

import pytest

from lab_controller.bus.changes import Changes
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.watch import Watch
from lab_controller.clock import ManualClock, SteadyClock
from lab_controller.database import Database
from lab_controller.resuming import Ahead, resume_clock
from lab_controller.upkeep import audit_step
from tests.championships.contests import SLUG
from tests.championships.fields import Contest

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


@pytest.mark.parametrize("step_us", [0, HOUR_US, -HOUR_US])
def test_a_run_ends_at_its_time_limit_although_the_host_clock_was_stepped_before_the_restart(
    contest: Contest, clock: ManualClock, database: Database, step_us: int
) -> None:
    contest.ready()
    start, start_clear, _, _ = contest.drives(119_000_000)
    contest.hall.deliver(start, start_clear)
    started_us = clock.now_us()
    running = ManualClock(5_000_000)

    def monotonic_ns() -> int:
        return running.now_us() * 1000

    def wall_ns() -> int:
        return (started_us + step_us) * 1000 + monotonic_ns()

    restarted = SteadyClock(wall_ns, monotonic_ns)
    resume_clock(restarted, database)
    service = ChampionshipService(database, restarted, Changes())
    running.advance(s=121)
    Watch(service).look()
    assert service.state(SLUG).runs["r1"].phase == "proposed"
    behind = step_us < 0
    assert restarted.observe_step_us() == (step_us + 5_000_000 if behind else None)


def test_a_log_that_a_wrong_date_ended_is_passed_over_also_when_the_host_clock_comes_near(
    contest: Contest, clock: ManualClock, database: Database
) -> None:
    contest.ready()
    ends_us = clock.now_us()

    def start(behind_us: int) -> tuple[int, Ahead | None]:
        host = SteadyClock(lambda: (ends_us - behind_us) * 1000, lambda: 0)
        ahead = resume_clock(host, database)
        if ahead is not None:
            audit_step(host, database, -ahead.by_us, ahead.ends)
        return ends_us - host.now_us(), ahead

    seq = contest.service.log(SLUG, 0, 1000)[-1]["seq"]
    assert start(DAY_US) == (DAY_US, Ahead(DAY_US, (f"championship/{SLUG}/{seq}",)))
    assert start(DAY_US) == (DAY_US, None)
    assert start(HOUR_US) == (HOUR_US, None)
    contest.judge.open_run("r2", "2")
    assert start(HOUR_US) == (0, None)
