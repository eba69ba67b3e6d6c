"""The real avrdude, as the Arduino IDE calls it."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.peers.parts import require_program

BOARD = ("-p", "atmega328p", "-c", "arduino")


@dataclass(frozen=True)
class Upload:
    """How an upload went: its exit code, what avrdude said, and how long it took."""

    code: int
    said: str
    seconds: float

    @property
    def verified(self) -> bool:
        return self.code == 0 and "bytes of flash verified" in self.said


def upload(hex_file: Path, port: Path, *, baud: int = 115200, timeout_s: float = 60) -> Upload:
    """Write `hex_file` through the board's boot loader on `port` and verify it."""
    avrdude = require_program("avrdude", "avrdude")
    started = time.monotonic()
    done = subprocess.run(
        [avrdude, *BOARD, "-P", port, "-b", str(baud), "-D", "-U", f"flash:w:{hex_file}:i"],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return Upload(done.returncode, done.stderr + done.stdout, time.monotonic() - started)
