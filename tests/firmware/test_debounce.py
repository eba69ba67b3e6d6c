"""From raw edges to passages: none is lost, none is doubled, and each has the time of its own edge."""

import pytest

from tests.firmware.gate import LANE_PINS, Gate, Passage, to_passage
from tests.peers.simboard import Stimulus

pytestmark = pytest.mark.peer

WINDOW_US = 20_000


def play(gate: Gate, edges: list[tuple[int, int, float]], settle_us: float = 60_000) -> list[list[str]]:
    """Apply (lane, level, us from now) and give the sentences that came."""
    start_us = gate.sim.now().world_ns / 1000 + 1000
    gate.sim.schedule(
        Stimulus(gate.board, LANE_PINS[lane], level, start_us + at) for lane, level, at in edges
    )
    gate.sim.run(1000 + max(at for _, _, at in edges) + settle_us)
    return gate.heard()


def passages(sentences: list[list[str]]) -> list[Passage]:
    return [to_passage(fields) for fields in sentences if fields[0] == "GATE"]


@pytest.mark.parametrize("lane", [1, 2])
def test_both_edges_of_a_passing_robot_are_passages(gate: Gate, lane: int) -> None:
    found = passages(play(gate, [(lane, 0, 0), (lane, 1, 150_000)]))

    assert [(p.seq, p.lane, p.edge) for p in found] == [(1, lane, "B"), (2, lane, "C")]
    assert abs(found[1].us - found[0].us - 150_000) <= 4


@pytest.mark.parametrize("lane", [1, 2])
def test_first_edge_is_reported_before_its_window_ends(gate: Gate, lane: int) -> None:
    gate.beam(lane, broken=True)
    gate.sim.run(6_000)

    assert [fields[:1] + fields[3:5] for fields in gate.heard()] == [["GATE", str(lane), "B"]]


@pytest.mark.parametrize("lane", [1, 2])
def test_bounce_is_one_passage_and_its_edges_are_evidence(gate: Gate, lane: int) -> None:
    sentences = play(gate, [(lane, 0, 0), (lane, 1, 400), (lane, 0, 900), (lane, 1, 3000), (lane, 0, 3100)])

    (passage,) = passages(sentences)
    edges = [fields for fields in sentences if fields[0] == "EDGE"]
    assert (passage.lane, passage.edge) == (lane, "B")
    assert [fields[4] for fields in edges] == ["C", "B", "C", "B"]
    assert [fields[1] for fields in edges] == ["1", "2", "3", "4"]
    gaps = [int(fields[5]) - passage.us for fields in edges]
    assert all(abs(gap - want) <= 4 for gap, want in zip(gaps, [400, 900, 3000, 3100], strict=True))
    assert gate.ask("STATUS?")[7] == "4"


@pytest.mark.parametrize("lane", [1, 2])
def test_robot_gone_inside_the_window_is_reported_with_the_time_of_its_last_edge(
    gate: Gate, lane: int
) -> None:
    found = passages(play(gate, [(lane, 0, 0), (lane, 1, 6_000), (lane, 0, 6_200), (lane, 1, 6_500)]))

    assert [p.edge for p in found] == ["B", "C"]
    assert abs(found[1].us - found[0].us - 6_500) <= 4


@pytest.mark.parametrize("lane", [1, 2])
def test_edge_right_after_the_window_is_a_new_passage_with_its_own_time(gate: Gate, lane: int) -> None:
    found = passages(play(gate, [(lane, 0, 0), (lane, 1, WINDOW_US + 100), (lane, 0, 2 * WINDOW_US + 300)]))

    assert [p.edge for p in found] == ["B", "C", "B"]
    assert abs(found[1].us - found[0].us - WINDOW_US - 100) <= 4
    assert abs(found[2].us - found[0].us - 2 * WINDOW_US - 300) <= 4


@pytest.mark.parametrize("lane", [1, 2])
@pytest.mark.parametrize("pulse_us", [0.5, 1, 2, 3, 4, 5, 6, 8, 12, 20, 50])
def test_gate_believes_the_pin_after_a_pulse_of_any_length(gate: Gate, lane: int, pulse_us: float) -> None:
    play(gate, [(lane, 0, 0), (lane, 1, pulse_us)])
    found = passages(play(gate, [(lane, 0, 0), (lane, 1, 100_000)]))

    assert [p.edge for p in found] == ["B", "C"]
    assert abs(found[1].us - found[0].us - 100_000) <= 4


@pytest.mark.parametrize("lane", [1, 2])
def test_storm_of_edges_ends_in_the_right_state(gate: Gate, lane: int) -> None:
    storm = [(lane, number % 2, 7.0 * number) for number in range(501)]

    sentences = play(gate, storm, 200_000)

    assert [p.edge for p in passages(sentences)] == ["B"]
    assert gate.ask("STATUS?")[4] == str(lane)
    assert [p.edge for p in passages(play(gate, [(lane, 1, 0)]))] == ["C"]


@pytest.mark.parametrize("offset_us", [-8, -4, -2, -1, -0.25, 0, 0.25, 1, 2, 4, 8])
def test_lanes_broken_at_the_same_moment_have_the_same_time(gate: Gate, offset_us: float) -> None:
    found = passages(play(gate, [(1, 0, 10), (2, 0, 10 + offset_us)]))

    by_lane = {p.lane: p.us for p in found}
    assert sorted(by_lane) == [1, 2]
    assert abs(by_lane[2] - by_lane[1] - offset_us) < 4


@pytest.mark.parametrize("lane", [1, 2])
def test_stamps_around_timer_overflows_are_right(gate: Gate, lane: int) -> None:
    """Timer1 overflows each 32,768 us of the board's time: edges come from 6 us before one to 6 us after."""
    (first,) = passages(play(gate, [(lane, 0, 0)]))
    world_us = gate.sim.applied()[0].world_ns / 1000
    boot_world_us = world_us - first.us
    period = 32_768
    number = int(gate.sim.now().world_ns / 1000 - boot_world_us) // period + 2
    wanted, level = [], 1
    for step in range(49):
        wanted.append((number + 2 * step) * period + (step - 24) * 0.25)
        gate.sim.schedule([Stimulus(0, LANE_PINS[lane], level, boot_world_us + wanted[-1])])
        level ^= 1
    gate.sim.run(wanted[-1] - wanted[0] + 4 * period)

    found = passages(gate.heard())
    assert len(found) == len(wanted)
    errors = [p.us - want for p, want in zip(found, wanted, strict=True)]
    assert -4 < min(errors) <= max(errors) < 4


def test_talking_host_does_not_disturb_the_stamps(gate: Gate) -> None:
    edges = [(1 + number % 2, number // 2 % 2, 15_000.0 * number) for number in range(8)]
    gate.sim.send(0, b"$SYNC?,abcdefgh*00" * 300)

    found = passages(play(gate, edges, 400_000))

    assert [p.lane for p in found] == [lane for lane, _, _ in edges]
    gaps = [p.us - found[0].us for p in found]
    assert all(abs(gap - at) <= 4 for gap, (_, _, at) in zip(gaps, edges, strict=True))
