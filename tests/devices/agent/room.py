"""A room to test in: emulated gates on real pseudo-terminals, an agent, a broker, and a hub that commits."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from devices.agent import RoomAgent, agent_will
from devices.clock import MonotonicClock
from devices.discovery import Ports, SystemPorts
from devices.transports.mqtt import MqttTransport
from tests.devices.waiting import until


def transport(broker, name: str, **options: Any) -> MqttTransport:
    return MqttTransport(
        client_id=name, host="127.0.0.1", port=broker.port, username=name, password=name, **options
    )


class Hub:
    """Hears everything: `topics` has the last value of each; `passages`, `told`, `alerts` have all."""

    def __init__(self, broker) -> None:
        self.bus = transport(broker, "lab-hub-1", clean_session=False)
        self.topics: dict[str, bytes] = {}
        self.passages: list[tuple[str, str, int]] = []
        self.told: list[dict[str, Any]] = []
        self.alerts: list[tuple[str, str, str]] = []
        self.events: dict[str, list[Any]] = {}
        self.committing = True

    async def listen(self) -> None:
        await self.bus.subscribe(["lab/5/#"])
        await self.bus.start()
        await self.bus.connected.wait()
        async for message in self.bus.messages():
            message.ack()
            self.topics[message.topic] = message.payload
            if message.topic.endswith("/set"):
                continue
            device = message.topic.split("/")[2]
            if message.topic.endswith("/gate/passage"):
                told = json.loads(message.payload)
                self.told.append(told)
                self.passages.append((device, told["boot"], told["seq"]))
                if self.committing:
                    self.commit(device, told["boot"], [told["seq"]])
            elif "/$alert/" in message.topic and message.payload:
                name = message.topic.rpartition("/")[2]
                self.alerts.append((device, name, json.loads(message.payload)["code"]))
            elif not message.topic.split("/")[3].startswith("$"):
                with contextlib.suppress(ValueError):
                    self.events.setdefault(message.topic[6:], []).append(json.loads(message.payload))

    def commit(self, device: str, boot: str, seqs: list[int]) -> None:
        payload = json.dumps({"boot": boot, "seqs": seqs}).encode()
        self.bus.publish(f"lab/5/{device}/gate/committed/set", payload)

    def set(self, device: str, key: str, payload: object) -> None:
        self.bus.publish(f"lab/5/{device}/gate/{key}/set", json.dumps(payload).encode())

    def value(self, topic: str) -> str:
        return self.topics.get(f"lab/5/{topic}", b"").decode()

    def alert(self, device: str, name: str) -> str | None:
        payload = self.value(f"{device}/$alert/{name}")
        return json.loads(payload)["code"] if payload else None


@contextlib.asynccontextmanager
async def listening(broker) -> AsyncIterator[Hub]:
    hub = Hub(broker)
    task = asyncio.create_task(hub.listen())
    await hub.bus.connected.wait()
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await hub.bus.stop()


@contextlib.asynccontextmanager
async def agent_running(
    broker, folder: Path, *named: object, ports: Ports | None = None, **options: Any
) -> AsyncIterator[RoomAgent]:
    """With the `named` ports of this machine, or with other `ports`."""
    clock = MonotonicClock()
    bus = transport(broker, "agent-r1", will=agent_will("r1"))
    ports = ports or SystemPorts([str(name) for name in named], clock, usb=False)
    agent = RoomAgent("r1", bus, folder, ports, clock, **options)
    running = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        await agent.stop()
        await running


async def ready(hub: Hub, device: str) -> None:
    """The device has told its first values."""
    await until(lambda: hub.value(f"{device}/$state") == "ready" and hub.value(f"{device}/clock/fit"))
