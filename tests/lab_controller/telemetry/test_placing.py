"""Readings keep the time at which they were measured, however long they waited, and none is lost."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from lab_controller.database import Database
from lab_controller.telemetry.axis import STEP_US, Axis, find_least
from lab_controller.telemetry.handler import TelemetryHandler
from lab_controller.telemetry.placing import part
from lab_controller.telemetry.queries import list_series, load_readings
from tests.lab_controller.inbox import NOW_US, inbound, store

MS, S = 1_000, 1_000_000
BATCH_US = 100 * MS
ON_THE_MILLISECOND = tuple(range(0, 100 * MS, 10 * MS))
ANYWHERE = (113, 10_871, 20_002, 30_415, 40_777, 50_031, 60_640, 70_209, 80_955, 90_388)
GRIDS = pytest.mark.parametrize("grid", [ON_THE_MILLISECOND, ANYWHERE], ids=["milliseconds", "microseconds"])


def stamps(number: int, grid: Sequence[int] = ON_THE_MILLISECOND) -> list[int]:
    return [number * BATCH_US + at_us for at_us in grid]


def message(us: list[int], received_us: int, key: str = "light", value: float = 1.0) -> Any:
    payload = {"key": key, "unit": "", "us": us, "values": [value] * len(us)}
    return inbound("kit-1/kit/stream", payload, at_us=NOW_US + received_us)


def live(numbers: Iterable[int], grid: Sequence[int] = ON_THE_MILLISECOND, later_us: int = 0) -> list[Any]:
    """Batches that arrive at the moment of their last stamp, and `later_us`, of which their value tells."""
    return [
        message(stamps(each, grid), stamps(each, grid)[-1] + later_us, value=later_us / S) for each in numbers
    ]


def queued(numbers: range, from_us: int, grid: Sequence[int] = ON_THE_MILLISECOND) -> list[Any]:
    """Sixteen kits share a transaction: so many of these in each, forty milliseconds a transaction."""
    return [
        message(stamps(each, grid), from_us + place // 16 * 40 * MS, value=0)
        for place, each in enumerate(numbers)
    ]


def times(database: Database, key: str = "kit/light") -> list[int]:
    """Since NOW."""
    with database.read() as session:
        (series,) = [each.id for each in list_series(session, "kit-1") if each.key == key]
        rows = load_readings(session, series, from_us=0, to_us=2**62, limit=100_000)
    return [at_us - NOW_US for at_us, _ in rows]


def every(numbers: Iterable[int], grid: Sequence[int] = ON_THE_MILLISECOND) -> list[int]:
    return [at_us for number in numbers for at_us in stamps(number, grid)]


def take(database: Database, handler: TelemetryHandler, messages: Iterable[Any]) -> None:
    """As the hub does: a batch is remembered once it is committed."""
    waiting = list(messages)
    for begin in range(0, len(waiting), 16):
        for call in store(database, handler, *waiting[begin : begin + 16]).committed:
            call()


@GRIDS
def test_a_minute_of_waiting_moves_no_reading_and_loses_none(database: Database, grid: Sequence[int]) -> None:
    handler = TelemetryHandler()
    take(database, handler, live(range(50), grid))
    take(database, handler, queued(range(50, 650), 65_100 * MS, grid))
    take(database, handler, live(range(670, 700), grid))
    assert times(database) == every([*range(650), *range(670, 700)], grid)


@GRIDS
def test_a_hub_that_starts_behind_a_minute_of_readings_dates_them_as_the_one_before_it(
    database: Database, grid: Sequence[int]
) -> None:
    take(database, TelemetryHandler(), live(range(50), grid))
    after = TelemetryHandler()
    take(database, after, queued(range(40, 650), 65_100 * MS, grid))
    take(database, after, live(range(670, 700), grid))
    assert times(database) == every([*range(650), *range(670, 700)], grid)


@GRIDS
def test_what_was_not_acknowledged_before_an_outage_is_stored_once(
    database: Database, grid: Sequence[int]
) -> None:
    handler = TelemetryHandler()
    take(database, handler, live(range(50), grid))
    take(database, handler, queued(range(30, 650), 65_100 * MS, grid))
    take(database, handler, queued(range(600, 660), 66_900 * MS, grid))
    take(database, handler, live(range(670, 680), grid))
    assert times(database) == every([*range(660), *range(670, 680)], grid)


def test_a_batch_that_comes_twice_into_one_transaction_is_stored_once(database: Database) -> None:
    first, again = (message(stamps(1), at_us) for at_us in (190 * MS, 30 * S))
    store(database, TelemetryHandler(), first, again)
    assert times(database) == every([1])


def test_a_transaction_that_is_tried_again_changes_nothing(database: Database) -> None:
    handler = TelemetryHandler()
    take(database, handler, live(range(5)))
    restarted = live([0, 1], later_us=60 * S)
    with database.write() as session:
        handler.store(session, restarted)
        session.rollback()
    take(database, handler, restarted)
    assert times(database) == [*every(range(5)), *(60 * S + at_us for at_us in every([0, 1]))]


@GRIDS
def test_a_board_that_restarts_counts_from_its_restart(database: Database, grid: Sequence[int]) -> None:
    handler = TelemetryHandler()
    take(database, handler, live(range(20), grid))
    take(database, handler, live(range(10), grid, later_us=15 * S))
    take(database, handler, live(range(15), grid, later_us=30 * S))
    assert times(database) == [
        *every(range(20), grid),
        *(15 * S + at_us for at_us in every(range(10), grid)),
        *(30 * S + at_us for at_us in every(range(15), grid)),
    ]


def test_a_restart_among_readings_that_waited_is_dated_after_what_was_before_it(database: Database) -> None:
    """It is known to the time that the restart took, here half a second."""
    handler = TelemetryHandler()
    take(database, handler, live(range(20)))
    before = queued(range(20, 100), 40 * S)
    after = [
        message(stamps(each), 40 * S + 200 * MS + place // 16 * 40 * MS)
        for place, each in enumerate(range(50))
    ]
    take(database, handler, [*before, *after])
    restarted = sorted(set(times(database)).difference(every(range(100))))
    truly = [10_400 * MS + at_us for at_us in every(range(50))]
    assert len(restarted) == len(truly)
    assert max(abs(at_us - true_us) for at_us, true_us in zip(restarted, truly, strict=True)) < S


def keep(database: Database, handler: TelemetryHandler, messages: list[Any]) -> int:
    """In one transaction; gives the number of statements."""
    said: list[Any] = []

    def note(*told: Any) -> None:
        said.append(told[2])

    event.listen(database.writer_engine, "before_cursor_execute", note)
    try:
        effects = store(database, handler, *messages)
    finally:
        event.remove(database.writer_engine, "before_cursor_execute", note)
    for call in effects.committed:
        call()
    return len(said)


def backlog(numbers: range, from_us: int) -> list[Any]:
    """A message every two seconds, of two quantities, and all of them within a tenth of a second."""
    return [
        message([number * 2 * S, number * 2 * S + S], from_us + place * 100, key=key)
        for place, number in enumerate(numbers)
        for key in ("light", "heat")
    ]


AWAY = pytest.mark.parametrize("before", [[], live(range(40_000, 40_020))], ids=["new", "restarted"])


@AWAY
def test_what_a_device_counted_while_nobody_listened_keeps_its_distances(
    database: Database, before: list[Any]
) -> None:
    handler, back_us = TelemetryHandler(), 10_000 * S
    take(database, handler, before)
    were = len(before) * len(ON_THE_MILLISECOND)
    keep(database, handler, backlog(range(500), back_us))
    latest_us = back_us + 499 * 100
    expected = [latest_us - 999 * S + second * S for second in range(1000)]
    assert times(database)[were:] == expected
    assert times(database, "kit/heat") == expected


@AWAY
def test_a_backlog_costs_each_transaction_the_same(database: Database, before: list[Any]) -> None:
    """Each meets the times of all before it."""
    handler, back_us = TelemetryHandler(), 10_000 * S
    take(database, handler, before)
    asked = [
        keep(database, handler, backlog(range(first, first + 100), back_us)) for first in range(0, 2000, 100)
    ]
    assert max(asked) <= 20
    assert len(times(database)) == len(before) * len(ON_THE_MILLISECOND) + 4000
    assert len(times(database, "kit/heat")) == 4000


def test_a_second_restart_within_a_backlog_does_not_move_what_was_before_it(database: Database) -> None:
    both = [*backlog(range(100), 1000 * S), *backlog(range(200), 1000 * S + 10 * MS)]
    keep(database, TelemetryHandler(), both)
    first_us, second_us = 1000 * S + 9_900, 1000 * S + 10 * MS + 19_900
    assert times(database) == sorted(
        [*(first_us - at * S for at in range(200)), *(second_us - at * S for at in range(400))]
    )


def test_a_new_name_among_readings_that_waited_has_the_clock_of_its_board(database: Database) -> None:
    handler = TelemetryHandler()
    take(database, handler, live(range(20)))
    old = queued(range(20, 100), 30 * S)
    new = [
        message(stamps(each), 30 * S + place // 16 * 40 * MS, key="heat")
        for place, each in enumerate(range(60, 100))
    ]
    take(database, handler, [*old, *new])
    assert times(database, "kit/heat") == every(range(60, 100))


def test_a_clock_that_is_slow_by_three_thousandths_is_followed(database: Database) -> None:
    handler = TelemetryHandler()
    true_us = [number * 500 * MS for number in range(2400)]
    take(database, handler, (message([at_us * 997 // 1000], at_us) for at_us in true_us))
    found = times(database)
    assert len(found) == len(true_us)
    assert max(true_us[place] - at_us for place, at_us in enumerate(found)) < 500 * MS


def test_a_clock_that_is_fast_by_three_thousandths_is_followed(database: Database) -> None:
    handler = TelemetryHandler()
    true_us = [number * 500 * MS for number in range(2400)]
    take(database, handler, (message([at_us * 1003 // 1000], at_us) for at_us in true_us))
    found = times(database)
    assert len(found) == len(true_us)
    assert max(at_us - true_us[place] for place, at_us in enumerate(found)) <= STEP_US


@pytest.mark.parametrize("set_us", [3600 * S, -3600 * S], ids=["ahead", "back"])
def test_a_hub_whose_host_was_set_right_dates_by_the_new_time(database: Database, set_us: int) -> None:
    take(database, TelemetryHandler(), live(range(50)))
    after = TelemetryHandler()
    take(database, after, live(range(50, 1800), later_us=set_us))
    found = times(database)
    assert len(found) == 18_000
    right = [set_us + at_us for at_us in every(range(1300, 1800))]
    assert set(right) <= set(found)


@GRIDS
def test_readings_that_meet_the_time_of_others_are_stored_beside_them(
    database: Database, grid: Sequence[int]
) -> None:
    """The host's clock was set back by a whole second: the next second is there already."""
    handler = TelemetryHandler()
    take(database, handler, live(range(50), grid))
    back = live(range(50, 80), grid, later_us=-2 * S)
    take(database, handler, back)
    take(database, handler, back)
    assert len(times(database)) == 800


