"""Brokers, clocks and emulated gates for the tests of `devices`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_controller.bus.access import Kind
from tests.peers.mosquitto import Mosquitto, run_mosquitto

ROOM = "r1"


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    accounts = {f"agent-{ROOM}": Kind.AGENT, "lab-hub-1": Kind.HUB, "lab-hub-2": Kind.HUB}
    with run_mosquitto({**accounts, "gate-e5b32a": Kind.DEVICE}) as running:
        yield running


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Where an emulated gate appears as a serial port."""
    return tmp_path / "gate0"
