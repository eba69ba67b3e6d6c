"""A MicroPython board in a room: on a pseudo-terminal with a broker, and beside the drivers of other kits."""

import asyncio
import base64
import hashlib
import json

import pytest

from devices.agent.orders import PART_BYTES
from devices.clock import MonotonicClock
from devices.discovery import Port
from devices.driver import Host
from devices.kits.arduino_uno import KIT as UNO
from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.kits.micropython import KIT
from devices.kits.micropython.emulator import MicroPythonEmulator
from devices.kits.timing_gate import KIT as GATE
from devices.session import Session
from devices.transports.memory import MemoryPipe
from tests.devices.agent.room import agent_running, listening
from tests.devices.waiting import until
from tests.firmware.esp32 import micropython

PROGRAM = b'import time\nwhile True:\n    print("light:41")\n    time.sleep(0.05)\n' + b"# pad\n" * 700
CH340 = (0x1A86, 0x7523)


@pytest.mark.peer
async def test_an_order_of_the_hub_puts_a_program_onto_the_board_and_it_is_plotted(broker, tmp_path, link):
    micropython()
    board = MicroPythonEmulator()
    server = board.serve(link)
    try:
        async with (
            listening(broker) as hub,
            agent_running(broker, tmp_path, f"{link}=micropython", kits=[KIT]),
        ):
            device = f"esp-{Port(str(link)).id}"
            await until(lambda: hub.value(f"{device}/$state") == "ready")
            assert json.loads(hub.value(f"{device}/program/accepts"))["suffixes"] == [".py", ".mpy"]
            head = {"job": "j1", "attempt": 1, "device": device, "name": "main.py", "size": len(PROGRAM)}
            order = {**head, "sha256": hashlib.sha256(PROGRAM).hexdigest(), "slot": None, "run": True}
            hub.bus.publish("lab/5/agent-r1/jobs/order/set", json.dumps(order).encode())
            for n, at in enumerate(range(0, len(PROGRAM), PART_BYTES)):
                piece = base64.b64encode(PROGRAM[at : at + PART_BYTES]).decode()
                part = {"job": "j1", "attempt": 1, "n": n, "data": piece}
                hub.bus.publish("lab/5/agent-r1/jobs/part/set", json.dumps(part).encode())
            events = hub.events.setdefault("agent-r1/jobs/event", [])
            await until(lambda: any(event["state"] in {"succeeded", "failed"} for event in events), 30)
            assert events[-1]["state"] == "succeeded", events[-1]
            await until(lambda: hub.value(f"{device}/telemetry/light") == "41.0")
            await until(lambda: hub.value(f"{device}/program/running") == "true")
            hub.bus.publish(f"lab/5/{device}/program/stop/set", b"true")
            await until(lambda: hub.value(f"{device}/program/running") == "false")
    finally:
        server.unplug()
        board.turn_off()


@pytest.mark.slow
@pytest.mark.parametrize("board", ["micropython", "arduino_uno"])
async def test_behind_a_chip_that_both_have_each_board_gets_its_own_driver(board):
    clock = MonotonicClock()
    peer = MicroPythonEmulator(clock) if board == "micropython" else UnoEmulator(clock)
    kits = (UNO, KIT, GATE)
    host = Host("room", "0badcafe", {}, "/dev/ttyUSB0", CH340, ("arduino_uno", "micropython"))
    session = Session(
        MemoryPipe("memory", peer, clock),
        [kit.driver(host) for kit in kits],
        clock,
        on_output=lambda *_: None,
        on_link=lambda _: None,
        bauds=[kit.bauds for kit in kits],
    )
    running = asyncio.create_task(session.run())
    try:
        await until(lambda: session.linked, 20)
        short = "esp" if board == "micropython" else "uno"
        assert session.device == f"{short}-0badcafe"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        if isinstance(peer, MicroPythonEmulator):
            peer.turn_off()
