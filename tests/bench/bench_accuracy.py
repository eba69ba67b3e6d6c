"""The gate's times against the simulator's cycles, the sketch uploaded by avrdude."""

import tempfile
from pathlib import Path

from tests.bench.figures import Figure
from tests.firmware.conftest import open_uploaded_gate
from tests.firmware.timing import time_passages
from tests.peers.arduino import build_optiboot, compile_sketch
from tests.whole.stage import SKETCH

PASSAGES = 10_000
LIMIT_US = 8.0


def measure() -> list[Figure]:
    """Worst error of 10,000 passages, and how many durations left their bound."""
    with tempfile.TemporaryDirectory() as folder:
        sketch = compile_sketch(SKETCH, Path(folder) / "sketch")
        with open_uploaded_gate(sketch, build_optiboot(Path(folder) / "optiboot")) as gate:
            found = time_passages(gate, PASSAGES)
    return [
        Figure(
            f"worst error of {found.passages} passages on one board",
            f"{found.worst_error_us:.2f} us",
            f"{LIMIT_US:.0f} us",
            found.worst_error_us < LIMIT_US,
        ),
        Figure(
            f"{found.durations} durations outside their stated bound",
            str(found.outside),
            "0",
            found.outside == 0,
        ),
    ]
