"""The Wi-Fi kit's program on the Unix build of MicroPython, on a flash that outlives its restarts."""

import base64
import hashlib
import itertools
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

from tests.firmware.esp32 import CHIP_ID, PARTS, Hub, micropython
from tests.peers.parts import free_port

SAMPLES = Path(__file__).parents[2] / "firmware_samples/esp32"
KIT = "esp-c3a1b2c3"
TRIAL_MS = 600
LED_PIN = 2
PART_BYTES = 1024
_jobs = itertools.count(1)


class KitChip:
    """Turned on, it starts again whenever it restarts itself."""

    def __init__(self, folder: Path, broker_port: int, led_pin: int | None = LED_PIN) -> None:
        self.folder = folder
        self.starts = 0
        self._program = micropython()
        self._on = False
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        kept = shutil.ignore_patterns("*.md", "__*")
        shutil.copytree(SAMPLES / "lab_kit", folder, dirs_exist_ok=True, ignore=kept)
        shutil.copy(SAMPLES / "timing_gate/link.py", folder)
        (folder / "config.py").write_text(
            f'WIFI_NAME = WIFI_PASSWORD = "room"\nBROKER = "127.0.0.1"\nBROKER_PORT = {broker_port}\n'
            f'DEVICE_PASSWORD = "{KIT}"\nNAME = "Rover"\nTRIAL_MS = {TRIAL_MS}\n'
            f"LED_PIN = {led_pin}\n"
        )
        (folder / "board.py").write_text(f"CHIP_ID = {CHIP_ID!r}\nPINS_PORT = {free_port()}\n")

    def start(self) -> None:
        """Power on."""
        self._on = True
        self._boot()
        self._thread = threading.Thread(target=self._keep_on)
        self._thread.start()

    def stop(self) -> None:
        """Power off."""
        self._on = False
        if self._process is not None and self._thread is not None:
            self._process.kill()
            self._thread.join()

    def has(self, name: str) -> bytes | None:
        """A file in its flash, which the chip may remove at any moment."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def _boot(self) -> None:
        self.starts += 1
        environment = {"MICROPYPATH": f"{self.folder}:{PARTS}:.frozen"}
        self._process = subprocess.Popen([self._program, "main.py"], cwd=self.folder, env=environment)

    def _keep_on(self) -> None:
        while self._process is not None:
            self._process.wait()
            if not self._on:
                return
            self._boot()


class Sender:
    """Orders as the lab gives them."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def order(self, data: bytes, *, run: bool = True, sha256: str = "", size: int = -1) -> dict[str, Any]:
        """The head of a new job, told."""
        job = f"{next(_jobs):016x}"
        head = {
            "job": job,
            "attempt": 1,
            "device": KIT,
            "name": "rover.py",
            "size": len(data) if size < 0 else size,
            "sha256": sha256 or hashlib.sha256(data).hexdigest(),
            "slot": None,
            "run": run,
        }
        self.hub.set("jobs/order", head)
        return head

    def parts(self, head: dict[str, Any], data: bytes) -> None:
        """The program itself."""
        for n, at in enumerate(range(0, len(data), PART_BYTES)):
            piece = base64.b64encode(data[at : at + PART_BYTES]).decode()
            self.hub.set("jobs/part", {"job": head["job"], "attempt": 1, "n": n, "data": piece})

    def upload(self, data: bytes, **more: Any) -> dict[str, Any]:
        """How it ended."""
        head = self.order(data, **more)
        self.parts(head, data)
        return self.end(head)

    def end(self, head: dict[str, Any]) -> dict[str, Any]:
        """The last word about a job."""
        while True:
            word: dict[str, Any] = self.hub.wait("jobs/event", job=head["job"])
            if word["state"] in ("succeeded", "failed", "cancelled"):
                return word

    def commit(self, word: dict[str, Any]) -> None:
        """The lab has it."""
        self.hub.set("jobs/committed", {"boot": f"{word['job']}-{word['attempt']}", "seqs": [word["n"]]})
