from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_controller.database import Database
from lab_controller.errors import Invalid
from lab_controller.telemetry.consoles import (
    LONGEST,
    ConsoleHandler,
    chunks_after,
    forget_chunks,
    last_chunks,
    parse_chunk,
)
from tests.lab_controller.inbox import NOW_US, inbound, store

PRINTED = "uno-1/console/printed"


def printed(us: int, text: str, skipped: int = 0, kit: str = "uno-1") -> Any:
    return inbound(f"{kit}/console/printed", {"us": us, "text": text, "skipped": skipped})


def texts(database: Database, kit: str = "uno-1") -> list[str]:
    with database.read() as session:
        return [chunk.text for chunk in last_chunks(session, kit)]


def test_what_is_printed_is_kept_in_order_and_once(database: Database) -> None:
    handler = ConsoleHandler()
    first = store(database, handler, printed(1, "a"), printed(2, "b", 5), printed(1, "a"))
    assert first.changed == ["console:uno-1"]
    assert store(database, handler, printed(2, "b", 5)).changed == []
    store(database, handler, printed(3, "c"), printed(1, "other", kit="uno-2"))
    with database.read() as session:
        chunks = last_chunks(session, "uno-1")
        assert [(each.text, each.skipped, each.at_us) for each in chunks] == [
            ("a", 0, NOW_US),
            ("b", 5, NOW_US),
            ("c", 0, NOW_US),
        ]
        assert chunks_after(session, "uno-1", chunks[0].id) == chunks[1:]
        assert last_chunks(session, "uno-1", 1) == chunks[2:]


def test_only_the_last_of_a_flood_is_kept(database: Database) -> None:
    store(database, ConsoleHandler(), *(printed(number, str(number)) for number in range(30)))
    store(database, ConsoleHandler(), printed(1, "few", kit="uno-2"))
    deleted = []
    for _ in range(4):
        with database.write() as session:
            deleted.append(forget_chunks(session, 5, limit=10))
    assert deleted == [10, 10, 5, 0]
    assert (texts(database), texts(database, "uno-2")) == ([str(number) for number in range(25, 30)], ["few"])


@pytest.mark.parametrize(
    "told", ["", "1", "[]", {"us": -1, "text": "x"}, {"us": 2**63, "text": ""}, {"us": 1}]
)
def test_what_is_no_text_is_refused(told: Any) -> None:
    with pytest.raises(Invalid):
        parse_chunk(inbound(PRINTED, told))


def test_text_that_a_database_cannot_keep_is_changed(database: Database) -> None:
    store(
        database, ConsoleHandler(), inbound(PRINTED, '{"us": 1, "text": "a\\u0000b\\ud800", "skipped": "x"}')
    )
    assert texts(database) == ["a\ufffdb?"]


@given(st.text(max_size=50), st.integers(-5, 2**70))
def test_any_text_is_a_chunk_or_refused(text: str, us: int) -> None:
    try:
        chunk = parse_chunk(inbound(PRINTED, {"us": us, "text": text * 1000}))
    except Invalid:
        return
    assert len(chunk.text) <= LONGEST
