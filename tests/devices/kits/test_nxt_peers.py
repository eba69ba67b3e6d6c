"""An NXT on a pseudo-terminal, NXC compiled by nbc, and nxt-python, which we did not write."""

import time
from pathlib import Path

import pytest

from devices.clock import MonotonicClock
from devices.driver import Told
from devices.errors import UploadError
from devices.kits.nxt import compiler
from devices.kits.nxt.driver import NxtDriver
from devices.kits.nxt.emulator import NxtEmulator
from devices.kits.nxt.upload import MAGIC, prepare, upload
from devices.transports.serial_port import SerialPort
from devices.uploads import Program
from tests.devices.kits.lego_bench import HOST, Uploading, uploaded
from tests.devices.kits.nxt_bench import CARGO, PROGRAM
from tests.devices.waiting import until
from tests.peers.lego import session
from tests.peers.parts import require_program

SAMPLES = Path(__file__).parents[3] / "firmware_samples/nxt"


async def test_our_driver_and_an_upload_on_a_pseudo_terminal(tmp_path):
    brick = NxtEmulator()
    server = brick.serve(tmp_path / "rfcomm0")
    pipe = SerialPort(server.path, 115200, MonotonicClock())
    try:
        async with uploaded(pipe, NxtDriver(HOST), upload, CARGO) as said:
            assert brick.files.files["follower.rxe"] == PROGRAM
            await until(lambda: Told("program", "running", "true") in said)
    finally:
        server.unplug()


@pytest.mark.peer
@pytest.mark.parametrize("sample", ["line_follower", "sensor_log"])
def test_nbc_compiles_the_samples_and_they_run_on_the_emulated_brick(sample):
    require_program("nbc", "nbc")
    cargo = prepare(Program(f"{sample}.nxc", (SAMPLES / f"{sample}.nxc").read_bytes()))
    uploading = Uploading(NxtEmulator)
    uploading.run(upload, cargo)
    assert cargo.data.startswith(MAGIC)
    assert (uploading.brick.files.files[cargo.name], uploading.brick.running) == (cargo.data, cargo.name)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            b"task main()\n{\n  OnFwd(OUT_A, 50)\n  Wait(1);\n}\n",
            "compile_failed(problem=';' expected, line=4)",
        ),
        (
            b"task main() {\n  drive(3);\n}\n",
            "compile_failed(problem=Undefined Identifier drive, line=2)",
        ),
        (
            b'task main() {}\n#include "/etc/passwd"\n',
            "compile_failed(problem=#include is not possible here, line=2)",
        ),
        (
            b'#inc\\\nlude "/etc/passwd"\ntask main() {}\n',
            "compile_failed(problem=#include is not possible here, line=1)",
        ),
    ],
    ids=["semicolon", "name", "include", "torn include"],
)
def test_nbc_says_in_which_line_a_program_is_wrong(source, problem):
    require_program("nbc", "nbc")
    with pytest.raises(UploadError) as caught:
        prepare(Program("a.nxc", source))
    assert str(caught.value) == problem


def test_a_missing_compiler_is_named(monkeypatch):
    monkeypatch.setattr(compiler.shutil, "which", lambda _: None)
    with pytest.raises(UploadError, match=r"compiler_missing\(tool=nbc\)"):
        prepare(Program("a.nxc", b"task main() {}"))


def test_a_compiler_that_hangs_is_ended(monkeypatch, tmp_path):
    hanging = tmp_path / "nbc"
    hanging.write_text("#!/bin/sh\nexec sleep 30\n")
    hanging.chmod(0o755)
    monkeypatch.setattr(compiler, "SECONDS", 0.2)
    monkeypatch.setattr(compiler.shutil, "which", lambda _: str(hanging))
    began = time.monotonic()
    with pytest.raises(UploadError, match="tool_failed"):
        prepare(Program("a.nxc", b"task main() {}"))
    assert time.monotonic() - began < 5


@pytest.mark.peer
async def test_nxt_python_puts_a_program_onto_the_emulated_brick_runs_it_and_reads_a_sensor(tmp_path):
    brick = NxtEmulator()
    server = brick.serve(tmp_path / "rfcomm0")
    brick.send_message(1, "42")
    try:
        told = await session("nxt_python", "nxt_session.py", server.path, "mine.rxe", PROGRAM.hex())
    finally:
        server.unplug()
    assert told == {
        "name": "NXT",
        "address": "00:16:53:04:5C:1A",
        "firmware": [1, 31],
        "battery": 7800,
        "files": [["Demo.rxe", 14], ["mine.rxe", len(PROGRAM)]],
        "read": PROGRAM.hex(),
        "sensor": ["LIGHT_ACTIVE", "PERCENT"],
        "angle": 0,
        "running": "mine.rxe",
        "message": "42\0",
    }
    assert (brick.inboxes, brick.running, "mine.rxe" in brick.files.files) == ({1: [b"go\0"]}, None, False)
