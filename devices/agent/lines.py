"""The ports of one room: a session for each, what people say of them, what is wrong with them."""

import asyncio
import json
import logging
import re
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from devices.agent.desk import AT_WORK, LINK_ALERT, Desk, command_filter
from devices.agent.holders import Holders
from devices.agent.jobs import Bench
from devices.agent.lent_port import LentPort
from devices.agent.port_use import KIT, USE, as_used, is_left_alone, parse_use
from devices.agent.shelf import Shelf
from devices.agent.twin import Twin
from devices.clock import Clock
from devices.discovery import Port, Ports, candidates, is_ambiguous
from devices.driver import Driver, Host, Output, Remember
from devices.errors import DeviceError, UploadError
from devices.identities import Place, place
from devices.kit import Kit
from devices.session import Session
from devices.uploads import ToolPort

FIND_S = 1.0
ID_LENGTH = 64
TWICE, LEFT_ALONE = "device_twice", "port_left_alone"
NOTE_DEVICE = "device"
"""Which device answered last at a port."""
NOTE_SOCKET = "socket"
"""Where it was plugged in."""
NOTE_NUMBER = "number"
"""The id of its serial number, where it shares that with another and is known by its socket."""

log = logging.getLogger(__name__)


@dataclass
class _Line:
    port: Port
    session: Session
    task: "asyncio.Task[None]"
    host: Host
    kits: dict[int, Kit]
    """By the identity of their drivers."""

    def kit(self) -> Kit | None:
        return self.kits.get(id(self.session.driver)) if self.session.linked else None


