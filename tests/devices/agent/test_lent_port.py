"""A kit's port in the hands of an external tool: the touch for the boot loader, and where that comes up."""

import errno
import os
from pathlib import Path

import pytest
import serial

from devices.agent.lent_port import LentPort
from devices.clock import MonotonicClock
from devices.discovery import Port, SystemPorts
from devices.errors import UploadError
from devices.kits.arduino_leonardo.emulator import LeonardoEmulator
from devices.transports.serial_listing import UsbPort
from tests.devices.waiting import until

Line = tuple[int, str, bool]


class RecordedSerial(serial.Serial):
    """A pseudo-terminal's port that notes how DTR and RTS stand, and at which speed."""

    noted: list[Line | str]
    refuses: int | None = None

    def _update_dtr_state(self) -> None:
        self._note("dtr", self._dtr_state)

    def _update_rts_state(self) -> None:
        self._note("rts", self._rts_state)

    def close(self) -> None:
        if self.is_open:
            self.noted.append("closed")
        super().close()

    def _note(self, line: str, level: bool) -> None:
        if self.refuses is not None:
            raise OSError(self.refuses, os.strerror(self.refuses))
        self.noted.append((self.baudrate, line, level))


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> type[RecordedSerial]:
    monkeypatch.setattr(serial, "Serial", RecordedSerial)
    monkeypatch.setattr(RecordedSerial, "noted", [], raising=False)
    return RecordedSerial


def lent(path: Path) -> LentPort:
    ports = SystemPorts([str(path)], MonotonicClock(), usb=False)
    return LentPort(Port(str(path), configured=True), ports)


async def test_dtr_falls_at_1200_baud_and_stays_down_when_the_port_is_closed(link, recorded):
    board = LeonardoEmulator()
    board.serve(link)
    await lent(link).touch(1200)
    assert recorded.noted == [
        (1200, "dtr", True),
        (1200, "rts", True),
        (1200, "rts", False),
        (1200, "dtr", False),
        "closed",
    ]
    await until(lambda: board.in_boot_loader)
    board.vanish()


@pytest.mark.parametrize("number", [errno.ENOTTY, errno.EINVAL])
async def test_a_line_without_dtr_is_touched_all_the_same(link, recorded, monkeypatch, number):
    monkeypatch.setattr(recorded, "refuses", number)
    board = LeonardoEmulator()
    board.serve(link)
    await lent(link).touch(1200)
    await until(lambda: board.in_boot_loader)
    board.vanish()


async def test_a_board_that_is_pulled_during_the_touch_is_told(link, recorded, monkeypatch):
    board = LeonardoEmulator()
    board.serve(link)
    opened = serial.Serial.open

    def open_once(port: RecordedSerial) -> None:
        opened(port)
        port.refuses = errno.EIO

    monkeypatch.setattr(recorded, "open", open_once)
    with pytest.raises(UploadError, match="cable_pulled"):
        await lent(link).touch(1200)
    assert recorded.noted[-1] == "closed"
    board.vanish()


class Sockets:
    """What is found at each look: names of ports and the sockets that they are in; the last look stays."""

    def __init__(self, folder: Path, *looks: dict[str, str]) -> None:
        self._looks = [tuple(_port(folder / name, socket) for name, socket in look.items()) for look in looks]
        for port in (port for look in self._looks for port in look):
            Path(port.path).touch()

    async def find(self) -> tuple[Port, ...]:
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]


def _port(path: Path, socket: str) -> Port:
    return Port(str(path), UsbPort(str(path), 0x2341, 0x8036, location=f"{socket}:1.0"))


BEFORE = {"sketch": "1-3", "neighbour": "1-4"}


@pytest.mark.parametrize(
    "after",
    [{"neighbour": "1-4", "boot": "1-3"}, {**BEFORE, "boot": "1-3"}],
    ids=["instead of the sketch's", "beside the sketch's"],
)
async def test_a_boot_loader_that_comes_up_at_another_path_is_found(tmp_path, after):
    ports = Sockets(tmp_path, BEFORE, {**BEFORE, "stranger": "1-5"}, after)
    line = LentPort(_port(tmp_path / "sketch", "1-3"), ports)
    assert await line.moved(5) == str(tmp_path / "boot")
    assert line.path == str(tmp_path / "boot")


async def test_a_boot_loader_that_comes_up_at_the_same_path_is_found_once_the_sketch_has_gone(tmp_path):
    ports = Sockets(tmp_path, BEFORE, BEFORE, {"neighbour": "1-4"}, BEFORE)
    assert await LentPort(_port(tmp_path / "sketch", "1-3"), ports).moved(5) == str(tmp_path / "sketch")


async def test_a_board_that_stays_as_it_is_has_not_moved(tmp_path):
    ports = Sockets(tmp_path, BEFORE, {**BEFORE, "stranger": "1-5"})
    with pytest.raises(UploadError, match="port_gone"):
        await LentPort(_port(tmp_path / "sketch", "1-3"), ports).moved(0.3)
