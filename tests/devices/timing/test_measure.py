"""The stated bound holds the true duration, whatever the clocks and the lines do."""

import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.timing import (
    ClockFit,
    Elapsed,
    Exchange,
    FitSnapshot,
    IncomparableError,
    Passage,
    measure,
)


@dataclass(frozen=True)
class Board:
    """A board whose clock began at `born_us` of the host and runs `ppm` fast, wandering by `wander`."""

    name: str
    born_us: int
    ppm: float
    wander_ppm: float = 0.0
    tick_us: int = 4

    def reading(self, host_us: int) -> int:
        seconds = (host_us - self.born_us) / 1e6
        swing = self.wander_ppm * 50 * (1 - math.cos(seconds / 50))
        true_us = seconds * 1e6 + seconds * self.ppm + swing
        return math.floor(true_us / self.tick_us) * self.tick_us

    def fit(self, until_us: int, count: int, delays: list[tuple[int, int]], clock_id: str = "room"):
        fit = ClockFit("5f3a", clock_id)
        for place in range(count):
            asked = until_us - (count - place) * 1_000_000
            out, back = delays[place % len(delays)]
            fit.add(Exchange(asked, self.reading(asked + out), asked + out + back))
        return fit.snapshot()

    def passage(self, host_us: int) -> Passage:
        return Passage(self.name, "5f3a", 1, 1, "B", self.reading(host_us))


@dataclass(frozen=True)
class Warming(Board):
    """Its rate moves by `ppm` every five minutes."""

    def reading(self, host_us: int) -> int:
        seconds = (host_us - self.born_us) / 1e6
        true_us = seconds * 1e6 + self.ppm * seconds * seconds / 600
        return math.floor(true_us / self.tick_us) * self.tick_us


def boards(name: str):
    return st.builds(
        Board,
        st.just(name),
        st.integers(-3_600_000_000, -400_000_000),
        st.floats(-3000, 3000),
        st.floats(-2, 2),
    )


delays = st.lists(
    st.tuples(st.integers(1_000, 60_000), st.integers(100, 60_000)), min_size=1, max_size=7
)  # fmt: skip
moments = st.tuples(st.integers(0, 120_000_000), st.integers(0, 120_000_000))
counts = st.integers(1, 290)


@settings(max_examples=150, deadline=None)
@given(boards("a"), counts, delays, moments)
def test_one_board_holds_the_truth(board, count, delay, moment):
    start_us, length_us = moment
    end_us = start_us + length_us
    fit = board.fit(end_us, count, delay)
    elapsed = measure(board.passage(start_us), board.passage(end_us), {"a": fit})
    assert elapsed.method == "one_board"
    assert abs(elapsed.value_us - length_us) <= elapsed.bound_us


@settings(max_examples=150, deadline=None)
@given(boards("a"), boards("b"), st.tuples(counts, delays), st.tuples(counts, delays), moments)
def test_two_boards_hold_the_truth(a, b, talk_a, talk_b, moment):
    start_us, length_us = moment
    end_us = start_us + length_us
    fits = {"a": a.fit(end_us, *talk_a), "b": b.fit(end_us - 700_000, *talk_b)}
    elapsed = measure(a.passage(start_us), b.passage(end_us), fits)
    assert elapsed.method == "two_boards"
    assert abs(elapsed.value_us - length_us) <= elapsed.bound_us


@pytest.mark.parametrize("ramp_ppm", [-5, 5])
@pytest.mark.parametrize("late_us", [0, 290_000_000, 600_000_000, 3_600_000_000])
def test_a_fit_made_an_hour_after_the_passages_allows_for_a_room_that_warmed_up(ramp_ppm, late_us):
    length_us = 100_000_000
    a, b = Warming("a", -500_000_000, ramp_ppm), Warming("b", -500_000_000, -ramp_ppm)
    fits = {each.name: each.fit(length_us + late_us, 290, [(1_200, 300)]) for each in (a, b)}
    one = measure(a.passage(0), a.passage(length_us), fits)
    two = measure(a.passage(0), b.passage(length_us), fits)
    assert abs(one.value_us - length_us) <= one.bound_us
    assert abs(two.value_us - length_us) <= two.bound_us


@given(st.floats(-5000, 5000), st.integers(0, 600_000_000))
def test_a_board_never_measured_is_bounded_by_what_its_resonator_may_be(ppm, length_us):
    board = Board("a", -500_000_000, ppm)
    elapsed = measure(board.passage(0), board.passage(length_us), {})
    assert elapsed.value_us == board.reading(length_us) - board.reading(0)
    assert abs(elapsed.value_us - length_us) <= elapsed.bound_us


