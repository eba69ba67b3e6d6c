"""Plays passages to simulated gates as a host does, and holds their times against the truth."""

import random
from dataclasses import dataclass

from devices.timing import ClockFit, Exchange, Passage, measure
from tests.firmware.gate import LANE_PINS, Gate, format_sentence, parse_sentence
from tests.peers.simboard import Stimulus

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


@dataclass(frozen=True)
class Accuracy:
    """`outside` counts durations whose truth is outside the bound; the worst error is of the stamps."""

    passages: int
    durations: int
    worst_error_us: float
    outside: int


def time_passages(gate: Gate, count: int, seed: int = 20181) -> Accuracy:
    """Both lanes, often within 12 us of each other, while the host asks and acknowledges all the time.

    Raises RuntimeError if a passage is lost or doubled.
    """
    chance = random.Random(seed)
    at_us, stimuli, levels = gate.sim.now().world_ns / 1000 + 5_000, [], {1: 1, 2: 1}
    while len(stimuli) < count:
        lanes = chance.choice([(1,), (2,), (1, 2), (2, 1)])
        for number, lane in enumerate(lanes):
            levels[lane] ^= 1
            late_us = number * chance.uniform(0, 12)
            stimuli.append(Stimulus(0, LANE_PINS[lane], levels[lane], at_us + late_us))
        at_us += chance.uniform(20_100, 26_000)
    host = Host(gate)
    (timed,) = run([host], stimuli[:count], 50_000)
    if [t.passage.seq for t in timed] != list(range(1, count + 1)) or host.fit is None:
        raise RuntimeError(f"{len(timed)} of {count} passages came")
    fits = {host.device: host.fit.snapshot()}
    worst_us, outside, durations = 0.0, 0, 0
    for number, start in enumerate(timed[:-1]):
        for end in (timed[number + 1], timed[chance.randrange(number + 1, len(timed))]):
            if end.passage.us < start.passage.us:
                continue
            truth_us = end.truth_us - start.truth_us
            for known in (fits, {}):
                elapsed = measure(start.passage, end.passage, known)
                outside += abs(elapsed.value_us - truth_us) > elapsed.bound_us
            durations += 1
            worst_us = max(worst_us, abs(end.passage.us - start.passage.us - truth_us))
    return Accuracy(len(timed), durations, worst_us, outside)
