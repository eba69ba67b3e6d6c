"""What a benchmark returns and how the table is printed."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured number beside its limit; `reached` is None where nothing was promised."""

    name: str
    measured: str
    limit: str
    reached: bool | None


@dataclass(frozen=True)
class Spread:
    """Quantiles of a sample, in the sample's own unit."""

    p50: float
    p99: float
    worst: float


def spread(sample: Sequence[float]) -> Spread:
    """Median, 99th percentile (nearest rank) and maximum. Raises ValueError on an empty sample."""
    if not sample:
        raise ValueError("nothing was measured")
    ordered = sorted(sample)

    def rank(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return Spread(p50=rank(0.50), p99=rank(0.99), worst=ordered[-1])


def print_table(figures: Sequence[Figure]) -> None:
    """Print the figures, each beside its limit."""
    table = Table(title="Benchmarks", show_lines=False)
    for column in ("figure", "measured", "limit", ""):
        table.add_column(column, overflow="fold")
    for figure in figures:
        verdict = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}[figure.reached]
        table.add_row(figure.name, figure.measured, figure.limit, verdict)
    Console().print(table)
