"""`python -m tests.bench [NAME ...]`: run the benchmarks in this folder and print their table.

Ends with 1 if a figure missed its limit.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import bench
from tests.bench.figures import Figure, print_table


def iter_names() -> Sequence[str]:
    """Names of the benchmark modules: every `bench_*.py` of this folder."""
    return sorted(
        module.name for module in pkgutil.iter_modules(bench.__path__) if module.name.startswith("bench_")
    )


def watch_steal(stat: Path = Path("/proc/stat")) -> Callable[[], float | None]:
    """Gives the share of the processors that the host gave to others since then, if that is known."""

    def read() -> tuple[int, int]:
        # user nice system idle iowait irq softirq steal, in ticks of all processors together
        ticks = [int(each) for each in stat.read_text().split("\n", 1)[0].split()[1:9]]
        return ticks[7], sum(ticks)

    if not stat.exists():
        return lambda: None
    before = read()

    def share() -> float | None:
        stolen, passed = (now - then for now, then in zip(read(), before, strict=True))
        return stolen / passed if passed else None

    return share


def main(wanted: Sequence[str]) -> int:
    """Run the benchmarks whose name holds one of `wanted`, or all; 1 if a figure missed its limit."""
    figures: list[Figure] = []
    for name in iter_names():
        if wanted and not any(word in name for word in wanted):
            continue
        print(f"running {name} ...", file=sys.stderr, flush=True)
        steal = watch_steal()
        figures += importlib.import_module(f"tests.bench.{name}").measure()
        if share := steal():
            print(f"meanwhile others had {share:.1%} of these processors", file=sys.stderr, flush=True)
    print_table(figures)
    return int(any(figure.reached is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
