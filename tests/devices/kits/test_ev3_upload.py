"""Programs for an EV3, which arrive whole or not at all, and their assembler."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Remember, Say
from devices.errors import UploadError
from devices.kits.ev3.assembler import assemble
from devices.kits.ev3.emulator import Ev3Emulator
from devices.kits.ev3.upload import Cargo, prepare, upload
from devices.protocols import ev3_bytecode as bytecode
from devices.protocols.ev3 import Status
from devices.uploads import Program
from tests.devices.kits.ev3_bench import CARGO, PATH, PROGRAM
from tests.devices.kits.lego_bench import Uploading

SAMPLES = Path(__file__).parents[3] / "firmware_samples/ev3"


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
        ("a.rbf", PROGRAM[:-1], "program_damaged"),
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


def test_words_to_the_brick_are_never_longer_than_its_buffer():
    uploading = Uploading(Ev3Emulator)
    heard: list[int] = []
    take = uploading.brick.heard
    uploading.brick.heard = lambda data: (heard.append(len(Say(data).data)), take(data))
    uploading.run(upload, CARGO)
    assert max(heard) == 1024
