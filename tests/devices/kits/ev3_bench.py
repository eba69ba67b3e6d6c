"""An EV3 and its driver, joined by a line without delay; the program that the tests upload."""

from devices.driver import Host
from devices.kits.ev3.driver import Ev3Driver
from devices.kits.ev3.emulator import Ev3Emulator
from devices.kits.ev3.upload import Cargo
from devices.protocols import ev3_bytecode as bytecode
from tests.devices.kits.lego_bench import HOST, Bench

PROGRAM = bytecode.image(bytes(range(256)) * 12 + b"\x0a")
CARGO = Cargo("../prjs/follower", "follower.rbf", PROGRAM, run=True)
PATH = "prjs/follower/follower.rbf"


def bench(host: Host = HOST) -> Bench:
    return Bench(Ev3Emulator, Ev3Driver(host))
