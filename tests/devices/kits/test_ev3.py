"""An EV3: who it is, what it measures, its mail, and programs that arrive whole or not at all."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.clock import MonotonicClock
from devices.driver import Alert, Cleared, Console, Host, Remember, Reopen, Say, Told
from devices.errors import ProtocolError, UploadError
from devices.kits.ev3.assembler import assemble
from devices.kits.ev3.driver import Ev3Driver
from devices.kits.ev3.emulator import Ev3Emulator
from devices.kits.ev3.ports import Plugged
from devices.kits.ev3.upload import Cargo, prepare, upload
from devices.kits.ev3.wifi import BrickInWifi
from devices.protocols import ev3_bytecode as bytecode
from devices.protocols.ev3 import Status
from devices.session import Session
from devices.transports.byte_pipe import Chunk
from devices.transports.tcp_port import UNLOCKS, TcpPort
from devices.uploads import Program
from tests.devices.kits.lego_bench import HOST, Bench, Uploading
from tests.devices.waiting import until
from tests.peers.lego import session
from tests.peers.parts import free_port

SAMPLES = Path(__file__).parents[3] / "firmware_samples/ev3"
PROGRAM = bytecode.image(bytes(range(256)) * 12 + b"\x0a")
CARGO = Cargo("../prjs/follower", "follower.rbf", PROGRAM, run=True)
PATH = "prjs/follower/follower.rbf"


def bench(host: Host = HOST) -> Bench:
    return Bench(Ev3Emulator, Ev3Driver(host))


def test_a_brick_is_known_by_its_address_and_tells_what_is_plugged_in():
    brick = bench().run()
    assert brick.device == brick.brick.device == "ev3-5340e2ab"
    assert brick.told() == {
        "firmware/version": "V1.09H",
        "firmware/name": "EV3",
        "ports/1": '{"device": "touch", "mode": 0}',
        "ports/2": '{"device": "color", "mode": 0}',
        "ports/3": '{"device": "ultrasonic", "mode": 0}',
        "ports/4": '{"device": null}',
        "ports/a": '{"device": "large-motor", "mode": 0}',
        "ports/b": '{"device": "large-motor", "mode": 0}',
        "ports/c": '{"device": "medium-motor", "mode": 0}',
        "ports/d": '{"device": null}',
        "program/running": "false",
        "battery/voltage": "7.60",
        "battery/percent": "72",
    }


def test_sensors_and_motors_are_measured_with_their_units():
    brick = bench().run()
    units = {key: unit for key, (_, unit) in brick.measured().items()}
    assert units == {
        "sensor-1-pressed": "",
        "sensor-2-reflection": "%",
        "sensor-3-distance": "cm",
        "motor-a-angle": "°",
        "motor-b-angle": "°",
        "motor-c-angle": "°",
    }
    brick.brick.machine.powers, brick.brick.machine.powered = [20, 0, 0, 0], [True, False, False, False]
    brick.run()
    assert brick.measured()["motor-a-angle"][0] > 100


def test_measurements_come_ten_times_a_second_and_no_faster():
    brick = bench().run()
    before = len(brick.heard)
    brick.run(10_000_000)
    assert 100 <= len(brick.heard) - before <= 125


def test_a_sensor_that_is_plugged_in_later_is_told_and_measured():
    brick = bench().run()
    brick.brick.machine.plugged[3] = Plugged(32, 1)
    brick.run(1_500_000)
    assert brick.told()["ports/4"] == '{"device": "gyro", "mode": 1}'
    assert brick.measured()["sensor-4-turn-rate"][1] == "°/s"


def test_a_battery_that_runs_low_is_an_alert_until_it_is_charged():
    brick = bench().run()
    brick.brick.machine.percent = 9
    brick.run(10_000_000)
    brick.brick.machine.percent = 80
    brick.run(10_500_000)
    alerts = [one for one in brick.said if isinstance(one, Alert | Cleared)]
    assert alerts == [Alert("battery", "battery_low", {"percent": 9}), Cleared("battery")]


def test_programs_are_started_by_name_by_path_or_as_the_last_one_uploaded():
    brick = bench(Host("room", "0badcafe", {"program": "../prjs/follower/follower.rbf"}))
    brick.brick.files.files |= {PATH: PROGRAM, "prjs/log/log.rbf": PROGRAM}
    brick.run()
    brick.command("program", "run", "")
    brick.run()
    assert (brick.brick.machine.running, brick.told()["program/running"]) == (f"../{PATH}", "true")
    brick.command("program", "stop", "true")
    brick.run()
    assert (brick.brick.machine.running, brick.told()["program/running"]) == (None, "false")
    brick.command("program", "run", "log.rbf")
    brick.run()
    assert brick.brick.machine.running == "../prjs/log/log.rbf"


def test_a_program_that_is_not_there_is_a_warning():
    brick = bench().run()
    brick.command("program", "run", "nothing")
    brick.run()
    assert Console("warn", "the brick refuses: run ../prjs/nothing/nothing.rbf") in brick.said


def test_a_brick_beeps_so_that_a_child_finds_it():
    brick = bench().run()
    brick.command("board", "identify", "true")
    brick.run()
    assert brick.brick.machine.tones == [(880, 600)]


def test_mail_goes_both_ways_and_numbers_are_plotted():
    brick = bench().run()
    brick.command("mailbox", "send", '{"box": "go", "value": true}')
    brick.command("mailbox", "send", '{"box": "speed", "value": 40}')
    assert brick.brick.mailboxes == {"go": b"\x01", "speed": b"\x00\x00 B"}
    brick.brick.send_mail("state", "turning")
    brick.listen()
    assert json.loads(brick.told()["mailbox/received"]) == {"box": "state", "value": "turning"}
    brick.brick.send_mail("temp", 23.5)
    brick.brick.send_mail("log", "light:41,distance:7")
    brick.listen()
    assert [brick.measured()[key][0] for key in ("temp", "light", "distance")] == [23.5, 41.0, 7.0]


@pytest.mark.parametrize(
    ("node", "key", "payload"),
    [
        ("program", "run", ""),
        ("program", "run", "a\nb"),
        ("mailbox", "send", "{"),
        ("mailbox", "send", '{"box": "", "value": 1}'),
        ("mailbox", "send", '{"box": "x", "value": [1]}'),
        ("mailbox", "send", '{"box": "x", "value": 1e300}'),
        ("mailbox", "send", json.dumps({"box": "x", "value": "y" * 300})),
        ("motor", "a", "100"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(node, key, payload):
    brick = bench().run()
    with pytest.raises(ProtocolError, match="bad_command"):
        brick.command(node, key, payload)


def test_a_lost_or_wrong_byte_costs_one_answer_and_no_more():
    brick = bench().run()
    for spoil in (brick.brick.lose_byte, brick.brick.corrupt_byte):
        for place in range(9):
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
    brick.run(12_000_000)
    assert Reopen("board_silent") in brick.said


def test_a_wrong_byte_in_the_address_makes_no_other_brick():
    brick = Bench(Ev3Emulator, Ev3Driver(HOST))
    for place in range(5, 30):
        brick.driver.opened(brick.clock.now_us())
        brick.brick.corrupt_byte(place)
        brick.run(3_000_000)
    assert {brick.device} == {"ev3-5340e2ab"}


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_noise_on_the_line_never_fails(chunks):
    driver = Ev3Driver(HOST)
    driver.opened(0)
    for at, chunk in enumerate(chunks):
        driver.received(Chunk(chunk, at))
        driver.tick(at * 3_000_000)


# Programs


def test_a_program_is_written_compared_and_started():
    uploading = Uploading(Ev3Emulator)
    uploading.run(upload, CARGO)
    assert uploading.brick.files.files[PATH] == PROGRAM
    assert uploading.brick.machine.running == f"../{PATH}"
    assert uploading.stages == ["syncing", "stopping", "writing", "verifying", "starting"]
    assert Remember("program", f"../{PATH}") in uploading.steps


@pytest.mark.parametrize("size", [1, 1016, 1017, 1018, 2034, 40_000])
def test_a_file_of_any_size_arrives_whole(size):
    uploading = Uploading(Ev3Emulator)
    uploading.run(upload, Cargo("../prjs/a", "a.txt", bytes(size), run=False))
    assert uploading.brick.files.files["prjs/a/a.txt"] == bytes(size)
    assert uploading.stages == ["syncing", "writing", "verifying"]


def test_a_cancelled_upload_leaves_no_torn_program_at_any_word():
    for word in range(1, 9):
        uploading = Uploading(Ev3Emulator)
        with pytest.raises(UploadError, match="cancelled"):
            uploading.run(upload, CARGO, cancel_at=word)
        assert PATH not in uploading.brick.files.files
        assert uploading.brick.files.open_handles == 0
        uploading.run(upload, CARGO)
        assert uploading.brick.files.files[PATH] == PROGRAM


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.NO_PERMISSION, "device_refused(status=no permission)"),
        (Status.NO_HANDLES_AVAILABLE, "device_refused(status=too many open files)"),
        (Status.ILLEGAL_FILENAME, "device_refused(status=wrong file name)"),
        (Status.SIZE_ERROR, "storage_full(free=4194304)"),
    ],
)
def test_what_the_brick_refuses_is_told_in_words(status, code):
    uploading = Uploading(Ev3Emulator)
    uploading.brick.refuse(status)
    with pytest.raises(UploadError) as caught:
        uploading.run(upload, CARGO)
    assert str(caught.value) == code


def test_a_folder_that_cannot_be_made_by_itself_is_made_first():
    uploading = Uploading(Ev3Emulator)
    uploading.brick.refuse(Status.ILLEGAL_PATH)
    uploading.run(upload, CARGO)
    assert uploading.brick.files.files[PATH] == PROGRAM


def test_a_full_brick_says_so_and_keeps_what_it_has():
    uploading = Uploading(Ev3Emulator)
    uploading.brick.files.files[PATH] = b"LEGO of yesterday"
    uploading.brick.files.free_bytes = 302_000
    with pytest.raises(UploadError, match="storage_full"):
        uploading.run(upload, CARGO)
    assert uploading.brick.files.files[PATH] == b"LEGO of yesterday"


def test_a_file_that_the_brick_has_spoiled_is_not_started():
    uploading = Uploading(Ev3Emulator)
    taken = uploading.brick.files._continue_download
    uploading.brick.files._continue_download = lambda handle, data: taken(handle, bytes(len(data)))
    with pytest.raises(UploadError, match="verify_failed"):
        uploading.run(upload, CARGO)
    assert (uploading.brick.machine.running, PATH in uploading.brick.files.files) == (None, False)


def test_a_silent_brick_fails_the_upload_with_its_port():
    uploading = Uploading(Ev3Emulator)
    uploading.brick.mute = True
    with pytest.raises(UploadError) as caught:
        uploading.run(upload, CARGO)
    assert str(caught.value) == "board_silent(port=/dev/rfcomm0)"


def test_a_file_finds_its_place_by_its_name():
    assert prepare(Program("Сызық follower.RBF", PROGRAM)) == CARGO
    assert prepare(Program("горка.rsf", b"x")) == Cargo("../prjs/program", "program.rsf", b"x", run=False)
    assert len(prepare(Program("x" * 99 + ".rbf", PROGRAM)).name) == 31


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.rbf", b"", "program_empty"),
        ("a.rbf", b"#!/usr/bin/python", "program_damaged"),
        ("a.rbf", PROGRAM[:-1], "program_torn"),
    ],
)
def test_a_file_that_is_no_program_is_refused_before_the_brick_is_touched(name, data, code):
    with pytest.raises(UploadError, match=code):
        prepare(Program(name, data))


@pytest.mark.parametrize("sample", ["line_follower", "sensor_log"])
def test_the_samples_are_assembled_and_started(sample):
    cargo = prepare(Program(f"{sample}.lms", (SAMPLES / f"{sample}.lms").read_bytes()))
    assert bytecode.image_bytes(cargo.data) == len(cargo.data)
    uploading = Uploading(Ev3Emulator)
    uploading.run(upload, cargo)
    assert uploading.brick.machine.running == f"../prjs/{sample}/{sample}.rbf"


def test_a_source_makes_the_program_that_ev3duder_makes():
    """Vector: ev3duder's `mkrbf`, the same five instructions."""
    source = """
    vmthread MAIN  // one thread
    {
      DATA32 Timer
      DATA32 Status
      SYSTEM('ls',Status)
      TIMER_WAIT(1000,Timer)
      TIMER_READY(Timer)
    }
    """
    code = b"\x60\x80ls\0\x44\x85\x82\xe8\x03\x40\x86\x40\x0a"
    assert assemble(source) == bytecode.image(code, local_bytes=8)


