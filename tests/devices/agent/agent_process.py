"""A room agent in a process of its own, for tests that kill it: port of the broker, folder, serial ports."""

import asyncio
import sys
from pathlib import Path

from devices.agent import RoomAgent, agent_will
from devices.clock import MonotonicClock
from devices.discovery import SystemPorts
from devices.transports.mqtt import MqttTransport


async def main(broker_port: int, folder: Path, ports: list[str]) -> None:
    transport = MqttTransport(
        client_id="agent-r1",
        host="127.0.0.1",
        port=broker_port,
        username="agent-r1",
        password="agent-r1",
        will=agent_will("r1"),
    )
    clock = MonotonicClock()
    await RoomAgent("r1", transport, folder, SystemPorts(ports, clock, usb=False), clock).run()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
