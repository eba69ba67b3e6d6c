"""An NXT and its driver, joined by a line without delay; the program that the tests upload."""

from devices.driver import Host
from devices.kits.nxt.driver import NxtDriver
from devices.kits.nxt.emulator import NxtEmulator
from devices.kits.nxt.upload import MAGIC, Cargo
from tests.devices.kits.lego_bench import HOST, Bench

PROGRAM = MAGIC + bytes(range(256)) * 4
CARGO = Cargo("follower.rxe", PROGRAM, run=True)


def bench(host: Host = HOST) -> Bench:
    return Bench(NxtEmulator, NxtDriver(host))
