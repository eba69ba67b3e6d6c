"""The set of straight lines that pass through given intervals, as a convex polygon."""

from collections.abc import Sequence

Point = tuple[float, float]
"""(offset at x = 0, slope)."""


def box(offset_lo: float, offset_hi: float, slope_lo: float, slope_hi: float) -> tuple[Point, ...]:
    """All lines whose offset and slope are within limits."""
    return (offset_lo, slope_lo), (offset_hi, slope_lo), (offset_hi, slope_hi), (offset_lo, slope_hi)


def clip(lines: Sequence[Point], x: float, lo: float, hi: float) -> tuple[Point, ...]:
    """Those of `lines` which at `x` are within `[lo, hi]`; empty if there is none."""
    return _below(_below(lines, x, hi, 1.0), x, -lo, -1.0)


def _below(lines: Sequence[Point], x: float, limit: float, sign: float) -> tuple[Point, ...]:
    over = [sign * (offset + slope * x) - limit for offset, slope in lines]
    kept: list[Point] = []
    for place, (point, excess) in enumerate(zip(lines, over, strict=True)):
        before, excess_before = lines[place - 1], over[place - 1]
        if (excess > 0) != (excess_before > 0):
            part = excess_before / (excess_before - excess)
            kept.append(
                (
                    before[0] + part * (point[0] - before[0]),
                    before[1] + part * (point[1] - before[1]),
                )
            )
        if excess <= 0:
            kept.append(point)
    return tuple(kept)
