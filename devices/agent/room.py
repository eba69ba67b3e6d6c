"""The agent of one room: finds ports, keeps their sessions, speaks for them on the bus."""

import asyncio
import json
import logging
import re
import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from devices.agent import jobs
from devices.agent.delivery import Delivery
from devices.agent.desk import Desk, command_filter, parse_committed
from devices.agent.jobs import Bench, Jobs
from devices.agent.lent_port import LentPort
from devices.agent.shelf import Shelf
from devices.agent.twin import ROOT, Twin
from devices.clock import Clock
from devices.discovery import Port, Ports, candidates, is_ambiguous, is_port_id
from devices.driver import Driver, Host, Output, Remember
from devices.errors import DeviceError, ProtocolError, UploadError
from devices.kit import Kit
from devices.registry import iter_kits
from devices.session import Session
from devices.transports.mqtt import MqttTransport, Will
from devices.uploads import ToolPort

FIND_S = 1.0
TICK_S = 0.1
FAREWELL_S = 1.0
ID_LENGTH = 64
NODES: dict[str, Any] = {
    "agent": {
        "name": "agent",
        "type": "agent",
        "properties": {
            "version": {"name": "version", "datatype": "string", "settable": False, "retained": True},
            "ports": {"name": "ports", "datatype": "json", "settable": False, "retained": True},
            "use": {"name": "use", "datatype": "json", "settable": True, "retained": False},
        },
    },
    jobs.NODE: {"name": "jobs", "type": "jobs", "properties": dict(jobs.PROPERTIES)},
}
TWICE = "device_twice"
USES = frozenset({"kit", "other", ""})
"""What a person says of a port that may be a kit's or a printer's."""

log = logging.getLogger(__name__)


def agent_id(room: str) -> str:
    """Its device id, client id and user name."""
    return f"agent-{room}"


def agent_will(room: str) -> Will:
    """What the transport of this agent must leave with the broker."""
    return Will(f"{ROOT}/{agent_id(room)}/$state", b"lost")


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


