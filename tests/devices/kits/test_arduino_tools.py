"""Mega and Leonardo: the real avrdude writes their flash through our emulated boot loaders, as a job does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from devices import avrdude
from devices.agent.lent_port import LentPort
from devices.clock import MonotonicClock
from devices.discovery import Port, SystemPorts
from devices.errors import UploadError
from devices.kits import arduino_leonardo, arduino_mega
from devices.kits.arduino_leonardo.emulator import LeonardoEmulator
from devices.kits.arduino_mega.emulator import MegaEmulator
from devices.talk import Progress
from devices.uploads import Program
from tests.intel_hex import format_intel_hex
from tests.peers.parts import require_program

pytestmark = pytest.mark.peer

SKETCH = bytes(range(1, 251)) * 8


@pytest.fixture(autouse=True)
def tool() -> None:
    require_program("avrdude", "avrdude")


def lent(path: Path) -> LentPort:
    ports = SystemPorts([str(path)], MonotonicClock(), usb=False)
    return LentPort(Port(str(path), configured=True), ports)


async def gather(progress: AsyncIterator[Progress]) -> list[Progress]:
    return [each async for each in progress]


def stages(progress: list[Progress]) -> list[str]:
    return list(dict.fromkeys(each.stage for each in progress))


async def test_avrdude_writes_a_mega_and_the_bytes_in_flash_are_the_hex_files(link):
    board = MegaEmulator()
    server = board.serve(link)
    kit = arduino_mega.KIT
    program = kit.uploads.prepare(Program("sketch.hex", format_intel_hex(SKETCH)))
    told = await gather(kit.uploads.tool(program, lent(link), {}))
    assert stages(told) == ["syncing", "writing", "verifying"]
    assert told[-1] == Progress("verifying", 50, 50)
    assert board.flash.read(0, len(SKETCH)) == SKETCH
    server.unplug()


async def test_avrdude_writes_a_leonardo_whose_port_goes_away_and_comes_back(link):
    board = LeonardoEmulator()
    board.serve(link)
    kit = arduino_leonardo.KIT
    program = kit.uploads.prepare(Program("sketch.hex", format_intel_hex(SKETCH)))
    told = await gather(kit.uploads.tool(program, lent(link), {}))
    assert stages(told) == ["resetting", "syncing", "writing", "verifying"]
    assert board.flash.read(0, len(SKETCH)) == SKETCH
    board.vanish()


async def test_a_leonardo_that_does_not_hear_the_touch_is_told(link, monkeypatch):
    monkeypatch.setattr(arduino_leonardo, "MOVES_S", 0.3)
    board = LeonardoEmulator()
    board.deaf = True
    board.serve(link)
    with pytest.raises(UploadError, match="port_gone"):
        await gather(arduino_leonardo.upload(format_intel_hex(SKETCH), lent(link), {}))
    board.vanish()


async def test_a_silent_board_is_told_and_the_tool_does_not_stay(link):
    board = MegaEmulator()
    board.mute = True
    server = board.serve(link)
    with pytest.raises(UploadError, match="board_silent"):
        await gather(avrdude.write_flash(str(link), format_intel_hex(SKETCH), arduino_mega.CHIP))
    server.unplug()


async def test_a_bit_that_does_not_hold_is_found_when_it_is_read_back(link):
    board = MegaEmulator()
    board.flash.stuck[700] = 0xFF
    server = board.serve(link)
    with pytest.raises(UploadError, match="verify_failed"):
        await gather(avrdude.write_flash(str(link), format_intel_hex(SKETCH), arduino_mega.CHIP))
    server.unplug()


async def test_a_cancelled_upload_ends_the_tool_and_the_next_one_succeeds(link):
    board = MegaEmulator()
    server = board.serve(link)
    program = format_intel_hex(SKETCH)
    begun = asyncio.Event()

    async def cancelled() -> None:
        async with aclosing(avrdude.write_flash(str(link), program, arduino_mega.CHIP)) as told:
            async for progress in told:
                if progress.stage == "writing":
                    begun.set()

    task = asyncio.create_task(cancelled())
    await asyncio.wait_for(begun.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gather(avrdude.write_flash(str(link), program, arduino_mega.CHIP))
    assert board.flash.read(0, len(SKETCH)) == SKETCH
    server.unplug()


async def test_a_tool_that_does_not_end_when_it_is_asked_is_ended(tmp_path, monkeypatch):
    tool = tmp_path / "stubborn"
    tool.write_text("#!/bin/sh\ntrap '' TERM\necho 'Writing | ##' >&2\nexec sleep 600\n")
    tool.chmod(0o755)
    monkeypatch.setattr(avrdude, "PROGRAM", str(tool))
    monkeypatch.setattr(avrdude, "ENDS_S", 0.1)
    async with asyncio.timeout(20):
        async with aclosing(avrdude.write_flash("/dev/none", b"", arduino_mega.CHIP)) as told:
            assert [await anext(told), await anext(told)] == [Progress("syncing"), Progress("writing", 2, 50)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b":00000001FF\r\n", "program_empty"),
        (b"no hex at all", "program_damaged"),
        (format_intel_hex(bytes(29_000)), "program_too_big"),
    ],
)
def test_a_program_that_cannot_be_is_refused_before_the_board_is_touched(data, code):
    with pytest.raises(UploadError, match=code):
        arduino_leonardo.KIT.uploads.prepare(Program("sketch.hex", data))
