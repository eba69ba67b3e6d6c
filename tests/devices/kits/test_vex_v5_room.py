"""A VEX brain with both of its ports in a room: programs go onto it, and what they print is told."""

import base64
import gzip
import hashlib
import json
import random

import pytest

from devices.agent.orders import PART_BYTES
from devices.clock import MonotonicClock
from devices.discovery import Port, candidates
from devices.kits.vex_v5 import KIT
from devices.kits.vex_v5.emulator import V5Emulator
from devices.kits.vex_v5_user import KIT as USER_KIT
from devices.kits.vex_v5_user.emulator import V5UserEmulator
from devices.transports.serial_listing import UsbPort
from tests.devices.agent.room import agent_running, listening
from tests.devices.waiting import until

PROGRAM = b"XVX5" + random.Random(8).randbytes(70_000)


def usb(pid: int, interface: int) -> Port:
    path = f"/dev/ttyACM{interface}"
    product = "VEX Robotics V5 Brain - A9EC2700"
    known = UsbPort(path, 0x2888, pid, None, f"1-3:1.{interface}", product)
    return Port(path, known, identity="2888:0501 1-3")


def test_both_ports_of_a_brain_are_found_and_share_an_id():
    kits = (KIT, USER_KIT)
    system, user = usb(0x0501, 0), usb(0x0501, 2)
    assert candidates(system, kits) == (KIT,)
    assert candidates(user, kits) == (USER_KIT,)
    assert candidates(usb(0x0501, 1), kits) == ()
    assert candidates(usb(0x0503, 1), kits) == (KIT,)
    assert system.id == user.id


@pytest.mark.peer
async def test_an_order_of_the_hub_is_carried_out_and_the_program_window_is_told(broker, tmp_path, link):
    brain, window = V5Emulator(MonotonicClock()), V5UserEmulator(MonotonicClock(), logs_every_s=0.05)
    user_link = tmp_path / "user0"
    servers = brain.serve(link), window.serve(user_link)
    try:
        async with (
            listening(broker) as hub,
            agent_running(
                broker, tmp_path, f"{link}=vex_v5", f"{user_link}=vex_v5_user", kits=[KIT, USER_KIT]
            ),
        ):
            device, user = f"v5-{Port(str(link)).id}", f"v5-{Port(str(user_link)).id}-user"
            await until(lambda: hub.value(f"{device}/$state") == "ready")
            send(hub, device, PROGRAM)
            events = hub.events.setdefault("agent-r1/jobs/event", [])
            await until(lambda: any(event["state"] in {"succeeded", "failed"} for event in events), 30)
            assert events[-1]["state"] == "succeeded", events[-1]
            assert gzip.decompress(brain.files[1, "slot_5.bin"].data) == PROGRAM
            await until(lambda: hub.value(f"{device}/program/slot") == "5")
            assert hub.value(f"{device}/battery/percent") == "80"
            printed = hub.events.setdefault(f"{user}/console/printed", [])
            await until(lambda: "line-left:" in "".join(each["text"] for each in printed))
            await until(lambda: float(hub.value(f"{user}/telemetry/line-right") or 0) > 0)
            hub.bus.publish(f"lab/5/{user}/console/send/set", b"go\n")
            await until(lambda: bytes(window.typed) == b"go\n")
            hub.bus.publish(f"lab/5/{device}/program/stop/set", b"true")
            await until(lambda: hub.value(f"{device}/program/running") == "false")
    finally:
        for server in servers:
            server.unplug()


def send(hub, device: str, data: bytes) -> None:
    head = {"job": "j1", "attempt": 1, "device": device, "name": "robot.bin", "size": len(data), "slot": 4}
    order = {**head, "sha256": hashlib.sha256(data).hexdigest(), "run": True}
    hub.bus.publish("lab/5/agent-r1/jobs/order/set", json.dumps(order).encode())
    for n, at in enumerate(range(0, len(data), PART_BYTES)):
        part = {"job": "j1", "attempt": 1, "n": n}
        part["data"] = base64.b64encode(data[at : at + PART_BYTES]).decode()
        hub.bus.publish("lab/5/agent-r1/jobs/part/set", json.dumps(part).encode())
