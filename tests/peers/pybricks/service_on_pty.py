"""pb-service itself, made to see one pseudo-terminal as a hub's USB port; runs in an environment of its own.

A pseudo-terminal has no USB identity and no DTR: nothing else is changed.
"""

import os
import sys
from types import SimpleNamespace
from typing import Any

import serialx

PORT = os.environ["HUB_PORT"]


def list_serial_ports() -> list[Any]:
    return [SimpleNamespace(device=PORT, vid=0x0694, pid=0x0009, serial_number="1", product="Hub + Pybricks")]


async def set_modem_pins(self: Any, **pins: Any) -> None:
    """A pseudo-terminal answers ENOTTY."""


serialx.list_serial_ports = list_serial_ports
serialx.AsyncSerial.set_modem_pins = set_modem_pins

if __name__ == "__main__":
    from pb_service.cli import main

    sys.exit(main())
