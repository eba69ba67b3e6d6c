"""A real Mosquitto on a free port, set up as on Debian: the lab's files below the system's own."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from lab_controller.bus.access import Kind, Member
from lab_controller.bus.accounts import mosquitto_hash
from lab_controller.bus.mosquitto_files import save_mosquitto_files
from tests.peers.parts import free_port, require_program

START_TIMEOUT_S = 10
SAMPLE = Path(__file__).parents[2] / "docs" / "mosquitto" / "mosquitto.conf"
# /etc/mosquitto/mosquitto.conf of Debian, whose folders belong to Mosquitto's user.
STOCK = """\
pid_file /run/mosquitto/mosquitto.pid

persistence true
persistence_location /var/lib/mosquitto/

log_dest file /var/log/mosquitto/mosquitto.log

include_dir /etc/mosquitto/conf.d
"""


class Mosquitto:
    """Runs with the given accounts, each with its user name as password; may be killed and started again."""

    def __init__(self, folder: Path, accounts: Mapping[str, Kind]) -> None:
        self.port = free_port()
        self._program = require_program("mosquitto", "mosquitto")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("run", "var/lib", "var/log"):
            (folder / name / "mosquitto").mkdir(parents=True)
            if os.geteuid() == 0:
                owner = pwd.getpwnam("mosquitto")
                os.chown(folder / name / "mosquitto", owner.pw_uid, owner.pw_gid)
        self.settings = folder / "etc" / "mosquitto"
        (self.settings / "conf.d").mkdir(parents=True)
        (self.settings / "mosquitto.conf").write_text(self._place(STOCK))
        listener = f"listener {self.port} 127.0.0.1"
        sample = self._place(SAMPLE.read_text()).replace("listener 1883", listener)
        (self.settings / "conf.d" / "lab.conf").write_text(sample)
        self.export(accounts)

    def export(self, accounts: Mapping[str, Kind]) -> None:
        """Write the accounts as `lab broker-users export` does."""
        rows = [(Member(name, kind), f"{name}:{mosquitto_hash(name)}") for name, kind in accounts.items()]
        save_mosquitto_files(self.settings / "lab", rows)

    @property
    def log(self) -> str:
        """What it has said since it was made."""
        files = (self._folder / "said", self._folder / "var" / "log" / "mosquitto" / "mosquitto.log")
        return "".join(file.read_text() for file in files if file.exists())

    def start(self) -> None:
        with (self._folder / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self.settings / "mosquitto.conf")], stdout=said, stderr=said
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self._process.poll() is not None:
                break
        raise RuntimeError(self.log)

    def stop(self) -> None:
        """End it as `systemctl stop` does: it writes its sessions down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_TIMEOUT_S)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _place(self, text: str) -> str:
        """Its folders below our own instead of the system's."""
        for name in ("/etc/mosquitto", "/run/mosquitto", "/var/lib/mosquitto", "/var/log/mosquitto"):
            text = text.replace(name, f"{self._folder}{name}")
        return text


@contextlib.contextmanager
def run_mosquitto(accounts: Mapping[str, Kind]) -> Iterator[Mosquitto]:
    folder = Path(tempfile.mkdtemp(prefix="lab-mosquitto-"))
    folder.chmod(0o755)
    broker = Mosquitto(folder, accounts)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)
