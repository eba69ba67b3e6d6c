"""Where the clock of a lab begins that is started on records of the future."""

import pytest
from sqlmodel import select

from lab_controller import audit
from lab_controller.audit.tables import AuditRecord
from lab_controller.clock import SteadyClock
from lab_controller.database import Database
from lab_controller.resuming import RESUME_US, Ahead, resume_clock
from lab_controller.upkeep import audit_step

NOW_US = 1_800_000_000_000_000
HOUR_US = 3_600_000_000
FIVE_YEARS_US = 5 * 365 * 24 * HOUR_US


def host(ahead_us: int = 0) -> SteadyClock:
    """A lab's clock, begun at the host's."""
    return SteadyClock(lambda: (NOW_US + ahead_us) * 1000, lambda: 7_000_000)


def record(database: Database, at_us: int) -> None:
    with database.write() as session:
        audit.append(session, at_us=at_us, actor="t", action="t", subject="t", payload={})


@pytest.mark.parametrize(
    ("recorded_us", "begins_us", "told_us"),
    [(None, 0, None), (-HOUR_US, 0, None), (HOUR_US, HOUR_US, -HOUR_US), (RESUME_US, RESUME_US, -RESUME_US)],
)
def test_a_lab_never_starts_a_little_behind_its_newest_record(
    database: Database, recorded_us: int | None, begins_us: int, told_us: int | None
) -> None:
    if recorded_us is not None:
        record(database, NOW_US + recorded_us)
    clock = host()
    assert resume_clock(clock, database) is None
    assert (clock.now_us() - NOW_US, clock.observe_step_us()) == (begins_us, told_us)


def test_a_host_clock_that_was_years_ahead_once_is_not_gone_on_from(database: Database) -> None:
    record(database, NOW_US - HOUR_US)
    record(database, NOW_US + FIVE_YEARS_US)
    clock = host()
    ahead = resume_clock(clock, database)
    assert ahead == Ahead(FIVE_YEARS_US, ("audit/2",))
    assert (clock.now_us(), clock.observe_step_us()) == (NOW_US, None)
    audit_step(clock, database, -ahead.by_us, ahead.ends)
    with database.read() as session:
        told = session.exec(select(AuditRecord).where(AuditRecord.action == "clock_stepped")).one()
        assert (told.at_us, told.payload) == (
            NOW_US,
            f'{{"ahead":["audit/2"],"step_us":-{FIVE_YEARS_US}}}',
        )
        assert audit.verify(session).ok


def test_a_lab_that_was_years_ahead_is_cured_after_one_start(database: Database) -> None:
    record(database, NOW_US + FIVE_YEARS_US)
    cured = host()
    ahead = resume_clock(cured, database)
    assert ahead is not None
    audit_step(cured, database, -ahead.by_us, ahead.ends)
    for passed_us, begins_us in ((60_000_000, 60_000_000), (-HOUR_US, 0), (FIVE_YEARS_US, FIVE_YEARS_US)):
        clock = host(passed_us)
        assert resume_clock(clock, database) is None
        assert clock.now_us() - NOW_US == begins_us


def test_a_workers_wrong_clock_that_writes_again_is_told_again(database: Database) -> None:
    for seq in (1, 3):
        record(database, NOW_US + FIVE_YEARS_US)
        clock = host()
        ahead = resume_clock(clock, database)
        assert ahead == Ahead(FIVE_YEARS_US, (f"audit/{seq}",))
        assert clock.now_us() == NOW_US
        audit_step(clock, database, -ahead.by_us, ahead.ends)