def test_jumps_lead_from_their_own_end_to_their_label():
    body = "vmthread M\n{\nDATAS Text 3\nDATA16 N\nAgain:\nSUB16(N,1,N)\nJR_GT16(N,0,Again)\nJR(End)\nEnd:\n}"
    code = bytes.fromhex("15 44 01 44  69 44 00 82f6ff  40 820000  0a")
    assert assemble(body) == bytecode.image(code, local_bytes=6)


@pytest.mark.parametrize(
    ("body", "problem", "line"),
    [
        ("DATA8 x", "only one vmthread is possible here", 1),
        ("vmthread M\n{\nFLY(1)\n}", "not understood: FLY(1)", 3),
        ("vmthread M\n{\nTIMER_READY(t)\n}", "not understood: t", 3),
        ("vmthread M\n{\nJR(Home)\n}", "unknown label Home", 3),
        ("vmthread M\n{\nDATA8 a\nDATA8 a\n}", "no place for the variable a", 4),
        ("vmthread M\n{\nDATAS a 900\n}", "no place for the variable a", 3),
        ("vmthread M\n{", "the last } is missing", 2),
    ],
)
def test_a_mistake_in_a_source_is_told_with_its_line(body, problem, line):
    with pytest.raises(UploadError) as caught:
        prepare(Program("a.lms", body.encode()))
    assert caught.value.params == {"problem": problem, "line": line}


