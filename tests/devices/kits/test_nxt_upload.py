"""Programs for an NXT, which arrive whole or not at all."""

from pathlib import Path

import pytest

from devices.driver import Remember
from devices.errors import UploadError
from devices.kits.nxt.emulator import NxtEmulator
from devices.kits.nxt.upload import Cargo, prepare, upload
from devices.protocols.nxt import Status
from devices.uploads import Program
from tests.devices.kits.lego_bench import Uploading
from tests.devices.kits.nxt_bench import CARGO, PROGRAM

SAMPLES = Path(__file__).parents[3] / "firmware_samples/nxt"


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
