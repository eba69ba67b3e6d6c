from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlmodel import col, delete

from devices.registry import iter_kits
from lab_controller.database import Database
from lab_controller.equipment.handler import DeviceHandler
from lab_controller.equipment.queries import get_device
from lab_controller.errors import Invalid
from lab_controller.telemetry import names
from lab_controller.telemetry.batches import parse_batches
from lab_controller.telemetry.handler import TelemetryHandler
from lab_controller.telemetry.points import NewPoints
from lab_controller.telemetry.queries import list_series, load_readings
from lab_controller.telemetry.tables import MinuteRow, ReadingRow
from tests.lab_controller.inbox import NOW_US, inbound, store

MS = 1000
KIT = {"type": "arduino", "nodes": {"kit": {"properties": {"temp": {"datatype": "float", "unit": "°C"}}}}}


def stream(us: list[int], values: list[Any], key: str = "light", unit: str = "lx") -> dict[str, Any]:
    return {"key": key, "unit": unit, "us": us, "values": values}


def readings(database: Database, key: str) -> list[tuple[int, float]]:
    """(microseconds since NOW, value)"""
    with database.read() as session:
        found = {series.key: series.id for series in list_series(session, "kit-1")}
        if key not in found:
            return []
        rows = load_readings(session, found[key], from_us=0, to_us=2**62)
    return [(at_us - NOW_US, value) for at_us, value in rows]


def alerts(database: Database) -> dict[str, Any]:
    with database.read() as session:
        device = get_device(session, "kit-1")
    assert device is not None
    return device.alerts


def test_a_stream_is_placed_on_the_wall_clock_by_its_arrival(database: Database) -> None:
    effects = store(
        database,
        TelemetryHandler(),
        inbound("kit-1/kit/stream", stream([100 * MS, 200 * MS], [1, 2.5])),
    )
    assert effects.changed == ["points:kit-1"]
    assert readings(database, "kit/light") == [(-100 * MS, 1.0), (0, 2.5)]


def test_a_late_batch_stays_on_the_devices_own_time_axis(database: Database) -> None:
    handler = TelemetryHandler()
    store(database, handler, inbound("kit-1/kit/stream", stream([0], [1])))
    store(database, handler, inbound("kit-1/kit/stream", stream([100 * MS], [2]), at_us=NOW_US + 900 * MS))
    assert readings(database, "kit/light") == [(0, 1.0), (100 * MS, 2.0)]


def test_a_batch_that_comes_again_is_stored_once(database: Database) -> None:
    handler = TelemetryHandler()
    first = inbound("kit-1/kit/stream", stream([0, 10 * MS], [1, 2]))
    second = inbound("kit-1/kit/stream", stream([20 * MS], [3]), at_us=NOW_US + 10 * MS)
    again = inbound("kit-1/kit/stream", stream([0, 10 * MS], [1, 2]), at_us=NOW_US + 400 * MS)
    store(database, handler, first, second, again)
    assert readings(database, "kit/light") == [(-10 * MS, 1.0), (0, 2.0), (10 * MS, 3.0)]


def test_a_program_with_a_counter_in_its_labels_does_not_fill_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MAX_SERIES", 3)
    handler = TelemetryHandler()
    batches = [stream([0], [number], key=f"t{number}") for number in range(5)]
    store(database, handler, inbound("kit-1/kit/stream", batches))
    assert [readings(database, f"kit/t{number}") for number in range(5)] == [
        *([(0, float(number))] for number in range(3)),
        [],
        [],
    ]
    store(
        database, handler, inbound("kit-1/kit/stream", [stream([10 * MS], [7], key=f"t{n}") for n in (0, 6)])
    )
    store(database, handler, inbound("kit-2/kit/stream", stream([0], [1])))
    assert readings(database, "kit/t0") == [(0, 0.0), (10 * MS, 7.0)]


def test_a_person_is_told_once_that_new_names_are_not_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MAX_SERIES", 1)
    store(database, DeviceHandler(), inbound("kit-1/$description", KIT))
    handler = TelemetryHandler()
    first, again = (
        store(database, handler, inbound("kit-1/kit/stream", [stream([at], [1], key=key) for key in "abc"]))
        for at in (0, MS)
    )
    assert first.changed == ["devices", "device:kit-1", "points:kit-1"]
    assert again.changed == ["points:kit-1"]
    told = {"lab-series": {"code": "series_too_many", "params": {"limit": 1}}}
    assert alerts(database) == told
    with database.write() as session:
        assert names.forget_series(session) == 0
    assert alerts(database) == told


