"""`lab emulate`: a kit that any program can open, and the lab itself."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from devices.kits.timing_gate.emulator import GateEmulator
from devices.protocols.gate import HelloRequest, format_request
from devices.registry import iter_kits
from lab_controller.lab import Lab
from lab_controller.settings import Settings
from tests.devices.waiting import until
from tests.intel_hex import format_intel_hex
from tests.peers.parts import free_port, require_program

SKETCH = bytes(range(1, 251)) * 8


def lab(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from lab_controller.cli import app; app()", *arguments]


@contextmanager
def playing(*arguments: str) -> Iterator[str]:
    """The port that is told, until Ctrl-C."""
    process = subprocess.Popen(lab("emulate", *arguments), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        process.stdout.close()


def test_an_emulated_gate_answers_whoever_opens_its_port(tmp_path: Path) -> None:
    link = tmp_path / "gate"
    with playing("timing_gate", "--link", str(link)) as port:
        assert port == str(link)
        with serial.Serial(port, 115200, timeout=10) as line:
            line.write(format_request(HelloRequest()))
            said = line.read_until(b"$HELLO,gate") + line.read_until(b"\n")
        assert GateEmulator().id.encode() in said
    assert not link.exists()


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kit", "name", "program"),
    [
        ("arduino_leonardo", "a.hex", format_intel_hex(SKETCH)),
        ("spike", "a.py", b"print('line follower')\n" * 60),
    ],
)
async def test_an_emulated_kit_takes_a_program_from_the_lab(
    tmp_path: Path, kit: str, name: str, program: bytes
) -> None:
    require_program("avrdude", "avrdude")
    with playing(kit) as port:
        settings = Settings(
            data_dir=tmp_path,
            serial_ports=f"{port}={kit}",
            serial_usb=False,
            mqtt_host="127.0.0.1",
            mqtt_port=free_port(),
            argon2_time_cost=1,
            argon2_memory_kib=64,
            argon2_parallelism=1,
        )
        async with Lab.open(settings) as opened:
            assert await upload(opened, name, program) == ("succeeded", "")
    assert not await asyncio.to_thread(Path(port).exists)


async def upload(opened: Lab, name: str, program: bytes) -> tuple[str, str]:
    """How it ended, and with which code."""

    def device() -> str:
        ready = (each for each in opened.equipment.list_devices() if each.state == "ready")
        return next((each.id for each in ready if "program/accepts" in each.latest), "")

    await until(device, 20)
    job = await asyncio.to_thread(
        lambda: opened.programs.submit("test", device(), name, program, slot=None, run=True, key="1")
    )
    await until(lambda: opened.programs.get_job(job.id).state in ("succeeded", "failed"), 40)
    ended = opened.programs.get_job(job.id)
    return ended.state, ended.code


def test_every_kit_can_be_listed_and_none_is_invented() -> None:
    listed = subprocess.run(lab("emulate"), capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in listed.splitlines()] == [kit.id for kit in iter_kits()]
    unknown = subprocess.run(lab("emulate", "toaster"), capture_output=True, text=True, check=False)
    assert (unknown.returncode, "toaster" in unknown.stderr) == (2, True)