class RoomAgent:
    """Owns the transport from `run` to its end; its will should be `agent_will(room)`."""

    def __init__(
        self,
        room: str,
        transport: MqttTransport,
        data_dir: Path,
        ports: Ports,
        clock: Clock,
        *,
        kits: Iterable[Kit] | None = None,
        clock_id: str | None = None,
    ) -> None:
        self.id = agent_id(room)
        self.clock_id = clock_id or secrets.token_hex(4)
        self._transport = transport
        self._ports = ports
        self._clock = clock
        self._kits = tuple(iter_kits() if kits is None else kits)
        self._shelf = Shelf(data_dir / f"{self.id}.sqlite3", self._on_disk)
        self._delivery = Delivery(transport, self._shelf)
        self._desk = Desk(self.id, transport, self._delivery, clock, self._publish)
        self._jobs = Jobs(
            self.id, self, self._delivery, shelf=self._shelf, clock=clock, publish=self._publish
        )
        self._notes: dict[str, dict[str, str]] = {}
        online = transport.connected.is_set
        self._twin = Twin(self.id, self._publish, online, kind="agent", nodes=NODES, alerts=("disk",))
        self._lines: dict[str, _Line] = {}
        self._told_ports = ""
        self._stopping = asyncio.Event()
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many passages the hub has not committed."""
        return self._delivery.waiting

    async def run(self) -> None:
        """Until `stop` or cancellation; then says goodbye."""
        left = await self._shelf.open()
        kits = {kit.id: kit for kit in self._kits}
        for device, kit in left.seen.items():
            if kit in kits:
                self._desk.admit(device, kits[kit]).twin.state = "lost"
        self._delivery.restore(left.items, self._clock.now_us())
        ended = {item.boot for item in left.items if item.device == self.id}
        self._jobs.restore(left.notes.pop(jobs.SHELF, {}), ended)
        self._notes = left.notes
        self._twin.state = "ready"
        self._twin.tell("agent", "version", _version(), self._clock.now_us())
        self._transport.on_state = self._on_state
        await self._transport.subscribe([command_filter(self.id), *self._desk.filters()])
        await self._transport.start()
        works = (self._find_ports(), self._obey(), self._tick(), self._shelf.run(), self._stopping.wait())
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._jobs.stop()
            await self._end([*tasks, *(line.task for line in self._lines.values()), *self._errands])

    async def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()

    async def _end(self, tasks: list["asyncio.Task[Any]"]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._transport.connected.is_set():
            topics = [f"{ROOT}/{twin.device}/$state" for twin in (*self._desk.twins, self._twin)]
            said = [self._transport.publish(topic, b"disconnected", retain=True) for topic in topics]
            await asyncio.wait(said, timeout=FAREWELL_S)
        await self._transport.stop()
        await self._shelf.close()

    async def _find_ports(self) -> None:
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
            await self._tell_ports(found.values())
            await asyncio.sleep(FIND_S)

    def _begin(self, port: Port, kits: tuple[Kit, ...]) -> _Line:
        usb = (port.usb.vid, port.usb.pid) if port.usb else None
        notes = self._notes.setdefault(port.id, {})
        host = Host(self.clock_id, port.id, notes, port.path, usb, alone=len(kits) == 1)
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
        """What a person has said of the port counts like a name in the settings."""
        use = self._notes.get(port.id, {}).get("use")
        if use == "other":
            return replace(port, usb=None, configured=False)
        return replace(port, configured=True) if use == "kit" else port

    def _use(self, text: str) -> None:
        """`{"port": path, "use": "kit" | "other" | ""}`. Raises ProtocolError."""
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ProtocolError("bad_command", payload=text[:80]) from error
        match told:
            case {"port": str(identity), "use": str(use)} if use in USES and is_port_id(identity):
                self._note(identity, "use", use)
            case _:
                raise ProtocolError("bad_command", payload=text[:80])

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
        self._start(self._transport.subscribe([command_filter(session.device)]))

    async def _complain(self, line: _Line) -> None:
        problem = line.session.problem
        if problem is None or problem.code in {"port_missing", "cable_pulled"}:
            self._twin.clear(alert_id(line.port.path))
            return
        holder = await self._ports.holder(line.port) if problem.code == "port_busy" else None
        params = {**problem.params, **({"holder": holder} if holder else {})}
        self._twin.alert(alert_id(line.port.path), problem.code, params)

    async def _tell_ports(self, ports: Iterable[Port]) -> None:
        told = []
        for port in ports:
            line = self._lines.get(port.path)
            problem = line.session.problem if line else None
            code = problem.code if problem else None
            if line is None and is_ambiguous(port, self._kits):
                code = "port_not_named"
            kit = line.kit() if line else None
            if line is not None and self._desk.is_rival(line.session):
                code, kit = TWICE, None
            told.append(
                {
                    "port": port.path,
                    "id": port.id,
                    "usb": port.usb.label if port.usb else None,
                    "kit": kit.id if kit else None,
                    "device": line.session.device if line and kit else None,
                    "holder": await self._ports.holder(port) if code == "port_busy" else None,
                    "problem": code,
                }
            )
        value = json.dumps(told)
        if value != self._told_ports:
            self._told_ports = value
            self._twin.tell("agent", "ports", value, self._clock.now_us())

    async def _obey(self) -> None:
        async for message in self._transport.messages():
            try:
                self._command(message.topic, message.payload)
            except DeviceError as error:
                self._desk.complain(message.topic, error)
            except Exception as error:
                # Left unanswered it would come again and again, and end the room each time.
                log.exception("%s: a driver failed", message.topic)
                self._desk.complain(message.topic, DeviceError("driver_failed", problem=type(error).__name__))
            message.ack()

    def _command(self, topic: str, payload: bytes) -> None:
        """To one of our devices, or to ourselves. Raises DeviceError."""
        match topic.split("/"):
            case [_, _, self.id, node, key, "set"]:
                try:
                    text = payload.decode()
                except UnicodeDecodeError as error:
                    raise ProtocolError("bad_command", topic=topic) from error
                if (node, key) == ("agent", "use"):
                    self._use(text)
                elif (node, key) == (jobs.NODE, "committed"):
                    boot, seqs = parse_committed(text)
                    self._delivery.commit(self.id, boot, seqs)
                elif node == jobs.NODE:
                    self._jobs.command(key, text)
                else:
                    raise ProtocolError("bad_command", topic=topic)
            case _:
                self._desk.command(topic, payload)

    async def _tick(self) -> None:
        while True:
            now_us = self._clock.now_us()
            self._jobs.tick(now_us)
            self._twin.tick(now_us)
            self._desk.tick(now_us)
            self._delivery.repeat(now_us)
            await asyncio.sleep(TICK_S)

    def _on_state(self, up: bool, reason: str) -> None:
        log.info("bus: %s", reason)
        if up:
            for twin in (self._twin, *self._desk.twins):
                twin.announce()
            self._delivery.repeat(self._clock.now_us(), reconnected=True)

    def _on_disk(self, trouble: str | None) -> None:
        if trouble is None:
            self._twin.clear("disk")
        else:
            log.error("the shelf cannot be written: %s", trouble)
            self._twin.alert("disk", "disk_failed", {"problem": trouble})

    def _publish(self, topic: str, payload: str, *, retain: bool, qos: int = 1) -> None:
        self._transport.publish(topic, payload.encode(), qos=qos, retain=retain)

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


def _version() -> str:
    try:
        return version("lab-controller")
    except PackageNotFoundError:
        return "0"