def test_a_name_of_which_nothing_is_kept_makes_place_for_another(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MAX_SERIES", 3)
    store(database, DeviceHandler(), inbound("kit-1/$description", KIT))
    handler = TelemetryHandler()
    store(database, handler, inbound("kit-1/kit/stream", [stream([0], [1], key=key) for key in "abcd"]))
    with database.write() as session:
        old = {series.key: series.id for series in list_series(session, "kit-1")}
        session.exec(delete(ReadingRow).where(col(ReadingRow.series_id).in_([old["kit/a"], old["kit/b"]])))
        session.add(MinuteRow(series_id=old["kit/b"] or 0, at_us=0, count=1, low=1, high=1, total=1))
    with database.write() as session:
        assert names.forget_series(session) == 1
    assert alerts(database) == {}
    store(database, handler, inbound("kit-1/kit/stream", stream([MS], [2], key="d")))
    with database.read() as session:
        assert [series.key for series in list_series(session, "kit-1")] == ["kit/b", "kit/c", "kit/d"]


def test_a_look_at_new_points_asks_as_often_for_many_names_as_for_one(database: Database) -> None:
    handler = TelemetryHandler()

    def measure(at_us: int, keys: Sequence[str]) -> None:
        batches = [stream([at_us], [number], key=key) for number, key in enumerate(keys)]
        store(database, handler, inbound("kit-1/kit/stream", batches))

    keys = [f"t{number}" for number in range(60)]
    measure(0, keys)
    with database.read() as session:
        new = NewPoints(session, "kit-1")
    measure(MS, keys[:50])
    measure(2 * MS, [*keys[:2], "fresh"])
    asked: list[str] = []

    def note(*given: Any) -> None:
        asked.append(given[2])

    event.listen(database.reader_engine, "before_cursor_execute", note)
    try:
        with database.read() as session:
            told = {each["key"]: each["points"] for each in new.take(session)}
    finally:
        event.remove(database.reader_engine, "before_cursor_execute", note)
    assert len([query for query in asked if "SELECT" in query]) == 2
    assert told == {
        "kit/t0": [[NOW_US + MS, 0.0], [NOW_US + 2 * MS, 0.0]],
        "kit/t1": [[NOW_US + MS, 1.0], [NOW_US + 2 * MS, 1.0]],
        **{f"kit/t{number}": [[NOW_US + MS, float(number)]] for number in range(2, 50)},
        "kit/fresh": [[NOW_US + 2 * MS, 2.0]],
    }
    with database.read() as session:
        assert new.take(session) == []


def test_a_restarted_board_begins_a_new_time_axis(database: Database) -> None:
    handler = TelemetryHandler()
    store(database, handler, inbound("kit-1/kit/stream", stream([60_000 * MS], [1])))
    store(database, handler, inbound("kit-1/kit/stream", stream([5 * MS], [2]), at_us=NOW_US + 10_000 * MS))
    assert readings(database, "kit/light") == [(0, 1.0), (10_000 * MS, 2.0)]


def test_a_plain_number_is_a_reading_with_the_unit_that_the_device_describes(database: Database) -> None:
    store(database, DeviceHandler(), inbound("kit-1/$description", KIT))
    store(
        database,
        TelemetryHandler(),
        inbound("kit-1/kit/temp", "23.5"),
        inbound("kit-1/kit/mode", "line"),
        inbound("kit-1/kit/button", "true", at_us=NOW_US + 1),
    )
    with database.read() as session:
        found = list_series(session, "kit-1")
    assert [(series.key, series.unit) for series in found] == [("kit/button", ""), ("kit/temp", "°C")]
    assert readings(database, "kit/temp") == [(0, 23.5)]
    assert readings(database, "kit/button") == [(1, 1.0)]


def test_a_remembered_value_and_a_streamed_one_are_not_stored_twice(database: Database) -> None:
    store(
        database,
        TelemetryHandler(),
        inbound("kit-1/kit/temp", "99", retained=True),
        inbound("kit-1/kit/stream", stream([0], [1])),
        inbound("kit-1/kit/light", "1", at_us=NOW_US + 5),
    )
    assert readings(database, "kit/temp") == []
    assert readings(database, "kit/light") == [(0, 1.0)]


def test_gates_clocks_and_agents_are_not_telemetry() -> None:
    handler = TelemetryHandler()
    topics = ("gate-1/gate/last-seq", "gate-1/clock/fit", "agent-1/agent/ports", "lab-hub-0/changes/keys")
    assert [handler.wants(inbound(topic, "1").topic) for topic in topics] == [False] * 4


def test_what_kits_of_ours_say_of_themselves_is_not_measured() -> None:
    handler = TelemetryHandler()
    nodes = {"program", "console", "firmware", "board"}
    described = {
        f"kit-1/{node}/{prop}"
        for kit in iter_kits()
        for node, about in kit.describe().items()
        for prop in about["properties"]
        if node in nodes
    }
    assert {topic.split("/")[1] for topic in described} == nodes
    assert [topic for topic in described if handler.wants(inbound(topic, "1").topic)] == []
    others = [f"kit-1/{node}/heat" for node in (*nodes, "ports", "pins", "battery")]
    assert all(handler.wants(inbound(topic, "1").topic) for topic in others)


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "5",
        stream([], []),
        stream([1, 2], [1]),
        stream([1], [True]),
        stream([1], ["1"]),
        stream([-1], [1]),
        stream([2**63], [1]),
        stream([1.5], [1]),
        stream([1], [1], key=""),
        stream([1], [1], key="x" * 65),
        stream(list(range(2001)), [0] * 2001),
        {"key": "a", "unit": 5, "us": [1], "values": [1]},
        '{"key":"a","us":[1],"values":[Infinity]}',
    ],
)
def test_a_stream_that_is_none_is_refused(payload: Any) -> None:
    with pytest.raises(Invalid):
        parse_batches(inbound("kit-1/kit/stream", payload))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reading_none_or_refused(payload: bytes) -> None:
    for topic in ("kit-1/kit/stream", "kit-1/kit/temp"):
        try:
            batches = parse_batches(inbound(topic, payload))
        except Invalid:
            continue
        assert all(len(batch.values) == 1 for batch in batches)


def test_several_quantities_travel_in_one_stream() -> None:
    pair = [{"key": key, "unit": "V", "us": [1, 2], "values": [0.5, 1]} for key in ("a0", "a1")]
    batches = parse_batches(inbound("kit-1/kit/stream", pair))
    assert [(batch.key, batch.values) for batch in batches] == [("kit/a0", [0.5, 1]), ("kit/a1", [0.5, 1])]
    for many in ([*pair, 3], pair * 33):
        with pytest.raises(Invalid):
            parse_batches(inbound("kit-1/kit/stream", many))
