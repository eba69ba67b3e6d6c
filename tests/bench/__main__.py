"""`python -m tests.bench [NAME ...]`: run the benchmarks in this folder and print their table.

Ends with 1 if a figure missed its limit.
"""

import importlib
import pkgutil
import sys
from collections.abc import Sequence

from tests import bench
from tests.bench.figures import Figure, print_table


def iter_names() -> Sequence[str]:
    """Names of the benchmark modules: every `bench_*.py` of this folder."""
    return sorted(
        module.name for module in pkgutil.iter_modules(bench.__path__) if module.name.startswith("bench_")
    )


def main(wanted: Sequence[str]) -> int:
    """Run the benchmarks whose name holds one of `wanted`, or all; 1 if a figure missed its limit."""
    figures: list[Figure] = []
    for name in iter_names():
        if wanted and not any(word in name for word in wanted):
            continue
        print(f"running {name} ...", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"tests.bench.{name}").measure()
    print_table(figures)
    return int(any(figure.reached is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
