"""A program on its way onto an emulated Uno or Nano: every fault has its name, and the board stays usable."""

import asyncio

import pytest

from devices.clock import MonotonicClock
from devices.driver import Host
from devices.errors import DeviceError, UploadError
from devices.kits.arduino_uno.driver import ArduinoDriver
from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.kits.arduino_uno.upload import UNO_BYTES, prepare, upload
from devices.transports.memory import MemoryPipe
from devices.uploads import Program
from lab_controller.clock import ManualClock
from tests.devices.kits.uno_bench import UploadBench, image, program
from tests.devices.test_session import serving
from tests.devices.waiting import until
from tests.intel_hex import format_intel_hex

PAGES = 12
DATA = program(PAGES * 128 - 40)
STAGES = ["resetting", "syncing", "writing", "verifying", "starting"]


def bench(host: Host | None = None, **board) -> UploadBench:
    clock = ManualClock(1_000_000_000)
    return UploadBench(UnoEmulator(clock, **board), clock, host)


def flashed(line: UploadBench, data: bytes = DATA) -> bool:
    return bytes(line.board.flash.cells[: len(data)]) == data


def failure(line: UploadBench, data: bytes = DATA) -> tuple[str, dict]:
    error = line.run(image(data)).error
    assert error is not None
    return error.code, dict(error.params)


def test_a_program_is_written_read_back_and_started():
    line = bench()
    assert line.run(image(DATA)).error is None
    assert flashed(line)
    assert line.stages == STAGES
    assert line.notes == {"upload_baud": "115200"}
    assert not line.board.in_boot_loader


def test_an_old_boot_loader_is_found_at_57600_and_remembered():
    line = bench(old_bootloader=True)
    assert line.run(image(DATA)).error is None
    assert (flashed(line), line.bauds, line.notes) == (True, [115200, 57600], {"upload_baud": "57600"})


def test_what_was_remembered_is_tried_first():
    line = bench(Host("room", "0badcafe", {"upload_baud": "57600"}), old_bootloader=True)
    assert line.run(image(DATA)).error is None
    assert (line.bauds, line.notes) == ([57600], {})


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("deaf_us", [100_000, 300_000, 440_000])
def test_a_boot_loader_that_blinks_first_is_not_confused_by_impatience(deaf_us: int, old: bool):
    line = bench(deaf_us=deaf_us, old_bootloader=old)
    assert line.run(image(DATA)).error is None
    assert (flashed(line), line.bauds) == (True, [115200, 57600] if old else [115200])


def test_places_that_the_file_leaves_open_are_not_touched():
    line = bench()
    line.board.flash.cells[512:640] = b"\x55" * 128
    halves = format_intel_hex(DATA[:100])[:-13] + format_intel_hex(DATA[:100], 1024)
    line.run(prepare(Program("a.hex", halves)))
    assert line.board.flash.pages_written == 2
    assert bytes(line.board.flash.cells[512:640]) == b"\x55" * 128


@pytest.mark.parametrize("sketch_baud", [115200, 57600, 9600, 38400])
def test_a_board_that_does_not_restart_is_told_by_what_its_sketch_says(sketch_baud: int):
    host = Host("room", "0badcafe", {"sketch_baud": str(sketch_baud)}, "/dev/ttyUSB0")
    code, params = failure(bench(host, resets_on_open=False, sketch_baud=sketch_baud))
    assert code == "sketch_answers"
    assert params["said"].startswith("light:")


def test_a_board_that_says_nothing_is_told_so():
    line = bench()
    line.board.mute = True
    line.board.flash.cells[:2] = b"\xff\xff"
    assert failure(line) == ("board_silent", {"port": "/dev/ttyUSB0"})


def test_another_chip_is_refused_before_anything_is_written():
    line = bench(signature=bytes((0x1E, 0x98, 0x01)))
    assert failure(line) == ("wrong_board", {"found": "ATmega2560", "expected": "ATmega328P"})
    assert line.board.flash.pages_written == 0


def test_a_flash_bit_that_is_stuck_is_told_with_its_address():
    line = bench()
    line.board.flash.stuck[130] = 0xFF
    assert failure(line) == ("verify_failed", {"address": "0x0082"})


@pytest.mark.parametrize("answer", range(6 + 4 * PAGES))
@pytest.mark.parametrize("fault", ["lose_byte", "corrupt_byte"])
def test_a_byte_lost_or_changed_in_any_answer_costs_a_restart_and_not_the_upload(answer: int, fault: str):
    line = bench()
    getattr(line.board, fault)(after=answer)
    assert line.run(image(DATA)).error is None
    assert flashed(line)