class Lines:
    """Tells the agent's `twin` what is at its ports and hands what devices say to the `desk`."""

    def __init__(
        self,
        ports: Ports,
        kits: Iterable[Kit],
        clock: Clock,
        clock_id: str,
        *,
        desk: Desk,
        shelf: Shelf,
        twin: Twin,
        subscribe: Callable[[list[str]], Awaitable[None]],
    ) -> None:
        self._ports = ports
        self._kits = tuple(kits)
        self._clock = clock
        self._clock_id = clock_id
        self._desk = desk
        self._shelf = shelf
        self._twin = twin
        self._subscribe = subscribe
        self._holders = Holders(ports, clock)
        self._notes: dict[str, dict[str, str]] = {}
        self._lines: dict[str, _Line] = {}
        self._told = ""
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def tasks(self) -> "list[asyncio.Task[None]]":
        """What runs for the ports and has to end with the room."""
        return [*(line.task for line in self._lines.values()), *self._errands]

    def restore(self, notes: dict[str, dict[str, str]]) -> None:
        """What was known of the ports before, by their ids."""
        self._notes = notes
        self._ports.recall(
            {
                port: Place(known.get(NOTE_SOCKET, ""), known.get(NOTE_NUMBER, ""))
                for port, known in notes.items()
            }
        )

    async def find(self) -> None:
        """Keep a session at every port that may be a kit's; never returns."""
        while True:
            found = {port.path: self._as_used(port) for port in await self._ports.find()}
            lent = {_socket(line.port) for line in self._lines.values() if line.session.is_lent}
            gone = [
                path
                for path, line in self._lines.items()
                if line.task.done()
                or self._desk.may_enter(line.session)
                or (_socket(line.port) not in lent and (path not in found or found[path] != line.port))
            ]
            for path in gone:
                await self._leave(self._lines.pop(path))
            for path, port in found.items():
                if path in self._lines or _socket(port) in lent:
                    continue
                if kits := candidates(port, self._kits):
                    self._lines[path] = self._begin(port, kits)
            await self._tell(found.values())
            await asyncio.sleep(FIND_S)

    def _begin(self, port: Port, kits: tuple[Kit, ...]) -> _Line:
        usb = (port.usb.vid, port.usb.pid) if port.usb else None
        notes = self._notes.setdefault(port.id, {})
        if port.usb is not None:
            at = place(port.usb, port.id)
            for key, value in ((NOTE_SOCKET, at.socket), (NOTE_NUMBER, at.number)):
                if notes.get(key, "") != value:
                    self._note(port.id, key, value)
        host = Host(self._clock_id, port.id, notes, port.path, usb, tuple(kit.id for kit in kits))
        drivers: list[Driver] = [kit.driver(host) for kit in kits]
        session = Session(
            self._ports.pipe(port, kits[0].baud),
            drivers,
            self._clock,
            on_output=self._on_output,
            on_link=self._on_link,
            bauds=[kit.bauds for kit in kits],
        )
        self._twin.clear(alert_id(port.path))
        task = asyncio.create_task(session.run(), name=f"session {port.path}")
        task.add_done_callback(_report)
        kits_of = {id(driver): kit for driver, kit in zip(drivers, kits, strict=True)}
        return _Line(port, session, task, host, kits_of)

    async def _leave(self, line: _Line) -> None:
        line.task.cancel()
        (ended,) = await asyncio.gather(line.task, return_exceptions=True)
        if isinstance(ended, Exception):
            line.session.problem = DeviceError("driver_failed", port=line.port.path)
        elif is_left_alone(self._notes.get(line.port.id, {})):
            line.session.problem = DeviceError(LEFT_ALONE, port=line.port.path)
        self._desk.detach(line.session)
        self._twin.clear(alert_id(line.port.path))

    def bench(self, device: str) -> Bench:
        """Where a device is. Raises UploadError("device_absent")."""
        for line in self._lines.values():
            kit = line.kit()
            if kit is not None and self._desk.session(device) is line.session:
                return Bench(kit, line.session, line.host, line.port)
        raise UploadError("device_absent", device=device)

    def is_coming_back(self, device: str) -> bool:
        """Whether the lab itself has closed its port for a moment."""
        return any(twin.device == device and twin.state == "init" for twin in self._desk.twins)

    def tool_port(self, bench: Bench) -> ToolPort:
        """The bench's port for an external tool."""
        return LentPort(bench.port, self._ports)

    def _as_used(self, port: Port) -> Port:
        return as_used(port, self._notes.get(port.id, {}), self._kits)

    def use(self, text: str) -> None:
        """A person says what is at a port. Raises ProtocolError."""
        identity, use, kit = parse_use(text, self._kits)
        if (absent := self._absent(identity)) is not None and is_left_alone(self._notes[identity]):
            absent.clear(LINK_ALERT)
        self._note(identity, USE, use)
        self._note(identity, KIT, kit)

    def _note(self, port: str, key: str, value: str) -> None:
        self._notes.setdefault(port, {})[key] = value
        self._shelf.note(port, key, value)

    def _on_output(self, session: Session, output: Output) -> None:
        if isinstance(output, Remember):
            line = next(line for line in self._lines.values() if line.session is session)
            self._note(line.port.id, output.key, output.value)
        else:
            self._desk.carry(session, output)

    def _on_link(self, session: Session) -> None:
        """A session found its device or lost it."""
        line = next(line for line in self._lines.values() if line.session is session)
        kit = line.kit()
        if kit is None or session.device is None:
            self._desk.detach(session)
            self._start(self._complain(line))
            return
        if not self._desk.attach(session, session.device, kit):
            params = {"port": line.port.path, "device": session.device}
            self._twin.alert(alert_id(line.port.path), TWICE, params)
            return
        self._twin.clear(alert_id(line.port.path))
        self._shelf.remember(session.device, kit.id)
        if self._notes.get(line.port.id, {}).get(NOTE_DEVICE) != session.device:
            self._note(line.port.id, NOTE_DEVICE, session.device)
        self._start(self._subscribe([command_filter(session.device)]))

    async def _complain(self, line: _Line) -> None:
        problem = line.session.problem
        if problem is None or problem.code in AT_WORK:
            self._twin.clear(alert_id(line.port.path))
            return
        path = line.port.path
        held = await self._ports.holders([path]) if problem.code == "port_busy" else {}
        params = {**problem.params, **({"holder": held[path]} if path in held else {})}
        if line.session.problem is not problem:
            return
        absent = self._absent(line.port.id)
        if problem.code in {"port_missing", "cable_pulled"}:
            self._twin.clear(alert_id(path))
            if absent is not None and not absent.has_alert(LINK_ALERT):
                absent.alert(LINK_ALERT, problem.code, params)
            return
        self._twin.alert(alert_id(path), problem.code, params)
        if absent is not None:
            absent.alert(LINK_ALERT, problem.code, params)

    def _absent(self, port: str) -> Twin | None:
        """The device that answered last at the port with this id, if it is nowhere now."""
        device = self._notes.get(port, {}).get(NOTE_DEVICE)
        lost = (twin for twin in self._desk.twins if twin.state == "lost")
        return next((twin for twin in lost if twin.device == device), None)

    async def _tell(self, ports: Iterable[Port]) -> None:
        views = [self._view(port) for port in ports]
        for view in views:
            if view["use"] == "other" and (absent := self._absent(view["id"])) is not None:
                absent.alert(LINK_ALERT, LEFT_ALONE, {"port": view["port"]})
        without_kit = {view["port"] for view in views if view["device"] is None}
        held = await self._holders.look(without_kit)
        told = [
            {**view, "holder": held.get(view["port"])} if view["port"] in without_kit else view
            for view in views
        ]
        value = json.dumps(told)
        if value != self._told:
            self._told = value
            self._twin.tell("agent", "ports", value, self._clock.now_us())

    def _view(self, port: Port) -> dict[str, Any]:
        line = self._lines.get(port.path)
        problem = line.session.problem if line else None
        code = problem.code if problem else None
        driver = line.session.driver if line and (line.session.linked or code in AT_WORK) else None
        kit = line.kits.get(id(driver)) if line else None
        if code in AT_WORK:
            code = None
        if line is None and is_ambiguous(port, self._kits):
            code = "port_not_named"
        elif line is not None and self._desk.is_rival(line.session):
            code, kit = TWICE, None
        return {
            "port": port.path,
            "id": port.id,
            "usb": port.usb.label if port.usb else None,
            "kit": kit.id if kit else None,
            "device": line.session.device if line and kit else None,
            "use": self._notes.get(port.id, {}).get(USE) or None,
            "holder": None,
            "problem": code,
        }

    def _start(self, errand: Any) -> None:
        task = asyncio.ensure_future(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        task.add_done_callback(_report)


def alert_id(path: str) -> str:
    """A Homie id for what is wrong with a port: `port-dev-ttyacm0`."""
    name = "-".join(("port", *re.findall("[a-z0-9]+", path.lower())))
    return name if len(name) <= ID_LENGTH else f"port-{zlib.crc32(path.encode()):08x}"


def _socket(port: Port) -> str:
    """Where a kit is plugged in: its boot loader may come up there as another port."""
    return port.usb.socket if port.usb else port.path


def _report(task: "asyncio.Task[None]") -> None:
    """A session that failed for a reason of its own ends alone."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s ended", task.get_name(), exc_info=error)
