"""The agent of one room: finds ports, keeps their sessions, speaks for them on the bus."""

import asyncio
import logging
import secrets
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from devices.agent import jobs
from devices.agent.delivery import Delivery
from devices.agent.desk import Desk, command_filter, parse_committed
from devices.agent.jobs import Jobs
from devices.agent.lines import Lines
from devices.agent.shelf import Shelf
from devices.agent.twin import ROOT, Twin
from devices.clock import Clock
from devices.discovery import Ports
from devices.errors import DeviceError, ProtocolError
from devices.kit import Kit
from devices.registry import iter_kits
from devices.transports.mqtt import MqttTransport, Will

TICK_S = 0.1
FAREWELL_S = 1.0
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

log = logging.getLogger(__name__)


def agent_id(room: str) -> str:
    """Its device id, client id and user name."""
    return f"agent-{room}"


def agent_will(room: str) -> Will:
    """What the transport of this agent must leave with the broker."""
    return Will(f"{ROOT}/{agent_id(room)}/$state", b"lost")


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
        self._clock = clock
        self._kits = tuple(iter_kits() if kits is None else kits)
        self._shelf = Shelf(data_dir / f"{self.id}.sqlite3", self._on_disk)
        self._delivery = Delivery(transport, self._shelf)
        self._desk = Desk(self.id, transport, self._delivery, clock, self._publish)
        online = transport.connected.is_set
        self._twin = Twin(self.id, self._publish, online, kind="agent", nodes=NODES, alerts=("disk",))
        self._lines = Lines(
            ports,
            self._kits,
            clock,
            self.clock_id,
            desk=self._desk,
            shelf=self._shelf,
            twin=self._twin,
            subscribe=transport.subscribe,
        )
        self._jobs = Jobs(
            self.id, self._lines, self._delivery, shelf=self._shelf, clock=clock, publish=self._publish
        )
        self._stopping = asyncio.Event()

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
        self._lines.restore(left.notes)
        self._twin.state = "ready"
        self._twin.tell("agent", "version", _version(), self._clock.now_us())
        self._transport.on_state = self._on_state
        await self._transport.subscribe([command_filter(self.id), *self._desk.filters()])
        await self._transport.start()
        works = (self._lines.find(), self._obey(), self._tick(), self._shelf.run(), self._stopping.wait())
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._jobs.stop()
            await self._end([*tasks, *self._lines.tasks])

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
                    self._lines.use(text)
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


def _version() -> str:
    try:
        return version("lab-controller")
    except PackageNotFoundError:
        return "0"
