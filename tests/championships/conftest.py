from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_controller.bus.changes import Changes
from lab_controller.championships.service import ChampionshipService
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from tests.championships.contests import SLUG, set_up
from tests.championships.fields import Contest
from tests.peers.databases import KINDS, open_database


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with open_database(request.param, tmp_path) as database:
        yield database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def service(database: Database, clock: ManualClock) -> ChampionshipService:
    """A championship of line following with one field, its gate, and three teams."""
    service = ChampionshipService(database, clock, Changes())
    set_up(service, SLUG)
    return service


@pytest.fixture
def contest(service: ChampionshipService) -> Contest:
    return Contest(service)
