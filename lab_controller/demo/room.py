"""The kits of the demo's room: one virtual kit of each kind, on a serial port of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from devices.clock import Clock
from devices.kit import Kit
from devices.registry import iter_kits
from devices.transports.pty import PtyServer
from lab_controller.bus.changes import DEVICES
from lab_controller.demo.accounts import ACTOR, STUDENT
from lab_controller.lab import Lab

log = structlog.get_logger(__name__)

ELSEWHERE = frozenset({"timing_gate"})
"""Kinds that the championship brings itself."""
STICKERS = {
    "arduino-uno": ("A-07", "Ақылды жылыжай"),
    "spike": ("L-12", "Құмыра"),
    "ev3": ("E-03", "Тау арбасы"),
    "vex-v5": ("V-02", "Барыс"),
}
"""The tags and names of some; the others wait for a person."""
IN_HAND = "L-12"


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


async def stick_tags(lab: Lab) -> None:
    """Pair each of STICKERS with its kit as soon as that is known, and hand one to the student."""
    missing = dict(STICKERS)
    with lab.changes.subscribe(DEVICES) as changes:
        while missing:
            for device in await asyncio.to_thread(lab.equipment.list_devices):
                if sticker := missing.pop(device.kind, None):
                    await asyncio.to_thread(_stick, lab, device.id, *sticker)
            if missing:
                await changes.next()


def _stick(lab: Lab, device: str, tag: str, title: str) -> None:
    if any(asset.tag == tag and asset.device != device for asset in lab.assets.list_assets()):
        lab.assets.unpair(actor=ACTOR, tag=tag)
    lab.assets.pair(actor=ACTOR, tag=tag, device=device, title=title)
    if tag == IN_HAND:
        lab.assets.hold(actor=ACTOR, tag=tag, login=STUDENT)


def _serve(kit: Kit, link: Path, clock: Clock) -> PtyServer | None:
    """One kit that cannot be played takes nothing from the others."""
    try:
        server = PtyServer(kit.emulator(clock), link)
        server.plug()
    except Exception as error:  # noqa: BLE001  an installed kit's own emulator may raise anything
        log.warning("no virtual kit", kit=kit.id, error=str(error))
        return None
    return server
