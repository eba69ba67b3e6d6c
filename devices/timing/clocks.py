"""A board's clock against the host's: an interval of possible offsets and rates."""

import json
import math
from collections import deque
from dataclasses import asdict, dataclass

from devices.timing.feasible import Point, box, clip

WINDOW_US = 300_000_000
"""Exchanges older than this say nothing about the rate of now."""

WANDER_PPM = 5.0
"""How far the rate may move within the window: a ceramic resonator in a room that warms up."""

DENSE_US = 20_000_000
THIN_US = 5_000_000
"""Beyond `DENSE_US` of age one exchange, the quickest, is kept for every `THIN_US`."""

READING_US = 8
"""How far a reading of either clock may be below its true time."""


@dataclass(frozen=True)
class Exchange:
    """The host asked at `t0_us`, the board read `device_us`, the answer began to come at `t1_us`."""

    t0_us: int
    device_us: int
    t1_us: int


@dataclass(frozen=True)
class FitSnapshot:
    """What is known about one boot of one board, in terms of the host clock `clock_id`.

    At `ref_device_us` the host's clock was within `ref_host_*_us`; from there a host second
    differs from a board second by `ppm_lo` to `ppm_hi` parts in a million.
    """

    boot: str
    clock_id: str
    ref_device_us: int
    ref_host_lo_us: int
    ref_host_hi_us: int
    ppm_lo: float
    ppm_hi: float
    samples: int

    def host_interval(self, device_us: int) -> tuple[int, int]:
        """Host times at which the board's clock may have shown `device_us`."""
        x = device_us - self.ref_device_us
        further_ppm = self.further_ppm(device_us)
        shifts = (x * (self.ppm_lo - further_ppm) / 1e6, x * (self.ppm_hi + further_ppm) / 1e6)
        return (
            self.ref_host_lo_us + x + math.floor(min(shifts)),
            self.ref_host_hi_us + x + math.ceil(max(shifts)),
        )

    def further_ppm(self, device_us: int) -> float:
        """How far beyond `ppm_*` the rate may have been: `WANDER_PPM` for every window but the nearest."""
        windows = math.ceil(abs(device_us - self.ref_device_us) / WINDOW_US)
        return WANDER_PPM * max(windows - 1, 0)

    def to_json(self) -> str:
        """As `from_json` reads it."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> "FitSnapshot":
        """Raises ValueError if the text is no snapshot."""
        try:
            told = json.loads(text)
            whole = ("ref_device_us", "ref_host_lo_us", "ref_host_hi_us", "samples")
            fit = cls(
                boot=str(told["boot"]),
                clock_id=str(told["clock_id"]),
                ppm_lo=float(told["ppm_lo"]),
                ppm_hi=float(told["ppm_hi"]),
                **{name: int(told[name]) for name in whole},
            )
        except (KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"not a clock fit: {error}") from error
        if not (math.isfinite(fit.ppm_lo) and fit.ppm_lo <= fit.ppm_hi and math.isfinite(fit.ppm_hi)):
            raise ValueError("not a clock fit: rate")
        return fit


class ClockFit:
    """Intersects the exchanges of one boot.

    What contradicts the newest is forgotten, oldest first, and counted in `contradictions`.
    """

    def __init__(self, boot: str, clock_id: str, spec_ppm: int = 5000) -> None:
        self.boot = boot
        self.clock_id = clock_id
        self.spec_ppm = spec_ppm
        self.contradictions = 0
        self._exchanges: deque[Exchange] = deque()
        self._samples = 0

    def add(self, exchange: Exchange) -> None:
        """Take one exchange; they come in order of time."""
        last = self._exchanges[-1] if self._exchanges else None
        if exchange.t1_us < exchange.t0_us or (last is not None and exchange.device_us <= last.device_us):
            return
        self._exchanges.append(exchange)
        self._samples += 1
        self._thin()

    def snapshot(self) -> FitSnapshot | None:
        """What the exchanges leave possible, or None before the first."""
        if not self._exchanges:
            return None
        lines = self._lines()
        while not lines:
            self.contradictions += 1
            for _ in range((len(self._exchanges) + 1) // 2):
                self._exchanges.popleft()
            lines = self._lines()
        ref = self._exchanges[-1]
        middle = (ref.t0_us + ref.t1_us) // 2
        return FitSnapshot(
            boot=self.boot,
            clock_id=self.clock_id,
            ref_device_us=ref.device_us,
            ref_host_lo_us=middle + math.floor(min(offset for offset, _ in lines)),
            ref_host_hi_us=middle + math.ceil(max(offset for offset, _ in lines)),
            ppm_lo=min(slope for _, slope in lines) * 1e6 - WANDER_PPM,
            ppm_hi=max(slope for _, slope in lines) * 1e6 + WANDER_PPM,
            samples=self._samples,
        )

    def _lines(self) -> tuple[Point, ...]:
        """Lines of host minus board time, x from the newest exchange backwards."""
        ref = self._exchanges[-1]
        middle = (ref.t0_us + ref.t1_us) // 2
        half = (ref.t1_us - ref.t0_us) / 2 + 1
        spec = self.spec_ppm / (1e6 - self.spec_ppm)
        lines = box(-half - READING_US, half + READING_US, -spec, spec)
        for exchange in self._exchanges:
            x = exchange.device_us - ref.device_us
            shift = x + middle
            slack = READING_US + WANDER_PPM / 1e6 * abs(x)
            lines = clip(lines, x, exchange.t0_us - shift - slack, exchange.t1_us - shift + slack)
        return lines

    def _thin(self) -> None:
        newest_us = self._exchanges[-1].device_us
        while newest_us - self._exchanges[0].device_us > WINDOW_US:
            self._exchanges.popleft()
        old = [one for one in self._exchanges if newest_us - one.device_us > DENSE_US]
        if len(old) <= WINDOW_US // THIN_US:
            return
        quickest: dict[int, Exchange] = {}
        for one in old:
            rival = quickest.setdefault(one.device_us // THIN_US, one)
            if one.t1_us - one.t0_us < rival.t1_us - rival.t0_us:
                quickest[one.device_us // THIN_US] = one
        young = list(self._exchanges)[len(old) :]
        self._exchanges = deque([*quickest.values(), *young])