def test_two_values_of_one_moment_are_two_readings(database: Database) -> None:
    handler = TelemetryHandler()
    same = [message([5 * MS, 5 * MS, 6 * MS], 6 * MS)]
    take(database, handler, same)
    take(database, handler, same)
    assert times(database) == [5 * MS, 5 * MS + 1, 6 * MS]


@given(st.lists(st.integers(0, 40 * S), min_size=1, max_size=80))
def test_no_wait_of_any_message_moves_the_axis(waits_us: list[int]) -> None:
    axis, received_us = Axis.begin(NOW_US, 0, NOW_US), 0
    for number, wait_us in enumerate(waits_us, start=1):
        received_us = max(received_us, min(number * BATCH_US + wait_us, 59 * S))
        axis.follow([number * BATCH_US], NOW_US + received_us, lambda: False)
    assert axis.offset_us == NOW_US


@given(st.lists(st.integers(0, 20)))
def test_moments_that_are_parted_stay_in_their_order(us: list[int]) -> None:
    found = list(part(sorted(us), {}))
    assert found == sorted(set(found))
    assert len(found) == len(us)


def test_any_stamps_are_parted_without_going_over_them_again() -> None:
    class Taken(dict[int, int]):
        asked = 0

        def get(self, *given: Any) -> Any:
            self.asked += 1
            return super().get(*given)

    taken, us = Taken(), [*[0] * 1000, *range(1000), *[0] * 1000]
    assert list(part(us, taken)) == list(range(3000))
    assert taken.asked < 4 * len(us)


@given(st.lists(st.integers(0, 40 * S), min_size=1, max_size=80))
def test_the_least_wait_is_that_of_all_behind_it_while_the_device_counts_on(waits_us: list[int]) -> None:
    count = [(number * BATCH_US, number * BATCH_US + wait_us) for number, wait_us in enumerate(waits_us)]
    least = find_least([*count, (0, 100 * S)])
    assert least == [*(min(waits_us[place:]) for place in range(len(count))), 100 * S]
