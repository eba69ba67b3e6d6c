"""Looks for inputs that break a target, and makes them small."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.devices.fuzz.inputs import floods, garbled
from tests.devices.fuzz.target import Broken, Target, Trial, run

ROUND = 100
SLOW_FROM = 4096
"""Bytes of an input from which on its time is told a byte."""
Identity = tuple[str, str, str]


@dataclass
class Tally:
    """What has been tried: executions, peaks by target, and one small input of each failure."""

    executions: Counter[str] = field(default_factory=Counter)
    state: Counter[str] = field(default_factory=Counter)
    byte_us: dict[str, float] = field(default_factory=dict)
    failures: dict[Identity, list[bytes]] = field(default_factory=dict)

    def count(self, target: Target, trial: Trial) -> None:
        """One more input."""
        name = target.name
        self.executions[name] += 1
        self.state[name] = max(self.state[name], trial.state)
        if trial.fed >= SLOW_FROM:
            self.byte_us[name] = max(self.byte_us.get(name, 0.0), trial.cpu_s * 1e6 / trial.fed)

    def add(self, target: Target, broken: Broken, pieces: Sequence[bytes]) -> None:
        """A failure, unless it is known."""
        if broken.identity not in self.failures:
            self.failures[broken.identity] = minimise(target, pieces, broken.identity)


def flood(target: Target, size: int, tally: Tally) -> None:
    """Much of the same."""
    for pieces in floods(target, size):
        try:
            tally.count(target, run(target, pieces))
        except Broken as broken:
            tally.add(target, broken, pieces)


def search(target: Target, seconds: float, tally: Tally, number: int = 0) -> None:
    """Garbled inputs for so long; each round begins with another number, so that a run can be repeated."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        number += 1
        _round(target, until, tally, number)


def _round(target: Target, until: float, tally: Tally, number: int) -> None:
    last: list[bytes] = []

    @seed(number)
    @settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(garbled(target))
    def check(pieces: list[bytes]) -> None:
        nonlocal last
        if time.monotonic() >= until and not last:
            return
        try:
            tally.count(target, run(target, pieces))
        except Broken as broken:
            if broken.identity not in tally.failures:
                last = pieces
                raise

    try:
        check()
    except Broken as broken:
        tally.add(target, broken, last)


def minimise(target: Target, pieces: Sequence[bytes], identity: Identity) -> list[bytes]:
    """Leave out pieces, then bytes, as long as the same goes wrong."""
    small = list(pieces)
    changed = True
    while changed:
        changed = False
        for less in _smaller(small):
            if _breaks(target, less, identity):
                small, changed = less, True
                break
    return small


def _smaller(pieces: Sequence[bytes]) -> Iterator[list[bytes]]:
    for size in sorted({max(1, len(pieces) // 2), max(1, len(pieces) // 4), 1}, reverse=True):
        for at in range(0, len(pieces), size):
            yield [*pieces[:at], *pieces[at + size :]]
    for place, piece in enumerate(pieces):
        for size in sorted({max(1, len(piece) // 2), max(1, len(piece) // 8), 1}, reverse=True):
            if size == 1 and len(piece) > 512:
                continue
            for at in range(0, len(piece), size):
                yield [*pieces[:place], piece[:at] + piece[at + size :], *pieces[place + 1 :]]


def _breaks(target: Target, pieces: Sequence[bytes], identity: Identity) -> bool:
    try:
        run(target, pieces)
    except Broken as broken:
        return broken.identity == identity
    return False
