"""An NXT: who it is, what it measures, its messages, NXC compiled by nbc, and programs that arrive whole."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.clock import MonotonicClock
from devices.driver import Alert, Cleared, Console, Host, Remember, Reopen, Told
from devices.errors import ProtocolError, UploadError
from devices.kits.nxt import compiler
from devices.kits.nxt.driver import NxtDriver
from devices.kits.nxt.emulator import NxtEmulator
from devices.kits.nxt.upload import MAGIC, Cargo, prepare, upload
from devices.protocols.nxt import Status
from devices.session import Session
from devices.transports.byte_pipe import Chunk
from devices.transports.serial_port import SerialPort
from devices.uploads import Program
from tests.devices.kits.lego_bench import HOST, Bench, Uploading
from tests.devices.waiting import until
from tests.peers.lego import session
from tests.peers.parts import require_program

SAMPLES = Path(__file__).parents[3] / "firmware_samples/nxt"
PROGRAM = MAGIC + bytes(range(256)) * 4
CARGO = Cargo("follower.rxe", PROGRAM, run=True)


def bench(host: Host = HOST) -> Bench:
    return Bench(NxtEmulator, NxtDriver(host))


def test_a_brick_is_known_by_its_address_and_tells_what_its_program_has_set():
    brick = bench().run()
    assert brick.device == brick.brick.device == "nxt-53045c1a"
    assert brick.told() == {
        "firmware/name": "NXT",
        "firmware/version": "1.31",
        "program/running": "false",
        "battery/voltage": "7.80",
        "battery/percent": "52",
        "ports/1": '{"device": "touch", "mode": 1}',
        "ports/2": '{"device": "sound", "mode": 4}',
        "ports/3": '{"device": "light", "mode": 4}',
        "ports/4": '{"device": null}',
    }


def test_sensors_and_motors_are_measured_with_their_units():
    brick = bench().run()
    assert {key: unit for key, (_, unit) in brick.measured().items()} == {
        "sensor-1-pressed": "",
        "sensor-2-percent": "%",
        "sensor-3-percent": "%",
        "motor-a-angle": "°",
        "motor-b-angle": "°",
        "motor-c-angle": "°",
    }
    brick.brick.powers[1] = -50
    brick.run()
    assert brick.measured()["motor-b-angle"][0] < -300


def test_a_round_of_measurements_comes_five_times_a_second_and_no_faster():
    brick = bench().run()
    before = len(brick.heard)
    brick.run(10_000_000)
    assert 340 <= len(brick.heard) - before <= 400


def test_a_brick_is_kept_awake():
    assert bench().run(130_000_000).brick.kept_awake == 3


def test_a_battery_that_runs_low_is_an_alert_until_it_is_charged():
    brick = bench().run()
    brick.brick.millivolts = 6700
    brick.run(10_000_000)
    brick.brick.millivolts = 8400
    brick.run(10_500_000)
    alerts = [one for one in brick.said if isinstance(one, Alert | Cleared)]
    assert alerts == [Alert("battery", "battery_low", {"percent": 8}), Cleared("battery")]


def test_programs_are_started_by_name_or_as_the_last_one_uploaded():
    brick = bench(Host("room", "0badcafe", {"program": "follower.rxe"}))
    brick.brick.files.files["follower.rxe"] = PROGRAM
    brick.run()
    brick.command("program", "run", "")
    brick.run()
    assert (brick.brick.running, brick.told()["program/running"]) == ("follower.rxe", "true")
    brick.command("program", "stop", "true")
    brick.run()
    assert (brick.brick.running, brick.told()["program/running"]) == (None, "false")
    brick.command("program", "run", "Demo")
    brick.run()
    assert brick.brick.running == "Demo.rxe"


def test_what_the_brick_refuses_is_a_warning_in_words():
    brick = bench().run()
    brick.command("program", "stop", "true")
    brick.run()
    assert Console("warn", "the brick refuses: stop: no program is running") in brick.said


def test_messages_go_both_ways_and_numbers_are_plotted():
    brick = bench().run()
    brick.command("program", "run", "Demo")
    brick.run()
    brick.command("mailbox", "send", '{"box": 1, "value": "go"}')
    brick.command("mailbox", "send", '{"box": 2, "value": 40}')
    brick.brick.send_message(3, "light:41,distance:7")
    brick.run(3_000_000)
    assert brick.brick.inboxes == {1: [b"go\0"], 2: [b"40\0"]}
    assert json.loads(brick.told()["mailbox/received"]) == {"box": 3, "value": "light:41,distance:7"}
    assert [brick.measured()[key][0] for key in ("light", "distance")] == [41.0, 7.0]


def test_a_beep_tells_which_brick_it_is():
    brick = bench().run()
    brick.command("board", "identify", "true")
    brick.run()
    assert brick.brick.tones == [(880, 600)]


@pytest.mark.parametrize(
    ("node", "key", "payload"),
    [
        ("program", "run", ""),
        ("program", "run", "a name that is far too long"),
        ("program", "run", "сызық"),
        ("mailbox", "send", "[]"),
        ("mailbox", "send", '{"box": 0, "value": "x"}'),
        ("mailbox", "send", '{"box": 11, "value": "x"}'),
        ("mailbox", "send", json.dumps({"box": 1, "value": "y" * 59})),
        ("motor", "a", "100"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(node, key, payload):
    brick = bench().run()
    with pytest.raises(ProtocolError, match="bad_command"):
        brick.command(node, key, payload)


def test_a_lost_or_wrong_byte_costs_an_answer_and_no_more():
    brick = bench().run()
    for spoil in (brick.brick.lose_byte, brick.brick.corrupt_byte):
        for place in range(6):
            spoil(place)
            brick.run(3_000_000)
            brick.said.clear()
            brick.run(1_000_000)
            assert len(brick.measured()) == 6


def test_a_flood_of_what_nobody_asked_for_is_passed_over():
    brick = bench().run()
    brick.brick.flood(1000)
    brick.said.clear()
    brick.run()
    assert len(brick.measured()) == 6


def test_a_silent_brick_is_opened_anew():
    brick = bench().run()
    brick.brick.mute = True
    assert Reopen("board_silent") in brick.run(12_000_000).said


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_noise_on_the_line_never_fails(chunks):
    driver = NxtDriver(HOST)
    driver.opened(0)
    for at, chunk in enumerate(chunks):
        driver.received(Chunk(chunk, at))
        driver.tick(at * 3_000_000)


# Programs


def test_a_program_replaces_the_one_of_its_name_and_is_started():
    uploading = Uploading(NxtEmulator)
    uploading.brick.files.files["follower.rxe"] = b"MindstormsNXT of yesterday"
    uploading.brick.running = "follower.rxe"
    uploading.run(upload, CARGO)
    assert uploading.brick.files.files["follower.rxe"] == PROGRAM
    assert (uploading.brick.running, uploading.brick.files.open_handles) == ("follower.rxe", 0)
    assert uploading.stages == ["syncing", "stopping", "erasing", "writing", "verifying", "starting"]
    assert Remember("program", "follower.rxe") in uploading.steps


@pytest.mark.parametrize("size", [1, 117, 118, 119, 236, 20_000])
def test_a_file_of_any_size_arrives_whole(size):
    uploading = Uploading(NxtEmulator)
    uploading.run(upload, Cargo("beep.rso", bytes(size), run=False))
    assert uploading.brick.files.files["beep.rso"] == bytes(size)


def test_a_cancelled_upload_leaves_no_torn_program_at_any_word():
    words = 3 + 1 + -(-len(PROGRAM) // 118) + 3
    for word in range(1, words + 1):
        uploading = Uploading(NxtEmulator)
        with pytest.raises(UploadError, match="cancelled"):
            uploading.run(upload, CARGO, cancel_at=word)
        assert "follower.rxe" not in uploading.brick.files.files
        uploading.run(upload, CARGO)
        assert uploading.brick.files.files["follower.rxe"] == PROGRAM


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.FILE_BUSY, "device_refused(status=file in use)"),
        (Status.ILLEGAL_FILENAME, "device_refused(status=wrong file name)"),
        (Status.OUT_OF_RANGE, "device_refused(status=error 0xc0)"),
    ],
)
def test_what_the_brick_refuses_is_told_in_words(status, code):
    uploading = Uploading(NxtEmulator)
    uploading.brick.refuse(status)
    with pytest.raises(UploadError) as caught:
        uploading.run(upload, CARGO)
    assert str(caught.value) == code


def test_files_that_somebody_left_open_are_closed_when_there_are_too_many():
    uploading = Uploading(NxtEmulator)
    while uploading.brick.files._open_read("Demo.rxe")[0] == Status.SUCCESS:
        pass
    uploading.run(upload, CARGO)
    assert uploading.brick.files.files["follower.rxe"] == PROGRAM


def test_a_full_brick_says_how_much_is_free():
    uploading = Uploading(NxtEmulator)
    uploading.brick.files.free_bytes = 500
    with pytest.raises(UploadError) as caught:
        uploading.run(upload, CARGO)
    assert str(caught.value) == "storage_full(free=500)"


def test_a_silent_brick_fails_the_upload_with_its_port():
    uploading = Uploading(NxtEmulator)
    uploading.brick.mute = True
    with pytest.raises(UploadError) as caught:
        uploading.run(upload, CARGO)
    assert str(caught.value) == "board_silent(port=/dev/rfcomm0)"


def test_a_file_gets_a_name_that_the_brick_can_write():
    assert prepare(Program("Follower of lines 3.RXE", PROGRAM)).name == "Follower_of_lin.rxe"
    assert prepare(Program("сызық.rso", b"x")) == Cargo("program.rso", b"x", run=False)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [("a.rxe", b"", "program_empty"), ("a.rxe", b"LEGO", "program_damaged"), ("a.nxc", b"", "program_empty")],
)
def test_a_file_that_is_no_program_is_refused_before_the_brick_is_touched(name, data, code):
    with pytest.raises(UploadError, match=code):
        prepare(Program(name, data))


async def test_our_driver_and_an_upload_on_a_pseudo_terminal(tmp_path):
    brick = NxtEmulator()
    server = brick.serve(tmp_path / "rfcomm0")
    said: list[object] = []
    lab = Session(
        SerialPort(server.path, 115200, MonotonicClock()),
        [NxtDriver(HOST)],
        MonotonicClock(),
        on_output=lambda _, output: said.append(output),
        on_link=lambda _: None,
    )
    running = asyncio.create_task(lab.run())
    try:
        await until(lambda: lab.linked and len(said) > 20)
        await lab.converse(lambda heard: upload(CARGO, heard, HOST), lambda _: None, reopens=False)
        assert brick.files.files["follower.rxe"] == PROGRAM
        said.clear()
        await until(lambda: Told("program", "running", "true") in said)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.unplug()


# The compiler and a program that we did not write


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