def test_a_line_that_loses_bytes_again_and_again_is_given_up():
    line = bench()
    for after in range(3, 200, 3):
        line.board.lose_byte(after=after)
    assert failure(line)[0] == "write_failed"


@pytest.mark.parametrize("page", range(PAGES + 1))
def test_a_cable_pulled_at_any_page_leaves_a_board_that_takes_the_next_upload(page: int):
    line = bench()
    line.board.after_page = lambda written: line.pull() if written == page else None
    pulled = line.run(image(DATA))
    assert (pulled.ended, line.board.flash.pages_written) == (False, page)
    pulled.close()
    line.board.vanish()
    line.board.after_page = None
    again = UploadBench(line.board, line.clock)
    assert again.run(image(DATA)).error is None
    assert flashed(again)


@pytest.mark.parametrize("stage", STAGES)
def test_a_cancelled_upload_leaves_a_board_that_takes_the_next(stage: str):
    line = bench()
    cancelled = line.run(image(DATA), cancel_at=stage)
    assert cancelled.ended
    assert cancelled.error is None or cancelled.error.code == "cancelled"
    assert UploadBench(line.board, line.clock).run(image(DATA)).error is None
    assert flashed(line)


@pytest.mark.parametrize(
    ("usb", "old", "size", "limit"),
    [
        ((0x2341, 0x0043), False, 32256, None),
        ((0x1A86, 0x7523), False, 30720, None),
        ((0x1A86, 0x7523), False, 30721, 30720),
        ((0x2341, 0x0043), True, 30721, 30720),
        (None, False, 32256, 30720),
    ],
)
def test_a_program_that_would_take_the_place_of_the_boot_loader_is_refused(usb, old, size, limit):
    line = bench(Host("room", "0badcafe", {}, "/dev/ttyUSB0", usb), old_bootloader=old)
    error = line.run(image(program(size))).error
    told = (error.code, dict(error.params)) if error else None
    assert told == (("program_too_big", {"size": size, "limit": limit}) if limit else None)
    assert (line.board.flash.pages_written == 0) == bool(limit)


@pytest.mark.parametrize(
    ("data", "code", "params"),
    [
        (b"", "program_empty", {"name": "a.hex"}),
        (b":00000001FF\n", "program_empty", {"name": "a.hex"}),
        (b":0100000001FE\nGIF89a\n", "program_damaged", {"name": "a.hex", "line": 2, "problem": "no_colon"}),
        (
            format_intel_hex(bytes(UNO_BYTES + 1)),
            "program_too_big",
            {"size": UNO_BYTES + 1, "limit": UNO_BYTES},
        ),
    ],
)
def test_a_file_that_is_no_program_is_refused_with_what_is_wrong(data: bytes, code: str, params: dict):
    with pytest.raises(UploadError) as caught:
        prepare(Program("a.hex", data))
    assert (caught.value.code, dict(caught.value.params)) == (code, params)


async def upload_and_pull(page: int) -> tuple[str, bool]:
    """What a person is told whose cable comes out at this page, and whether the next upload works."""
    clock, board = MonotonicClock(), UnoEmulator(period_us=5_000)
    pipe = MemoryPipe(f"port{page}", board, clock)
    host = Host("room", f"{page:08x}", {}, pipe.name)
    board.after_page = lambda written: pipe.unplug() if written == page else None
    async with serving(pipe, ArduinoDriver(host)) as session:
        await until(lambda: session.linked, 15)
        with pytest.raises(DeviceError) as caught:
            await session.converse(lambda heard: upload(image(DATA), heard, host), lambda _: None)
        await until(lambda: not session.linked)
        board.after_page = None
        board.vanish()
        pipe.plug()
        await until(lambda: session.linked, 15)
        await session.converse(lambda heard: upload(image(DATA), heard, host), lambda _: None)
    return f"{caught.value}", bytes(board.flash.cells[: len(DATA)]) == DATA


@pytest.mark.slow
async def test_thirteen_cables_pulled_at_thirteen_pages_are_told_and_all_boards_take_the_next_program():
    told = await asyncio.gather(*(upload_and_pull(page) for page in range(PAGES + 1)))
    assert told == [(f"cable_pulled(port=port{page})", True) for page in range(PAGES + 1)]
