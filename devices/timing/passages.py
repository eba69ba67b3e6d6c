"""Two passages make a duration and a bound that holds the truth."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from devices.errors import DeviceError
from devices.timing.clocks import FitSnapshot

SPEC_PPM = 5000
"""A ceramic resonator that was never measured."""


@dataclass(frozen=True)
class Passage:
    """An edge of one lane of one board; `us` counts from its boot."""

    device: str
    boot: str
    seq: int
    lane: int
    edge: Literal["B", "C"]
    us: int


@dataclass(frozen=True)
class Elapsed:
    """The true duration, in seconds of the host, is within `value_us` plus or minus `bound_us`."""

    value_us: int
    bound_us: int
    method: Literal["one_board", "two_boards", "manual"]


class IncomparableError(DeviceError):
    """Two passages that no honest arithmetic can subtract.

    `code` is boards_restarted, no_fit, different_clocks or negative.
    """


def measure(
    start: Passage,
    end: Passage,
    fits: Mapping[str, FitSnapshot | None],
    *,
    resolution_us: int = 8,
    spec_ppm: int = SPEC_PPM,
) -> Elapsed:
    """How long from `start` to `end`; `fits` is by device. Raises IncomparableError."""
    if start.device == end.device:
        return _one_board(start, end, fits.get(start.device), resolution_us, spec_ppm)
    return _two_boards(start, end, fits, resolution_us)


def _one_board(
    start: Passage, end: Passage, fit: FitSnapshot | None, resolution_us: int, spec_ppm: int
) -> Elapsed:
    if start.boot != end.boot:
        raise IncomparableError("boards_restarted", device=start.device)
    duration_us = end.us - start.us
    if duration_us < 0:
        raise IncomparableError("negative", device=start.device)
    lo, hi = (0.0, 0.0)
    if fit is not None and fit.boot == start.boot:
        lo, hi = fit.ppm_lo, fit.ppm_hi
        half = (hi - lo) / 2 + max(fit.further_ppm(start.us), fit.further_ppm(end.us))
    else:
        half = spec_ppm / (1 - spec_ppm / 1e6)  # the specification is of the board, the result of the host
    shift_us = duration_us * (lo + hi) / 2e6
    rounded_us = round(shift_us)
    bound_us = resolution_us + math.ceil(duration_us * half / 1e6 + abs(shift_us - rounded_us))
    return Elapsed(duration_us + rounded_us, bound_us, "one_board")


def _two_boards(
    start: Passage, end: Passage, fits: Mapping[str, FitSnapshot | None], resolution_us: int
) -> Elapsed:
    first, last = (_fit_of(passage, fits) for passage in (start, end))
    if first.clock_id != last.clock_id:
        raise IncomparableError("different_clocks", start=start.device, end=end.device)
    start_lo, start_hi = first.host_interval(start.us)
    end_lo, end_hi = last.host_interval(end.us)
    lo, hi = end_lo - start_hi - resolution_us, end_hi - start_lo + resolution_us
    if hi < 0:
        raise IncomparableError("negative", start=start.device, end=end.device)
    lo = max(lo, 0)
    value_us = (lo + hi) // 2
    return Elapsed(value_us, hi - value_us, "two_boards")


def _fit_of(passage: Passage, fits: Mapping[str, FitSnapshot | None]) -> FitSnapshot:
    fit = fits.get(passage.device)
    if fit is None:
        raise IncomparableError("no_fit", device=passage.device)
    if fit.boot != passage.boot:
        raise IncomparableError("boards_restarted", device=passage.device)
    return fit
