"""Two firmwares behind one USB identity: both are asked, one answers, and the other driver says no more."""

import asyncio

import pytest

from devices.clock import MonotonicClock
from devices.discovery import Port, candidates
from devices.driver import Host
from devices.kits import pybricks, spike
from devices.protocols.spike_cobs import Frame, FrameReader
from devices.protocols.spike_requests import InfoRequest, parse_request
from devices.registry import iter_kits
from devices.session import Session
from devices.transports.memory import MemoryPipe
from devices.transports.serial_listing import UsbPort
from tests.devices.waiting import until

HOST = Host("room", "0badcafe", {}, "/dev/ttyACM0", (0x0694, 0x0009))
ASKED_AGAIN_US = 1_200_000
"""Both repeat their question sooner than that."""
KITS = {"spike": spike.KIT, "pybricks": pybricks.KIT}


class Overheard(MemoryPipe):
    """A line whose words are kept."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.said: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.said.append(data)
        super().write(data)

    def messages(self) -> list[bytes]:
        frames = FrameReader().feed(b"".join(self.said))
        return [frame.message for frame in frames if isinstance(frame, Frame)]


@pytest.mark.parametrize("pid", [0x0009, 0x000D, 0x0010])
def test_both_drivers_are_asked(pid):
    usb = UsbPort("/dev/ttyACM0", 0x0694, pid, "123", "1-1", None)
    asked = candidates(Port(usb.path, usb), iter_kits())
    assert {kit.id for kit in asked} == {"spike", "pybricks"}


@pytest.mark.slow
@pytest.mark.parametrize("order", [("spike", "pybricks"), ("pybricks", "spike")])
@pytest.mark.parametrize("firmware", ["spike", "pybricks"])
async def test_the_hub_gets_the_driver_of_its_firmware(firmware, order):
    clock = MonotonicClock()
    pipe = Overheard("memory", KITS[firmware].emulator(clock), clock)
    drivers = [KITS[name].driver(HOST) for name in order]
    session = Session(pipe, drivers, clock, on_output=lambda *_: None, on_link=lambda _: None)
    running = asyncio.create_task(session.run())
    try:
        await until(lambda: session.linked)
        assert session.driver is drivers[order.index(firmware)]
        pipe.said.clear()
        linked_us = clock.now_us()
        await until(lambda: clock.now_us() - linked_us > ASKED_AGAIN_US)
        others = {b"\x00"} if firmware == "pybricks" else {b"\x03\x01\x00\x2a"}
        assert not others & set(pipe.messages())
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_the_question_of_one_is_none_for_the_other():
    assert parse_request(b"\x03\x01\x00\x2a") is None
    assert parse_request(b"\x00") == InfoRequest()
