"""The kits of the demo's room: one virtual kit of each kind, on a serial port of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from devices.clock import Clock
from devices.kit import Kit
from devices.registry import iter_kits
from devices.transports.pty import PtyServer

log = structlog.get_logger(__name__)

ELSEWHERE = frozenset({"timing_gate"})
"""Kinds that the championship brings itself."""


@contextmanager
def plugged(folder: Path, clock: Clock) -> Iterator[list[str]]:
    """Ports as `path=kit`, named after the kit in `folder`; needs a running event loop."""
    with ExitStack() as stack:
        ports = []
        for kit in iter_kits():
            if kit.id not in ELSEWHERE and (server := _serve(kit, folder / kit.type, clock)):
                stack.callback(server.unplug)
                ports.append(f"{server.path}={kit.id}")
        yield ports


def _serve(kit: Kit, link: Path, clock: Clock) -> PtyServer | None:
    """One kit that cannot be played takes nothing from the others."""
    try:
        server = PtyServer(kit.emulator(clock), link)
        server.plug()
    except Exception as error:  # noqa: BLE001  an installed kit's own emulator may raise anything
        log.warning("no virtual kit", kit=kit.id, error=str(error))
        return None
    return server
