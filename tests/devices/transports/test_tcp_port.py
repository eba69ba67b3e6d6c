"""A line over TCP: let in or not, cut, refused."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from devices.clock import MonotonicClock
from devices.discovery import Port, SystemPorts
from devices.errors import TransportError
from devices.transports.tcp_port import UNLOCKS, TcpPort, Unlock

LOCK = Unlock(b"please\r\n", b"come in", b"\r\n")


@asynccontextmanager
async def host(answer: bytes, then: bytes = b""):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n")
        writer.write(answer + then)
        heard = await reader.read(100)
        writer.write(heard.upper())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_the_line_begins_after_the_other_end_has_let_us_in():
    async with host(b"come in, friend\r\n", b"first") as name:
        port = TcpPort(name, MonotonicClock(), LOCK)
        await port.open()
        assert (await port.read()).data == b"first"
        port.write(b"abc")
        assert (await port.read()).data == b"ABC"
        with pytest.raises(TransportError, match="cable_pulled"):
            await port.read()
        await port.close()


async def test_who_is_not_let_in_is_told_that_somebody_else_is():
    async with host(b"go away\r\n") as name:
        with pytest.raises(TransportError, match="port_busy"):
            await TcpPort(name, MonotonicClock(), LOCK).open()


@pytest.mark.parametrize(
    ("name", "code"), [("tcp:127.0.0.1:1", "port_missing"), ("tcp:nowhere", "port_failed")]
)
async def test_a_host_that_is_not_there_is_told(name, code):
    with pytest.raises(TransportError, match=code):
        await TcpPort(name, MonotonicClock(), UNLOCKS["ev3"]).open()


async def test_a_name_in_the_settings_is_a_host_and_a_kit():
    ports = SystemPorts(["tcp:10.0.0.7:5555=ev3"], MonotonicClock(), usb=False)
    assert await ports.find() == (Port("tcp:10.0.0.7:5555", configured=True, kit="ev3"),)
    pipe = ports.pipe((await ports.find())[0], 115200)
    assert (type(pipe), pipe.name) == (TcpPort, "tcp:10.0.0.7:5555")


async def test_a_host_that_takes_nothing_is_left_at_once():
    silent: list[asyncio.StreamWriter] = []

    async def listen(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()
        silent.append(writer)

    server = await asyncio.start_server(listen, "127.0.0.1", 0, limit=1)
    async with server:
        port = TcpPort(f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}", MonotonicClock())
        await port.open()
        with pytest.raises(TransportError, match="write_blocked"):
            flood(port)
        async with asyncio.timeout(5):
            await port.close()
        silent[0].transport.abort()


def flood(port: TcpPort) -> None:
    for _ in range(10_000):
        port.write(bytes(65_536))
