"""Everything that reads what comes from outside, fuzzed for ten minutes: at random and led by coverage."""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.figures import Figure
from tests.devices import fuzz
from tests.devices.fuzz import guided
from tests.devices.fuzz.search import SLOW_FROM, Identity, Tally, flood, search
from tests.devices.fuzz.target import BYTE_S, STATE_MAX, Broken, Target, run

SECONDS = 600.0
FLOOD_BYTES = 256 * 1024
SHOWN = 12
"""Pieces of an input that are printed whole."""


def measure(seconds: float = SECONDS) -> list[Figure]:
    """Both searches at once, each for `seconds`; an input that breaks something is made small and printed."""
    targets = fuzz.iter_targets()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as beside:
        folder = Path(name)
        led = beside.submit(guided.search, folder, seconds) if guided.is_there() else None
        tally = _search(targets, seconds)
        if led is not None:
            led.result()
        executions, found = guided.read(folder)
    for identity, pieces in found.items():
        _repeat(targets, identity, pieces, tally)
    for identity, pieces in tally.failures.items():
        _show(identity, pieces)
    return _figures(targets, tally, executions if led is not None else None)


def _search(targets: Sequence[Target], seconds: float) -> Tally:
    tally = Tally()
    until = time.monotonic() + seconds
    for place, target in enumerate(targets):
        share_until = time.monotonic() + (until - time.monotonic()) / (len(targets) - place)
        flood(target, FLOOD_BYTES, tally)
        search(target, share_until - time.monotonic(), tally, number=time.time_ns() % 2**32)
    return tally


def _repeat(targets: Sequence[Target], identity: Identity, pieces: Sequence[bytes], tally: Tally) -> None:
    """What the other process found is made small here; what does not happen again is shown as it was."""
    target = next(each for each in targets if each.name == identity[0])
    try:
        run(target, pieces)
    except Broken as broken:
        tally.add(target, broken, pieces)
    else:
        tally.failures.setdefault(identity, list(pieces))


def _show(identity: Identity, pieces: Sequence[bytes]) -> None:
    target, kind, place = identity
    told = [repr(piece if len(piece) <= 400 else piece[:400] + b"...") for piece in pieces[:SHOWN]]
    print(f"{target}: {kind} at {place}", *told, sep="\n  ", file=sys.stderr, flush=True)


def _figures(targets: Sequence[Target], tally: Tally, led: dict[str, int] | None) -> list[Figure]:
    usual = Counter({each.name: tally.state[each.name] for each in targets if each.state_max == STATE_MAX})
    more = Counter({each.name: tally.state[each.name] for each in targets if each.state_max != STATE_MAX})
    (small, small_bytes), (large, large_bytes) = usual.most_common(1)[0], more.most_common(1)[0]
    limit = max(each.state_max for each in targets if each.name == large)
    slow, slow_us = max(tally.byte_us.items(), key=lambda told: told[1])
    fewest = min(tally.executions[each.name] for each in targets)
    tried = "atheris is missing: sh scripts/peers.sh atheris"
    if led is not None:
        tried = f"{sum(led.values())}, at least {min(led.get(each.name, 0) for each in targets)} each"
    return [
        Figure(
            f"garbled inputs to {len(targets)} parsers, drivers, commands and uploads",
            f"{sum(tally.executions.values())}, at least {fewest} each",
            "-",
            None,
        ),
        Figure("inputs led by coverage", tried, "-", None if led is not None else False),
        Figure("distinct failures", str(len(tally.failures)), "0", not tally.failures),
        Figure(
            "most that a parser or a driver keeps",
            f"{small_bytes / 1024:.1f} KiB ({small})",
            f"{STATE_MAX // 1024} KiB",
            small_bytes <= STATE_MAX,
        ),
        Figure(
            "most that an upload or the orders keep",
            f"{large_bytes / 1024:.0f} KiB ({large})",
            f"{limit // 1024} KiB",
            large_bytes <= limit,
        ),
        Figure(
            f"slowest input of more than {SLOW_FROM // 1024} KiB",
            f"{slow_us:.1f} us a byte ({slow})",
            f"{BYTE_S * 1e6:.0f} us a byte",
            slow_us <= BYTE_S * 1e6,
        ),
    ]
