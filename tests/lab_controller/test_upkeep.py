import pytest
from sqlalchemy.exc import OperationalError

from lab_controller import audit, upkeep
from lab_controller.clock import SteadyClock
from lab_controller.database import Database


async def test_upkeep_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "AGAIN_S", 0)
    failures = iter([OperationalError("BEGIN", {}, Exception("locked"))] * 3)

    def work(given: int) -> int:
        for failure in failures:
            raise failure
        return given

    assert await upkeep.patiently(work, 7) == 7


@pytest.mark.parametrize(
    ("recorded_us", "begins_us", "told_us"),
    [(None, 4_000_000, None), (3_000_000, 4_000_000, None), (9_000_000, 9_000_000, -5_000_000)],
)
def test_a_lab_never_starts_behind_its_newest_record(
    database: Database, recorded_us: int | None, begins_us: int, told_us: int | None
) -> None:
    if recorded_us is not None:
        with database.write() as session:
            audit.append(session, at_us=recorded_us, actor="t", action="t", subject="t", payload={})
    clock = SteadyClock(lambda: 4_000_000_000, lambda: 7_000_000)
    upkeep.resume_clock(clock, database)
    assert (clock.now_us(), clock.observe_step_us()) == (begins_us, told_us)
