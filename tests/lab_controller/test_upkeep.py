import pytest
from sqlalchemy.exc import OperationalError

from lab_controller import upkeep


async def test_upkeep_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "AGAIN_S", 0)
    failures = iter([OperationalError("BEGIN", {}, Exception("locked"))] * 3)

    def work(given: int) -> int:
        for failure in failures:
            raise failure
        return given

    assert await upkeep.patiently(work, 7) == 7
