"""The gate's times against the simulator's cycles: 10,000 passages, and two boards with unlike crystals."""

import random
from collections.abc import Callable

import pytest

from devices.timing import FitSnapshot, measure
from tests.firmware.gate import LANE_PINS, Gate
from tests.firmware.timing import Host, Timed, run, time_passages
from tests.peers.simboard import Stimulus

pytestmark = [pytest.mark.peer, pytest.mark.slow]

WORST_ERROR_US = 8


def assert_bound_holds(start: Timed, end: Timed, fits: dict[str, FitSnapshot | None]) -> None:
    elapsed = measure(start.passage, end.passage, fits)
    truth_us = end.truth_us - start.truth_us
    assert abs(elapsed.value_us - truth_us) <= elapsed.bound_us, (start, end, elapsed)


def test_ten_thousand_passages_are_within_8_us_of_the_truth(uploaded_gate: Gate) -> None:
    """The sketch that avrdude uploaded; every duration inside its stated bound, with and without a fit."""
    found = time_passages(uploaded_gate, 10_000)
    print(f"worst error of 10,000 passages: {found.worst_error_us:.2f} us")
    assert (found.passages, found.outside) == (10_000, 0)
    assert found.worst_error_us < WORST_ERROR_US
    assert uploaded_gate.ask("STATUS?")[5:8] == ["0", "0", "0"]


def test_two_boards_with_100_ppm_between_them_keep_their_bound(gates: Callable[..., list[Gate]]) -> None:
    chance = random.Random(315)
    hosts = [Host(gate) for gate in gates((0, 100))]
    at_us, stimuli = hosts[0].gate.sim.now().world_ns / 1000 + 5_000, []
    for number in range(300):
        for board in (0, 1):
            stimuli.append(Stimulus(board, LANE_PINS[1 + number // 2 % 2], number % 2, at_us))
            at_us += chance.uniform(25_000, 400_000)

    first, last = run(hosts, stimuli, 250_000)

    fits = {host.device: host.fit.snapshot() for host in hosts if host.fit}
    assert len(fits) == 2
    ends = iter(last)
    widest_us = 0
    for start in first:
        end = next(ends)
        assert_bound_holds(start, end, fits)
        widest_us = max(widest_us, measure(start.passage, end.passage, fits).bound_us)
    print(f"widest bound of two boards: {widest_us} us")
    for host in hosts:
        fit = fits[host.device]
        assert fit
        board_fast_ppm = 100 * hosts.index(host)
        assert fit.ppm_lo <= -board_fast_ppm <= fit.ppm_hi


def test_lane_2_is_stamped_well_when_everything_happens_at_once(gates: Callable[..., list[Gate]]) -> None:
    """Each cycle around a timer overflow, with lane 1 near by and bytes coming in and going out."""
    (gate,) = gates()
    host = Host(gate)
    chance = random.Random(52)
    first = gate.beam(1, broken=True)
    gate.sim.run(60_000)
    host.listen()
    period_us, boot_us = 32_768, first.world_ns / 1000 - host.passages[0].us
    overflow = int(gate.sim.now().world_ns / 1000 - boot_us) // period_us + 3
    stimuli = []
    for step in range(320):
        at_us = boot_us + (overflow + step) * period_us + (step - 160) / 16
        near_us = at_us + chance.uniform(-6, 2)
        stimuli += [Stimulus(0, LANE_PINS[1], (step + 1) % 2, near_us)]
        stimuli += [Stimulus(0, LANE_PINS[2], step % 2, at_us)]
    host.passages.clear()

    (timed,) = run([host], stimuli, 3_000)

    assert len(timed) == 640
    errors: dict[int, list[float]] = {1: [], 2: []}
    for one in timed:
        errors[one.passage.lane].append(one.passage.us - (one.truth_us - boot_us))
    for lane, found in errors.items():
        print(f"lane {lane}: {min(found):+.2f} to {max(found):+.2f} us")
    assert max(map(max, errors.values())) - min(map(min, errors.values())) < 5


def test_clock_is_right_after_eighty_quiet_minutes(gates: Callable[..., list[Gate]]) -> None:
    """Past the wraps of the 32-bit count of half microseconds and of 32 bits of microseconds."""
    (gate,) = gates()
    began = gate.beam(1, broken=True)
    gate.sim.run(80 * 60 * 1_000_000)
    ended = gate.beam(2, broken=True)
    gate.sim.run(60_000)

    first, last = gate.heard()

    true_us = (ended.world_ns - began.world_ns) / 1000
    assert int(last[5]) > 2**32
    assert abs(int(last[5]) - int(first[5]) - true_us) < WORST_ERROR_US
