"""The room agent with the lab's settings: in the process of `lab serve`, or alone as `lab agent`."""

from devices.agent import RoomAgent, agent_id, agent_will
from devices.clock import Clock, MonotonicClock
from devices.discovery import Ports, SystemPorts
from devices.kits import race_timer
from devices.registry import iter_kits
from lab_controller.bus.connecting import Address, connect
from lab_controller.settings import Settings


def make_agent(
    settings: Settings,
    address: Address,
    *,
    clock: Clock | None = None,
    clock_id: str | None = None,
    ports: Ports | None = None,
) -> RoomAgent:
    """An agent for the serial ports of this machine; its passages wait in the data folder.

    Whoever else measures boards by the same `clock` shares its `clock_id`.
    """
    clock = clock or MonotonicClock()
    if ports is None:
        named = [port.strip() for port in settings.serial_ports.split(",") if port.strip()]
        ports = SystemPorts(named, clock, usb=settings.serial_usb)
    transport = connect(settings, address, client_id=agent_id(settings.room), will=agent_will(settings.room))
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    timers = race_timer.bring_timers(settings.timers_dir)
    kits = [timers if kit is race_timer.KIT else kit for kit in iter_kits()]
    return RoomAgent(settings.room, transport, settings.data_dir, ports, clock, kits=kits, clock_id=clock_id)
