"""A HID device is a line of frames; only LEGO's are looked at."""

import asyncio
import contextlib
import errno
import os
import pty
import tty
from pathlib import Path

import pytest

from devices.clock import MonotonicClock
from devices.discovery import Port, SystemPorts
from devices.errors import TransportError
from devices.transports.hidraw import REPORT_BYTES, WAITING, HidrawPort, list_hidraw_ports
from devices.transports.serial_listing import UsbPort

EV3 = """HID_ID=0003:00000694:00000005
HID_NAME=LEGO Group EV3
HID_PHYS=usb-0000:00:14.0-2/input0
HID_UNIQ=00165340e2ab
"""
KEYBOARD = "HID_ID=0003:0000046D:0000C31C\nHID_NAME=Keyboard\nHID_PHYS=usb-0000:00:14.0-1/input0\nHID_UNIQ=\n"


def nodes(tmp_path: Path, *uevents: str) -> Path:
    for number, uevent in enumerate(uevents):
        (tmp_path / f"hidraw{number}/device").mkdir(parents=True)
        (tmp_path / f"hidraw{number}/device/uevent").write_text(uevent)
    return tmp_path


def test_a_brick_is_found_among_keyboards(tmp_path):
    found = list_hidraw_ports(nodes(tmp_path, KEYBOARD, EV3, "torn"))
    assert found == (
        UsbPort("/dev/hidraw1", 0x0694, 5, "00165340e2ab", "usb-0000-00-14.0-2", "LEGO Group EV3"),
    )


async def test_a_brick_on_usb_is_a_port_with_the_identity_of_the_brick(monkeypatch):
    brick = UsbPort("/dev/hidraw1", 0x0694, 5, "00165340e2ab")
    monkeypatch.setattr("devices.discovery.list_usb_ports", tuple)
    monkeypatch.setattr("devices.discovery.list_hidraw_ports", lambda: (brick,))
    ports = SystemPorts([], MonotonicClock())
    assert await ports.find() == (Port("/dev/hidraw1", brick, identity="0694:0005 00165340e2ab"),)
    assert isinstance(ports.pipe(Port("/dev/hidraw1"), 115200), HidrawPort)


@pytest.fixture
def node():
    """A pseudo-terminal carries whole reports, as a node does."""
    master, far = pty.openpty()
    tty.setraw(far)
    yield master, os.ttyname(far)
    os.close(master)
    os.close(far)


async def test_a_frame_travels_in_a_report_of_its_own(node):
    master, path = node
    port = HidrawPort(path, MonotonicClock())
    await port.open()
    port.write(b"\x03\x00abc")
    assert os.read(master, 4096) == b"\0" + b"\x03\x00abc".ljust(REPORT_BYTES, b"\0")
    os.write(master, b"\x02\x00xy".ljust(REPORT_BYTES, b"\0"))
    assert (await asyncio.wait_for(port.read(), 5)).data == b"\x02\x00xy"
    await port.close()
    with pytest.raises(TransportError, match="cable_pulled"):
        port.write(b"\x00\x00")


async def test_reports_that_nobody_takes_wait_in_the_system_and_not_in_our_memory(tmp_path):
    path = tmp_path / "hidraw0"
    os.mkfifo(path)
    port = HidrawPort(str(path), MonotonicClock())
    await port.open()
    brick = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    sent = []
    with contextlib.suppress(BlockingIOError):
        for number in range(1000):
            frame = b"\x02\x00" + number.to_bytes(2)
            os.write(brick, frame.ljust(REPORT_BYTES, b"\0"))
            sent.append(frame)
            await asyncio.sleep(0)
    assert WAITING < len(sent) < 1000
    assert [(await asyncio.wait_for(port.read(), 5)).data for _ in sent] == sent
    os.close(brick)
    await port.close()


async def test_a_brick_that_takes_no_more_holds_up_nobody(tmp_path):
    path = tmp_path / "hidraw0"
    os.mkfifo(path)
    port = HidrawPort(str(path), MonotonicClock())
    await port.open()
    for number in range(WAITING):
        port.write(number.to_bytes(2))
    with pytest.raises(TransportError, match="write_blocked"):
        port.write(b"\x00\x00")
    await port.close()


async def test_a_report_that_cannot_be_written_is_a_pulled_cable(tmp_path, monkeypatch):
    def refuse(_file: int, _report: bytes) -> int:
        raise OSError(errno.ENODEV, "gone")

    path = tmp_path / "hidraw0"
    os.mkfifo(path)
    port = HidrawPort(str(path), MonotonicClock())
    await port.open()
    monkeypatch.setattr("devices.transports.hidraw.os.write", refuse)
    port.write(b"\x00\x00")
    with pytest.raises(TransportError, match="cable_pulled"):
        await asyncio.wait_for(port.read(), 5)
    await port.close()


async def test_a_node_that_is_not_there_is_told(tmp_path):
    with pytest.raises(TransportError, match="port_missing"):
        await HidrawPort(str(tmp_path / "hidraw7"), MonotonicClock()).open()
