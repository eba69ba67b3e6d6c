"""The gate's times against the simulator's cycles: 10,000 passages, and two boards with unlike crystals."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from devices.timing import ClockFit, Exchange, FitSnapshot, Passage, measure
from tests.firmware.gate import LANE_PINS, Gate, format_sentence, parse_sentence
from tests.peers.simboard import Stimulus

pytestmark = [pytest.mark.peer, pytest.mark.slow]

WORST_ERROR_US = 8
CLOCK = "world"
BYTE_NS = 84_900  # 10 bits at 117,647 baud, a little less for a fast crystal
LANE_OF_PIN = {"PB0": 1, "PD2": 2}


@dataclass(frozen=True)
class Timed:
    """A passage as reported, and the world time at which the beam really changed."""

    passage: Passage
    truth_us: float


class Host:
    """Listens to one gate, acknowledges its passages, and fits its clock in world time."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.device = f"gate-{gate.board}"
        self.passages: list[Passage] = []
        self.fit: ClockFit | None = None
        self._asked_us = 0

    def ask(self) -> None:
        """Send a SYNC, and acknowledge what came."""
        self._asked_us = self.gate.sim.send(self.gate.board, format_sentence("SYNC?,token")) // 1000
        if self.passages:
            last = self.passages[-1]
            self.gate.sim.send(self.gate.board, format_sentence(f"ACK?,{last.boot},{last.seq}"))

    def listen(self) -> None:
        for line in self.gate.sim.heard(self.gate.board):
            word, *fields = parse_sentence(line.text)
            if word == "GATE":
                seq, boot, lane, edge, us = fields
                self.passages.append(
                    Passage(self.device, boot, int(seq), int(lane), "B" if edge == "B" else "C", int(us))
                )
                self.fit = self.fit or ClockFit(boot, CLOCK)
            elif word == "SYNC" and self.fit:
                began_ns = line.world_ns - (len(line.text) + 1) * BYTE_NS
                self.fit.add(Exchange(self._asked_us, int(fields[1]), -(-began_ns // 1000)))

    def timed(self, truths_us: dict[int, list[float]]) -> list[Timed]:
        """The reported passages beside the truth, lane by lane in order; `truths_us` is by lane."""
        left = {lane: iter(times) for lane, times in truths_us.items()}
        return [Timed(passage, next(left[passage.lane])) for passage in self.passages]


def run(hosts: list[Host], stimuli: list[Stimulus], sync_every_us: float) -> list[list[Timed]]:
    """Play the stimuli while the hosts talk to their gates; the timed passages of each board."""
    sim = hosts[0].gate.sim
    sim.schedule(stimuli)
    while sim.now().world_ns / 1000 < stimuli[-1].world_us + 60_000:
        for host in hosts:
            host.ask()
        sim.run(sync_every_us)
        for host in hosts:
            host.listen()
    truths: list[dict[int, list[float]]] = [{1: [], 2: []} for _ in hosts]
    for applied in sim.applied():
        truths[applied.board][LANE_OF_PIN[applied.pin]].append(applied.world_ns / 1000)
    return [host.timed(truth) for host, truth in zip(hosts, truths, strict=True)]


def assert_bound_holds(start: Timed, end: Timed, fits: dict[str, FitSnapshot | None]) -> None:
    elapsed = measure(start.passage, end.passage, fits)
    truth_us = end.truth_us - start.truth_us
    assert abs(elapsed.value_us - truth_us) <= elapsed.bound_us, (start, end, elapsed)


def test_ten_thousand_passages_are_within_8_us_of_the_truth(gates: Callable[..., list[Gate]]) -> None:
    """Both lanes, often within 12 us of each other, while the host asks and acknowledges all the time."""
    chance = random.Random(20181)
    (gate,) = gates()
    at_us, stimuli, levels = gate.sim.now().world_ns / 1000 + 5_000, [], {1: 1, 2: 1}
    while len(stimuli) < 10_000:
        lanes = chance.choice([(1,), (2,), (1, 2), (2, 1)])
        for number, lane in enumerate(lanes):
            levels[lane] ^= 1
            late_us = number * chance.uniform(0, 12)
            stimuli.append(Stimulus(0, LANE_PINS[lane], levels[lane], at_us + late_us))
        at_us += chance.uniform(20_100, 26_000)
    stimuli = stimuli[:10_000]

    host = Host(gate)
    (timed,) = run([host], stimuli, 50_000)

    assert [t.passage.seq for t in timed] == list(range(1, 10_001))
    assert gate.ask("STATUS?")[5:8] == ["0", "0", "0"]
    assert host.fit
    fits = {host.device: host.fit.snapshot()}
    worst_us = 0.0
    for number, start in enumerate(timed[:-1]):
        for end in (timed[number + 1], timed[chance.randrange(number + 1, len(timed))]):
            if end.passage.us < start.passage.us:
                continue
            assert_bound_holds(start, end, fits)
            assert_bound_holds(start, end, {})
            reported_us = end.passage.us - start.passage.us
            worst_us = max(worst_us, abs(reported_us - (end.truth_us - start.truth_us)))
    print(f"worst error of 10,000 passages: {worst_us:.2f} us")
    assert worst_us < WORST_ERROR_US


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
