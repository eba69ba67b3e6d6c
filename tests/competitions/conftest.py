from collections.abc import Callable

import pytest

from competitions.disciplines import Discipline, iter_disciplines, parse_discipline
from tests.competitions.benches import discipline_text


@pytest.fixture
def sprint() -> Discipline:
    return parse_discipline(discipline_text())


@pytest.fixture
def built_in() -> Callable[[str], Discipline]:
    known = {each.id: each for each in iter_disciplines()}
    return known.__getitem__
