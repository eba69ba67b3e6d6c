"""Real parts that tests run against: a missing one fails in CI and is skipped loudly elsewhere."""

import os
import shutil
import socket
from typing import NoReturn

import pytest


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


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