@given(st.text(alphabet="vmthread M{}\n(),'0123456789F-DATA8 x:JR/", max_size=200))
def test_any_text_is_a_program_or_a_mistake(text):
    with contextlib.suppress(UploadError):
        assemble(f"vmthread M\n{{\n{text}\n}}")


# The Wi-Fi, and a program that we did not write


async def test_our_driver_and_an_upload_over_loopback_wifi():
    brick = Ev3Emulator()
    wifi = BrickInWifi(brick, port=free_port())
    await wifi.start()
    pipe = TcpPort(f"tcp:127.0.0.1:{wifi.port}", MonotonicClock(), UNLOCKS["ev3"])
    said: list[object] = []
    lab = Session(
        pipe,
        [Ev3Driver(HOST)],
        MonotonicClock(),
        on_output=lambda _, output: said.append(output),
        on_link=lambda _: None,
    )
    running = asyncio.create_task(lab.run())
    try:
        await until(lambda: lab.linked and len(said) > 20)
        await lab.converse(lambda heard: upload(CARGO, heard, HOST), lambda _: None, reopens=False)
        assert brick.files.files[PATH] == PROGRAM
        said.clear()
        await until(lambda: Told("program", "running", "true") in said)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await wifi.stop()


@pytest.mark.peer
async def test_ev3_dc_puts_a_file_onto_the_emulated_brick_and_reads_its_sensors():
    brick = Ev3Emulator()
    brick.machine.name = "Robo7"
    wifi = BrickInWifi(brick)
    await wifi.start()
    try:
        told = await session("ev3_dc", "ev3_session.py", "../prjs/dc/dc.rbf", PROGRAM.hex())
    finally:
        await wifi.stop()
    size, md5 = len(PROGRAM), told["listed"][1][0][2]
    assert 0.2 <= told.pop("distance") <= 1.0
    assert isinstance(told.pop("touched"), bool)
    assert told == {
        "battery": [7.6, 72],
        "name": "Robo7",
        "firmware": "V1.09H",
        "sensors": [16, 29, 30, None, 7, 7, 8, None],
        "free": (4 * 1024 * 1024 - size) // 1024,
        "listed": [[".", ".."], [["dc.rbf", size, md5]]],
        "read": PROGRAM.hex(),
        "left": [[".", ".."], []],
    }


def test_words_to_the_brick_are_never_longer_than_its_buffer():
    uploading = Uploading(Ev3Emulator)
    heard: list[int] = []
    take = uploading.brick.heard
    uploading.brick.heard = lambda data: (heard.append(len(Say(data).data)), take(data))
    uploading.run(upload, CARGO)
    assert max(heard) == 1024
