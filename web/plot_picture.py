"""A series as a picture that needs no script: a band from least to most and a line through the means."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab_controller.telemetry.history import Point

WIDTH, HEIGHT = 1000, 300
GAP_SHARE = 25
"""A pause longer than this part of the picture is left open."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Paths in a box of WIDTH by HEIGHT, and the values at its lower and upper edge."""

    line: str
    band: str
    low: float
    high: float


def draw(points: Sequence[Point], from_us: int, to_us: int, width_us: int = 0) -> Picture:
    """`points` in the order of time, at least one, each `width_us` wide."""
    low, high = min(point.low for point in points), max(point.high for point in points)
    room = (high - low) * 0.05 or max(abs(high) * 0.05, 0.5)
    low, high = low - room, high + room

    def x(point: Point) -> str:
        return f"{(point.at_us - from_us) / (to_us - from_us) * WIDTH:.1f}"

    def y(value: float) -> str:
        return f"{(high - value) / (high - low) * HEIGHT:.1f}"

    line, band = [], []
    for run in split(points, max((to_us - from_us) // GAP_SHARE, 5 * width_us // 2)):
        means = [f"{x(point)} {y(point.mean)}" for point in run]
        # A reading that stands alone is a dot: a line to itself with round ends.
        line.append("M" + "L".join(means if len(means) > 1 else means * 2))
        upper = [f"{x(point)} {y(point.high)}" for point in run]
        lower = [f"{x(point)} {y(point.low)}" for point in reversed(run)]
        band.append("M" + "L".join(upper + lower) + "Z")
    return Picture("".join(line), "".join(band), low, high)


def split(points: Sequence[Point], gap_us: int) -> list[list[Point]]:
    """Runs without a pause longer than `gap_us`."""
    runs: list[list[Point]] = []
    for point in points:
        if runs and point.at_us - runs[-1][-1].at_us <= gap_us:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs
