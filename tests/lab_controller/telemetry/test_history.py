"""Down-sampling, roll-up and retention against the same thing done by hand."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from lab_controller.database import Database
from lab_controller.errors import Invalid, NotFound
from lab_controller.telemetry import history
from lab_controller.telemetry.handler import TelemetryHandler
from lab_controller.telemetry.history import History, iter_csv, read_series, safe_text
from lab_controller.telemetry.rollup import (
    MINUTE_US,
    floor_minute,
    forget_minutes,
    forget_readings,
    roll_some,
)
from lab_controller.telemetry.tables import MinuteRow, ReadingRow, Series
from tests.lab_controller.inbox import NOW_US, inbound, store
from tests.peers.databases import open_database

BEGIN_US = floor_minute(NOW_US)
LATER_US = BEGIN_US + 3_600 * 1_000_000
Readings = list[tuple[int, float]]


def fill(database: Database, readings: Readings, key: str = "kit/light", unit: str = "lx") -> None:
    """Readings at microseconds after BEGIN_US."""
    with database.write() as session:
        session.exec(delete(Series).where(Series.key == key))  # type: ignore[call-overload, arg-type]
        series = Series(device="kit-1", key=key, unit=unit, offset_us=0)
        session.add(series)
        session.flush()
        session.add_all(
            ReadingRow(series_id=series.id, at_us=BEGIN_US + at_us, value=value) for at_us, value in readings
        )


def roll_all(database: Database, now_us: int, since_us: int = 0) -> int:
    rolled = 0
    while True:
        with database.write() as session:
            count = roll_some(session, now_us, since_us)
        rolled += count
        if not count:
            return rolled


def read(database: Database, from_us: int, to_us: int, points: int) -> History:
    """Between microseconds after BEGIN_US."""
    with database.read() as session:
        return read_series(
            session,
            "kit-1",
            "kit/light",
            from_us=BEGIN_US + from_us,
            to_us=BEGIN_US + to_us,
            points=points,
        )


def by_hand(readings: Readings, begin_us: int, end_us: int, width_us: int) -> list[tuple[Any, ...]]:
    buckets: dict[int, list[float]] = {}
    for at_us, value in sorted(readings):
        if begin_us <= BEGIN_US + at_us < end_us:
            buckets.setdefault((BEGIN_US + at_us - begin_us) // width_us, []).append(value)
    return [
        (begin_us + number * width_us, min(values), max(values), math.fsum(values) / len(values), len(values))
        for number, values in sorted(buckets.items())
    ]


def told(found: History) -> list[tuple[Any, ...]]:
    return [(p.at_us, p.low, p.high, pytest.approx(p.mean), p.count) for p in found.points]


readings_st = st.dictionaries(
    st.integers(0, 20 * MINUTE_US), st.integers(-1000, 1000).map(lambda n: n / 8), max_size=60
).map(lambda found: sorted(found.items()))


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with open_database("sqlite", Path(tmp_path_factory.mktemp("history"))) as database:
        yield database


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    readings=readings_st,
    begin=st.integers(0, 10 * MINUTE_US),
    length=st.integers(1, 12 * MINUTE_US),
    points=st.integers(1, 40),
)
def test_a_plot_from_readings_is_what_one_would_draw_by_hand(
    sqlite: Database, readings: Readings, begin: int, length: int, points: int
) -> None:
    fill(sqlite, readings)
    found = read(sqlite, begin, begin + length, points)
    inside = [(at, value) for at, value in readings if begin <= at < begin + length]
    assert len(found.points) <= points
    if found.width_us:
        assert told(found) == by_hand(readings, found.from_us, found.to_us, found.width_us)
    else:
        assert [(p.at_us - BEGIN_US, p.mean) for p in found.points] == inside
    assert sum(p.count for p in found.points) == len(inside)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    readings=readings_st,
    span=st.tuples(st.integers(0, 10 * MINUTE_US), st.integers(1, 12 * MINUTE_US)),
    points=st.integers(1, 10),
    rolled=st.integers(0, 25),
)
def test_a_plot_from_minutes_equals_the_plot_from_the_same_readings(
    sqlite: Database, readings: Readings, span: tuple[int, int], points: int, rolled: int
) -> None:
    begin, length = span
    fill(sqlite, readings)
    roll_all(sqlite, BEGIN_US + rolled * MINUTE_US)
    found = read(sqlite, begin, begin + length, points)
    assert len(found.points) <= points
    if found.source == "minute":
        assert (found.from_us % MINUTE_US, found.to_us % MINUTE_US) == (0, 0)
    if found.width_us:
        assert told(found) == by_hand(readings, found.from_us, found.to_us, found.width_us)


@given(readings=readings_st, steps=st.lists(st.integers(0, 25), max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_minutes_hold_exactly_their_readings_however_often_they_are_rolled_up(
    sqlite: Database, readings: Readings, steps: list[int]
) -> None:
    fill(sqlite, readings)
    for step in [*steps, 60]:
        roll_all(sqlite, BEGIN_US + step * MINUTE_US)
    with sqlite.read() as session:
        rows = session.exec(select(MinuteRow).join(Series).where(Series.key == "kit/light")).all()  # type: ignore[arg-type]
    assert [(r.at_us, r.low, r.high, pytest.approx(r.total / r.count), r.count) for r in rows] == by_hand(
        readings, BEGIN_US, LATER_US, MINUTE_US
    )


def test_history_is_the_same_on_both_databases(database: Database) -> None:
    readings = [(number * 1_700_000, float(number % 13)) for number in range(600)]
    fill(database, readings)
    assert roll_all(database, BEGIN_US + 10 * MINUTE_US) == 1
    fine, wide = read(database, 0, MINUTE_US, 10), read(database, 0, 17 * MINUTE_US, 5)
    assert (fine.source, fine.width_us, wide.source, wide.width_us) == (
        "raw",
        6_000_000,
        "minute",
        4 * MINUTE_US,
    )
    for found in (fine, wide):
        assert told(found) == by_hand(readings, found.from_us, found.to_us, found.width_us)
    assert sum(point.count for point in wide.points) == 600


def test_a_minute_is_left_alone_until_its_last_readings_have_come(database: Database) -> None:
    fill(database, [(0, 1.0), (MINUTE_US, 2.0)])
    assert roll_all(database, BEGIN_US + 2 * MINUTE_US - 1) == 0
    assert roll_all(database, BEGIN_US + 2 * MINUTE_US) == 1
    assert roll_all(database, BEGIN_US + 2 * MINUTE_US) == 0


def test_a_reading_that_comes_later_is_counted_in_its_minute(database: Database) -> None:
    handler = TelemetryHandler()
    first = {"key": "light", "unit": "lx", "us": [0, 1_000_000], "values": [1, 3]}
    store(database, handler, inbound("kit-1/kit/stream", first, at_us=BEGIN_US + 1_000_000))
    assert roll_all(database, LATER_US) == 1
    late = {"key": "light", "unit": "lx", "us": [500_000, 3_000_000], "values": [8, 9]}
    store(database, handler, inbound("kit-1/kit/stream", late, at_us=BEGIN_US + 3_000_000))
    assert read(database, 0, MINUTE_US, 1).points[0].count == 4
    assert roll_all(database, LATER_US) == 1
    (point,) = read(database, 0, MINUTE_US, 1).points
    assert (point.low, point.high, point.mean, point.count) == (1.0, 9.0, 5.25, 4)


def test_readings_go_only_when_they_are_in_their_minute_and_the_plot_goes_on(database: Database) -> None:
    fill(database, [(number * 1_000_000, float(number)) for number in range(300)])

    def forget(before_us: int, limit: int = 20_000) -> int:
        with database.write() as session:
            return forget_readings(session, before_us, limit)

    assert forget(LATER_US) == 0
    roll_all(database, BEGIN_US + 4 * MINUTE_US)
    assert [forget(LATER_US, 100) for _ in range(3)] == [100, 80, 0]
    found = read(database, 0, 5 * MINUTE_US, 2000)
    assert (found.source, [p.count for p in found.points]) == ("minute", [60] * 5)
    with database.write() as session:
        assert forget_minutes(session, BEGIN_US + 2 * MINUTE_US) == 2
    assert len(read(database, 0, 5 * MINUTE_US, 2000).points) == 3


def test_a_plot_of_very_many_readings_is_drawn_from_minutes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, [(number * 100_000, 1.0) for number in range(1200)])
    roll_all(database, LATER_US)
    assert read(database, 0, 2 * MINUTE_US, 100).source == "raw"
    monkeypatch.setattr(history, "MOST_READINGS", 1000)
    assert read(database, 0, 2 * MINUTE_US, 100).source == "minute"


@pytest.mark.parametrize(("from_us", "to_us", "points"), [(5, 5, 1), (6, 5, 1), (0, 5, 0), (0, 5, 2001)])
def test_a_range_that_is_none_is_refused(sqlite: Database, from_us: int, to_us: int, points: int) -> None:
    fill(sqlite, [])
    with pytest.raises(Invalid) as refused:
        read(sqlite, from_us, to_us, points)
    assert refused.value.code == "range_invalid"


def test_an_unknown_series_is_told(sqlite: Database) -> None:
    with sqlite.read() as session, pytest.raises(NotFound):
        read_series(session, "kit-1", "kit/none", from_us=0, to_us=1, points=1)
    with pytest.raises(NotFound):
        iter_csv(sqlite, "kit-1", ["kit/none"], from_us=0, to_us=1)


def test_a_sheet_has_each_reading_and_no_formulas(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 2)
    fill(database, [(0, -1.5), (1, 2.0), (2, 1e-07), (3, 4.0), (4, 5.0)], key="kit/=HYPERLINK(1),", unit="-x")
    lines = list(iter_csv(database, "kit-1", [], from_us=BEGIN_US, to_us=BEGIN_US + 4))
    rows = list(csv.reader(io.StringIO("".join(lines), newline="")))
    assert rows[0] == ["time", "at_us", "series", "unit", "value"]
    assert [row[1:] for row in rows[1:]] == [
        [str(BEGIN_US + n), "kit/=HYPERLINK(1),", "'-x", value]
        for n, value in enumerate(["-1.5", "2.0", "1e-07", "4.0"])
    ]
    assert rows[1][0].endswith("+00:00")
    roll_all(database, LATER_US)
    minutes = list(iter_csv(database, "kit-1", [], from_us=BEGIN_US, to_us=LATER_US, by="minute"))
    assert len(minutes) == 2
    assert minutes[1].split(",")[-4:-2] == ["5", "-1.5"]


@given(st.text(max_size=40))
def test_no_text_begins_as_a_formula(text: str) -> None:
    assert safe_text(text)[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}
