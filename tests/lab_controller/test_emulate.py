"""`lab emulate`: a kit that any program can open."""

import signal
import subprocess
import sys
from pathlib import Path

import serial

from devices.kits.timing_gate.emulator import GateEmulator
from devices.protocols.gate import HelloRequest, format_request
from devices.registry import iter_kits


def lab(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from lab_controller.cli import app; app()", *arguments]


def test_an_emulated_gate_answers_whoever_opens_its_port(tmp_path: Path) -> None:
    link = tmp_path / "gate"
    playing = subprocess.Popen(
        lab("emulate", "timing_gate", "--link", str(link)), stdout=subprocess.PIPE, text=True
    )
    assert playing.stdout is not None
    try:
        assert playing.stdout.readline().strip() == str(link)
        with serial.Serial(str(link), 115200, timeout=10) as port:
            port.write(format_request(HelloRequest()))
            said = port.read_until(b"$HELLO,gate") + port.read_until(b"\n")
        assert GateEmulator().id.encode() in said
    finally:
        playing.send_signal(signal.SIGINT)
        assert playing.wait(10) == 0
        playing.stdout.close()
    assert not link.exists()


def test_every_kit_can_be_listed_and_none_is_invented() -> None:
    listed = subprocess.run(lab("emulate"), capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in listed.splitlines()] == [kit.id for kit in iter_kits()]
    unknown = subprocess.run(lab("emulate", "toaster"), capture_output=True, text=True, check=False)
    assert (unknown.returncode, "toaster" in unknown.stderr) == (2, True)
