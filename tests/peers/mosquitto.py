"""A real Mosquitto on a free port, with the password file and the rules that the lab writes for it."""

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

from lab_controller.bus.access import Kind, Member, format_acl
from lab_controller.bus.accounts import mosquitto_hash
from tests.peers.parts import free_port, require_program

START_TIMEOUT_S = 10


class Mosquitto:
    """Runs with the given accounts, each with its user name as password; may be killed and started again."""

    def __init__(self, folder: Path, accounts: Mapping[str, Kind]) -> None:
        self.port = free_port()
        self._program = require_program("mosquitto", "mosquitto")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "passwd").write_text("".join(f"{name}:{mosquitto_hash(name)}\n" for name in accounts))
        (folder / "acl").write_text(format_acl(Member(name, kind) for name, kind in accounts.items()))
        sample = Path(__file__).parents[2] / "docs" / "mosquitto" / "mosquitto.conf"
        text = sample.read_text().replace("listener 1883", f"listener {self.port} 127.0.0.1")
        text = text.replace("/etc/mosquitto/lab", str(folder)).replace("/var/lib/mosquitto/", f"{folder}/")
        (folder / "mosquitto.conf").write_text(text)
        if os.geteuid() == 0:
            # Mosquitto leaves root behind and must still read its files and write its store.
            owner = pwd.getpwnam("mosquitto")
            for path in (folder, *folder.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self._process.poll() is not None:
                break
        raise RuntimeError((self._folder / "log").read_text())

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
