from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_controller.clock import ManualClock
from lab_controller.database import Database
from tests.peers.databases import KINDS, open_database


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with open_database(request.param, tmp_path) as database:
        yield database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