def test_many_exchanges_make_two_boards_comparable_within_two_milliseconds():
    quick = [(1_200, 300), (1_300, 9_000), (30_000, 400)]
    a, b = Board("a", -500_000_000, 100), Board("b", -900_000_000, 0)
    fits = {"a": a.fit(12_000_000, 300, quick), "b": b.fit(12_000_000, 300, quick)}
    elapsed = measure(a.passage(0), b.passage(12_000_000), fits)
    assert elapsed.bound_us < 2_000


def test_a_measured_board_states_less_than_half_a_millisecond_over_twelve_seconds():
    board = Board("a", -500_000_000, 1300)
    fit = board.fit(12_000_000, 300, [(1_200, 300), (5_000, 9_000)])
    elapsed = measure(board.passage(0), board.passage(12_483_000), {"a": fit})
    assert elapsed.bound_us < 500


def snapshot(boot: str = "5f3a", clock_id: str = "room") -> FitSnapshot:
    return FitSnapshot(boot, clock_id, 1_000_000, 9_000_000, 9_001_000, -10.0, 20.0, 4)


def seen(device: str, us: int, boot: str = "5f3a") -> Passage:
    return Passage(device, boot, 1, 1, "B", us)


def test_one_board_is_scaled_by_the_middle_of_its_measured_rate():
    elapsed = measure(seen("a", 0), seen("a", 10_000_000), {"a": snapshot()})
    assert elapsed == Elapsed(10_000_050, 158, "one_board")


def test_two_boards_take_the_middle_of_what_is_possible():
    fits = {"a": snapshot(), "b": replace(snapshot(), ref_host_lo_us=9_500_000, ref_host_hi_us=9_500_000)}
    assert measure(seen("a", 1_000_000), seen("b", 1_000_000), fits) == Elapsed(499_500, 508, "two_boards")


@pytest.mark.parametrize(
    ("start", "end", "fits", "code"),
    [
        (seen("a", 0), seen("a", 5, "6000"), {}, "boards_restarted"),
        (seen("a", 0), seen("b", 5, "6000"), {"a": snapshot(), "b": snapshot()}, "boards_restarted"),
        (seen("a", 0), seen("b", 5), {"a": snapshot()}, "no_fit"),
        (seen("a", 0), seen("b", 5), {"a": snapshot(), "b": None}, "no_fit"),
        (seen("a", 0), seen("b", 5), {"a": snapshot(), "b": snapshot(clock_id="hall")}, "different_clocks"),
        (seen("a", 9), seen("a", 5), {}, "negative"),
        (seen("a", 9_000_000), seen("b", 0), {"a": snapshot(), "b": snapshot()}, "negative"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(start, end, fits, code):
    with pytest.raises(IncomparableError) as refused:
        measure(start, end, fits)
    assert refused.value.code == code


def test_a_snapshot_travels_as_json():
    assert FitSnapshot.from_json(snapshot().to_json()) == snapshot()


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"boot":"5f3a"}'])
def test_other_json_is_no_snapshot(text):
    with pytest.raises(ValueError, match=r"."):
        FitSnapshot.from_json(text)


def test_a_clock_that_jumps_is_measured_anew_and_told():
    fit = ClockFit("5f3a", "room")
    for second in range(10):
        fit.add(Exchange(second * 1_000_000, second * 1_000_000, second * 1_000_000 + 500))
    for second in range(10, 12):
        fit.add(Exchange(second * 1_000_000, second * 1_000_000 + 3_000_000, second * 1_000_000 + 500))
    told = fit.snapshot()
    assert told is not None
    lo, hi = told.host_interval(14_000_000)
    assert (lo <= 11_000_000 <= hi, hi - lo < 600) == (True, True)
    assert fit.contradictions > 0


def test_hours_of_exchanges_keep_the_fit_small():
    fit = ClockFit("5f3a", "room")
    for second in range(7200):
        fit.add(Exchange(second * 1_000_000, second * 1_000_000, second * 1_000_000 + 500 + second % 7))
    assert len(fit._exchanges) < 100
    told = fit.snapshot()
    assert told is not None
    assert told.samples == 7200
    assert -20 < told.ppm_lo < told.ppm_hi < 20
