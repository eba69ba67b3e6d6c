"""An EV3 in a Wi-Fi, and ev3_dc, which we did not write."""

import pytest

from devices.clock import MonotonicClock
from devices.driver import Told
from devices.kits.ev3.driver import Ev3Driver
from devices.kits.ev3.emulator import Ev3Emulator
from devices.kits.ev3.upload import upload
from devices.kits.ev3.wifi import BrickInWifi
from devices.transports.tcp_port import UNLOCKS, TcpPort
from tests.devices.kits.ev3_bench import CARGO, PATH, PROGRAM
from tests.devices.kits.lego_bench import HOST, uploaded
from tests.devices.waiting import until
from tests.peers.lego import session
from tests.peers.parts import free_port


async def test_our_driver_and_an_upload_over_loopback_wifi():
    brick = Ev3Emulator()
    wifi = BrickInWifi(brick, port=free_port())
    await wifi.start()
    pipe = TcpPort(f"tcp:127.0.0.1:{wifi.port}", MonotonicClock(), UNLOCKS["ev3"])
    try:
        async with uploaded(pipe, Ev3Driver(HOST), upload, CARGO) as said:
            assert brick.files.files[PATH] == PROGRAM
            await until(lambda: Told("program", "running", "true") in said)
    finally:
        await wifi.stop()


@pytest.mark.peer
async def test_ev3_dc_puts_a_file_onto_the_emulated_brick_and_reads_its_sensors():
    brick = Ev3Emulator()
    brick.machine.name = "Robo7"
    wifi = BrickInWifi(brick)
    await wifi.start()
    try:
        told = await session("ev3_dc", "ev3_session.py", "../prjs/dc/dc.rbf", PROGRAM.hex())
    finally:
        await wifi.stop()
    size, md5 = len(PROGRAM), told["listed"][1][0][2]
    assert 0.2 <= told.pop("distance") <= 1.0
    assert isinstance(told.pop("touched"), bool)
    assert told == {
        "battery": [7.6, 72],
        "name": "Robo7",
        "firmware": "V1.09H",
        "sensors": [16, 29, 30, None, 7, 7, 8, None],
        "free": (4 * 1024 * 1024 - size) // 1024,
        "listed": [[".", ".."], [["dc.rbf", size, md5]]],
        "read": PROGRAM.hex(),
        "left": [[".", ".."], []],
    }
