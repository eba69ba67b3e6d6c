"""A room with real virtual kits on serial ports: a real agent, broker and lab, for pages to be tried on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from devices.agent import agent_id
from devices.clock import MonotonicClock
from devices.discovery import Port, SystemPorts
from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.registry import iter_kits
from devices.transports.pty import PtyServer
from devices.transports.serial_listing import UsbPort
from lab_controller.agent import make_agent
from lab_controller.lab import Lab
from lab_controller.settings import Settings
from tests.intel_hex import format_intel_hex

ROOM = "204"
TEACHER, PUPIL, PASSWORD = "teacher", "pupil", "beam-and-board"
PROGRAM = bytes((at * 31 + at // 128 * 17 + 7) % 251 for at in range(3000))
HEX = format_intel_hex(PROGRAM)


class RoomPorts(SystemPorts):
    """The named ports, and perhaps one with a bridge that kits and printers share."""

    unnamed = False

    async def find(self) -> tuple[Port, ...]:
        bridge = UsbPort("/dev/ttyUSB0", 0x1A86, 0x7523, None)
        shared = (Port(bridge.path, bridge, identity="1a86:7523 1-4"),) if self.unnamed else ()
        return (*await super().find(), *shared)


class Room:
    """The kits and the lab that they belong to."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.uno = UnoEmulator()
        self.cables: dict[str, PtyServer] = {}
        self.kits = {kit.id: kit.emulator(MonotonicClock()) for kit in iter_kits()} | {
            "arduino_uno": self.uno
        }

    def device(self, kind: str) -> str:
        """The id of the one kit of this kind."""
        return self.lab.equipment.list_devices(kind)[0].id

    async def until_known(self, *kinds: str) -> None:
        with self.lab.changes.subscribe("devices") as changes:
            async with asyncio.timeout(30):
                while True:
                    known = await asyncio.to_thread(self.lab.equipment.list_devices)
                    if set(kinds) <= {device.kind for device in known if device.state == "ready"}:
                        return
                    await changes.next()


@asynccontextmanager
async def open_room(folder: Path, *kits: str, unnamed: bool = False) -> AsyncIterator[Room]:
    """Room 204 with `kits` plugged in and known, a teacher and a pupil; `unnamed` is a port to ask about."""
    settings = Settings(
        data_dir=folder,
        room=ROOM,
        mqtt_host="127.0.0.1",
        mqtt_port=0,
        argon2_time_cost=1,
        argon2_memory_kib=64,
    )
    async with Lab.open(settings, embedded_agent=False) as lab:
        room = Room(lab)
        for login, name, role in ((TEACHER, "Айгүл Серікқызы", "instructor"), (PUPIL, "Ерасыл", "student")):
            lab.people.create_account(actor="test", login=login, password=PASSWORD, name=name, language="en")
            lab.people.grant(actor="test", login=login, role=role, scope=f"room:{ROOM}")
        with ExitStack() as plugged:
            paths = []
            for kit in kits:
                server = room.cables[kit] = PtyServer(room.kits[kit], folder / f"tty-{kit}")
                server.plug()
                plugged.callback(server.unplug)
                paths.append(f"{server.path}={kit}")
            ports = RoomPorts(paths, MonotonicClock(), usb=False)
            ports.unnamed = unnamed
            agent = make_agent(settings, lab.address(agent_id(ROOM)), ports=ports)
            running = asyncio.create_task(agent.run())
            try:
                await room.until_known(*(kit.replace("_", "-") for kit in kits))
                yield room
            finally:
                await agent.stop()
                await running


async def enter(page: Page, path: str, login: str = TEACHER) -> None:
    """Come to `path` by the sign-in page."""
    await page.goto(f"/sign-in?next={path}")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url(f"**{path}")
