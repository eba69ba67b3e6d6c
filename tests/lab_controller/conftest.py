from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.settings import Settings
from tests.peers.databases import KINDS, open_database


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with open_database(request.param, tmp_path) as database:
        yield database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a small lab whose passwords cost nothing."""
    return Settings(
        data_dir=tmp_path / "data",
        argon2_time_cost=1,
        argon2_memory_kib=8,
        argon2_parallelism=1,
        mqtt_host="127.0.0.1",
        host="127.0.0.1",
    )
