"""A serial port over a real pseudo-terminal: exclusive, never blocking, and honest about its end."""

import asyncio
import contextlib
import errno
import os
import termios
import threading
from collections.abc import Callable

import pytest
import serial

from devices.clock import MonotonicClock
from devices.errors import TransportError
from devices.kits.timing_gate.emulator import GateEmulator
from devices.protocols.gate import HelloRequest, StatusRequest, format_request
from devices.transports.backlog import BACKLOG_BYTES
from devices.transports.pty import PtyServer
from devices.transports.serial_port import SerialPort
from tests.devices.waiting import until

STATUS = format_request(StatusRequest())


def port(path: str) -> SerialPort:
    return SerialPort(path, 115200, MonotonicClock())


async def heard(line: SerialPort, wanted: bytes) -> bytes:
    data = b""
    async with asyncio.timeout(5):
        while wanted not in data:
            data += (await line.read()).data
    return data


async def read_to_the_end(line: SerialPort) -> None:
    async with asyncio.timeout(5):
        while True:
            await line.read()


def write_for_ever(line: SerialPort) -> None:
    for _ in range(200_000):
        line.write(STATUS)


async def test_opening_the_port_resets_the_board_which_says_hello(link):
    board = GateEmulator()
    server = board.serve(link)
    line = port(server.path)
    await line.open()
    await until(lambda: server.is_open)
    line.write(format_request(HelloRequest()))
    assert b"$HELLO,gate,1.0,a1b2c3*" in await heard(line, b"\n")
    assert board.boot == "5f3a"
    await line.close()
    await until(lambda: not server.is_open)
    await line.open()
    await until(lambda: server.is_open)
    line.write(STATUS)
    await heard(line, b"$STATUS,5f3b")
    await line.close()
    server.unplug()


async def test_closing_the_port_leaves_the_board_running(link):
    server = GateEmulator().serve(link)
    line = port(server.path)
    await line.open()
    assert not termios.tcgetattr(line._port.fileno())[2] & termios.HUPCL
    await line.close()
    server.unplug()


async def test_a_port_is_held_by_one_owner(link):
    server = GateEmulator().serve(link)
    first, second = port(server.path), port(server.path)
    await first.open()
    with pytest.raises(TransportError) as refused:
        await second.open()
    assert (refused.value.code, refused.value.permanent) == ("port_busy", False)
    await first.close()
    await second.open()
    await second.close()
    server.unplug()


async def test_a_port_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(TransportError) as refused:
        await port(str(tmp_path / "none")).open()
    assert refused.value.code == "port_missing"


@pytest.mark.parametrize(
    ("number", "code", "permanent"),
    [
        (errno.EACCES, "permission_denied", True),
        (errno.EBUSY, "port_busy", False),
        (errno.EIO, "port_failed", False),
    ],
)
async def test_a_refusal_of_the_system_has_a_name(monkeypatch, number, code, permanent):
    def refuse(*_args, **_options):
        raise serial.SerialException(number, os.strerror(number))

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(TransportError) as refused:
        await port("/dev/ttyUSB0").open()
    assert (refused.value.code, refused.value.permanent) == (code, permanent)
    assert refused.value.params == {"port": "/dev/ttyUSB0"}


async def test_a_pulled_cable_ends_the_reading_and_the_writing(link):
    server = GateEmulator().serve(link)
    line = port(server.path)
    await line.open()
    server.unplug()
    with pytest.raises(TransportError) as ended:
        await read_to_the_end(line)
    assert ended.value.code == "cable_pulled"
    with pytest.raises(TransportError) as refused:
        line.write(STATUS)
    assert refused.value.code == "cable_pulled"
    await line.close()


async def test_a_device_that_does_not_read_blocks_nobody(link):
    server = GateEmulator().serve(link)
    line = port(server.path)
    await line.open()
    with pytest.raises(TransportError) as refused:
        write_for_ever(line)
    assert refused.value.code == "write_blocked"
    await line.close()
    server.unplug()


async def test_a_port_that_is_closed_while_its_bytes_are_read_does_not_wait_for_more(link, monkeypatch):
    board = GateEmulator()
    server = board.serve(link)
    line = port(server.path)
    loop, cancelled, closings = asyncio.get_running_loop(), threading.Event(), []

    def close_amid_the_bytes(_: serial.Serial) -> int:
        if not closings:
            closings.append(asyncio.run_coroutine_threadsafe(line.close(), loop))
            assert cancelled.wait(5)
        return 1

    cancel = serial.Serial.cancel_read
    monkeypatch.setattr(serial.Serial, "in_waiting", property(close_amid_the_bytes))
    monkeypatch.setattr(serial.Serial, "cancel_read", lambda one: (cancel(one), cancelled.set()))
    await line.open()
    await until(lambda: closings)
    async with asyncio.timeout(5):
        await asyncio.wrap_future(closings[0])
    server.unplug()


async def test_whoever_gives_up_in_the_middle_of_opening_or_closing_leaves_the_port_free(link):
    server = GateEmulator().serve(link)
    first = port(str(link))
    opening = asyncio.create_task(first.open())
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    second = port(str(link))
    await until_open(second)
    closing = asyncio.create_task(second.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    third = port(str(link))
    await until_open(third)
    await third.close()
    server.unplug()


async def until_open(line: SerialPort) -> None:
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(TransportError):
                return await line.open()
            await asyncio.sleep(0.01)


class Flooding:
    """A device that talks as fast as it is heard."""

    def __init__(self) -> None:
        self.said = self.refused = 0
        self.server: PtyServer | None = None

    def opened(self, say: Callable[[bytes], None]) -> None:
        self._go_on()

    def heard(self, data: bytes) -> None:
        pass

    def closed(self) -> None:
        pass

    def _go_on(self) -> None:
        """Straight into the terminal, as only that tells how much was taken."""
        assert self.server is not None
        if self.server._master is not None:
            try:
                self.said += os.write(self.server._master, bytes(4096))
                self.refused = 0
            except BlockingIOError:
                self.refused += 1
            asyncio.get_running_loop().call_later(0.0002, self._go_on)


async def test_a_device_that_floods_is_heard_no_faster_than_it_is_listened_to(link):
    device = Flooding()
    device.server = server = PtyServer(device, link)
    server.plug()
    line = port(server.path)
    await line.open()
    await until(lambda: device.said > BACKLOG_BYTES // 2)
    await until(lambda: device.refused > 200, 30)
    before = device.said
    assert before < 2 * BACKLOG_BYTES
    for _ in range(100):
        await line.read()
    await until(lambda: device.said > before)
    async with asyncio.timeout(5):
        await line.close()
    server.unplug()
