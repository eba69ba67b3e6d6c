"""Programs onto a board that is a real MicroPython: whole, run, refused, damaged on the way, given up."""

import asyncio

import pytest

from devices.driver import Say
from devices.errors import UploadError
from devices.kits.micropython import KIT
from devices.kits.micropython.emulator import MicroPythonEmulator
from devices.kits.micropython.repl import Repl
from devices.kits.micropython.source import check_syntax, clean_name
from devices.kits.micropython.upload import TEMPORARY
from devices.protocols.raw_repl import ENTER, FRIENDLY, INTERRUPT, RAW, RAW_PROMPT
from devices.talk import Pause, TalkRunner
from devices.uploads import Program
from tests.devices.kits.micropython_bench import plugged_in
from tests.devices.waiting import until

pytestmark = pytest.mark.peer

HELLO = 'print("сәлем", 6 * 7)\n'.encode()
LOOP = b'import time\nwhile True:\n    print("light:5")\n    time.sleep(0.02)\n'
BIG = b"".join(b"x%d = %d\n" % (number, number) for number in range(700))


def code_of(raised: pytest.ExceptionInfo[UploadError]) -> tuple[str, dict]:
    return raised.value.code, dict(raised.value.params)


@pytest.mark.parametrize("no_paste", [False, True], ids=["raw-paste", "old firmware"])
async def test_a_program_is_stored_byte_for_byte_and_runs(no_paste):
    board = MicroPythonEmulator()
    board.no_paste = no_paste
    async with plugged_in(board) as bench:
        await bench.upload("hello.py", HELLO + BIG[:3000])
        await until(lambda: "сәлем 42\r\n" in bench.printed)
        assert bench.stages == ["stopping", "syncing", "writing", "verifying", "starting"]
        assert await bench.read("hello.py") == HELLO + BIG[:3000]
        assert await bench.names() == ["hello.py"]


async def test_main_py_runs_now_and_after_each_reset():
    async with plugged_in() as bench:
        await bench.upload("main.py", LOOP)
        await until(lambda: bench.printed.count("light:5") > 3)
        assert bench.latest("program/running") != "false"
        bench.command("board/reset", "true")
        await until(lambda: "rst:0xc" in bench.printed)
        before = bench.printed.count("light:5")
        await until(lambda: bench.printed.count("light:5") > before + 3)


async def test_a_program_is_stored_without_being_run():
    async with plugged_in() as bench:
        await bench.upload("main.py", LOOP, run=False)
        assert bench.stages == ["stopping", "syncing", "writing", "verifying"]
        assert await bench.read("main.py") == LOOP
        assert "light" not in bench.printed


async def test_whatever_runs_is_stopped_first_however_much_it_prints():
    async with plugged_in() as bench:
        await bench.upload("main.py", b'while True:\n    print("0123456789" * 6)\n')
        await until(lambda: len(bench.printed) > 4000)
        await bench.upload("hello.py", HELLO)
        await until(lambda: "сәлем 42" in bench.printed)


def test_a_program_that_prints_faster_than_any_line_is_stopped_too():
    runner = TalkRunner(lambda heard: Repl(heard).enter("test"))
    runner.start(0)
    printed = b"0123456789" * 6 + b"\r\n"
    for now_us in range(0, 900_000, 5_000):
        runner.received(printed * 400, now_us)
    assert not runner.ended
    runner.received(printed + b"\r\n" + RAW_PROMPT, 900_000)
    assert (runner.ended, runner.error) == (True, None)


async def test_byte_code_is_imported(tmp_path):
    from mpy_cross_v6 import mpy_cross_compile

    _, compiled = mpy_cross_compile("blink.py", 'print("compiled", __name__)\n')
    async with plugged_in() as bench:
        await bench.upload("blink.mpy", compiled)
        await until(lambda: "compiled blink\r\n" in bench.printed)
        with pytest.raises(UploadError) as raised:
            await bench.upload("old.mpy", b"M\x05\x00\x1f" + compiled[4:])
        assert code_of(raised) == ("firmware_mismatch", {"found": "mpy 6", "needed": "mpy 5"})
        await bench.upload("blink.py", HELLO, run=False)
        with pytest.raises(UploadError) as raised:
            await bench.upload("blink.mpy", compiled)
        assert code_of(raised) == ("name_on_board", {"name": "blink.py"})


@pytest.mark.parametrize("fault", ["lose_byte", "corrupt_byte"])
@pytest.mark.parametrize("after", [700, 1501])
async def test_a_byte_that_is_lost_or_wrong_on_its_way_is_made_good(fault, after):
    async with plugged_in() as bench:
        getattr(bench.board, fault)(after)
        await bench.upload("hello.py", HELLO * 40, run=False)
        assert await bench.read("hello.py") == HELLO * 40


async def test_a_full_board_keeps_what_it_had():
    async with plugged_in(MicroPythonEmulator(flash_blocks=16)) as bench:
        await bench.upload("main.py", HELLO, run=False)
        for size in (7100, 60_000):  # the first passes the first look and fails on its way
            with pytest.raises(UploadError) as raised:
                await bench.upload("main.py", b"#" * size + b"\n")
            assert code_of(raised) == ("storage_full", {"typed": 'import os; os.remove("old.py")'})
        assert (await bench.names(), await bench.read("main.py")) == (["main.py"], HELLO)


async def test_a_cancelled_upload_leaves_the_old_program_and_a_usable_prompt():
    async with plugged_in() as bench:
        await bench.upload("main.py", HELLO, run=False)
        uploading = asyncio.create_task(bench.upload("main.py", BIG * 4))
        await until(lambda: bench.stages[-1] == "writing" and bench.board.heard_bytes > 6000)
        uploading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await uploading
        assert (await bench.names(), await bench.read("main.py")) == (["main.py"], HELLO)
        bench.command("console/send", "print(3*37)\n")
        await until(lambda: "111\r\n>>> " in bench.printed)


SLOW = b"""
import time
while True:
    try:
        print("drives")
        while True:
            time.sleep(0.05)
    except KeyboardInterrupt:
        began = time.time()
        while time.time() - began < 1:
            try:
                time.sleep(0.05)
            except KeyboardInterrupt:
                pass
        print("motors off")
        break
"""


async def test_an_upload_cancelled_while_a_slow_program_stops_leaves_a_usable_prompt():
    async with plugged_in() as bench:
        await bench.upload("main.py", SLOW)
        await until(lambda: "drives" in bench.printed)
        heard = bench.board.heard_bytes
        uploading = asyncio.create_task(bench.upload("main.py", HELLO))
        await until(lambda: bench.board.heard_bytes >= heard + len(ENTER + 2 * INTERRUPT + ENTER + RAW))
        uploading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await uploading
        await until(lambda: bench.latest("program/running") == "false")
        bench.command("console/send", "print(3*37)\n")
        await until(lambda: "111\r\n>>> " in bench.printed)
        bench.command("program/run", "main.py")
        await until(lambda: bench.printed.count("drives") == 2)


async def test_a_cable_pulled_in_the_middle_spoils_nothing_and_the_next_upload_works():
    async with plugged_in() as bench:
        await bench.upload("main.py", HELLO, run=False)
        uploading = asyncio.create_task(bench.upload("main.py", BIG * 4))
        await until(lambda: bench.stages[-1] == "writing" and bench.board.heard_bytes > 6000)
        bench.pipe.unplug()
        with pytest.raises(Exception, match="cable_pulled"):
            await uploading
        bench.pipe.plug()
        await until(lambda: bench.session.linked)
        assert await bench.read("main.py") == HELLO
        await bench.upload("main.py", BIG, run=False)
        assert (await bench.read("main.py"), await bench.names()) == (BIG, ["main.py"])


async def test_what_our_compiler_did_not_check_the_board_judges():
    async with plugged_in() as bench:
        assert KIT.uploads is not None
        broken = b"x = 1\nif x\n    pass\n"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("devices.kits.micropython.source.check_syntax", lambda _: False)
            with pytest.raises(UploadError) as raised:
                await bench.upload("main.py", broken)
            assert code_of(raised) == (
                "compile_failed",
                {"problem": "SyntaxError: invalid syntax", "line": 2},
            )
            assert TEMPORARY not in await bench.names()
            await bench.upload("main.py", HELLO)
        await until(lambda: "сәлем 42" in bench.printed)


async def test_a_board_that_cannot_be_interrupted_is_told_as_such():
    async with plugged_in() as bench:
        await bench.upload("main.py", LOOP)
        await until(lambda: "light:5" in bench.printed)
        bench.board.deaf_to_interrupts = True
        with pytest.raises(UploadError) as raised:
            await bench.upload("main.py", HELLO)
        assert code_of(raised) == ("sketch_answers", {"said": "light:5"})


def talk_to_nobody(*, cancel: bool = False) -> TalkRunner:
    from devices.kits.micropython.upload import upload
    from tests.devices.conformance import HOST

    assert KIT.uploads is not None
    source = KIT.uploads.prepare(Program("main.py", HELLO))
    runner = TalkRunner(lambda heard: upload(source, heard, HOST))
    said = runner.start(0)
    if cancel:
        said += runner.cancel(1)
    for now_us in range(0, 20_000_000, 100_000):
        said += runner.tick(now_us)
    assert said[-1] == Say(FRIENDLY)  # whatever hears it later finds its way back
    return runner


def test_silence_is_told_after_a_few_tries():
    runner = talk_to_nobody()
    assert runner.error is not None
    assert (runner.error.code, runner.ended) == ("board_silent", True)


def test_a_talk_is_cancelled_before_it_has_an_answer():
    runner = talk_to_nobody(cancel=True)
    assert runner.error is not None
    assert runner.error.code == "cancelled"
    assert not isinstance(runner._waiting, Pause)


@pytest.mark.parametrize(
    ("name", "data", "code", "params"),
    [
        ("a.py", b" \n", "program_empty", {"name": "a.py"}),
        ("a.py", b"x = 1\n\xff", "program_damaged", {"name": "a.py", "line": 2, "problem": "utf-8"}),
        ("a.mpy", b"PK\x03\x04", "program_damaged", {"name": "a.mpy", "line": 1, "problem": "mpy"}),
        (
            "a.py",
            b"x = 1\ndef f(:\n",
            "compile_failed",
            {"problem": "SyntaxError: invalid syntax", "line": 2},
        ),
        (
            "a.py",
            b"if 1:\n  x = 1\n y = 2\n",
            "compile_failed",
            {"problem": "IndentationError: unindent doesn't match any outer indent level", "line": 3},
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told_before_the_board_hears_of_it(name, data, code, params):
    assert KIT.uploads is not None
    with pytest.raises(UploadError) as raised:
        KIT.uploads.prepare(Program(name, data))
    assert code_of(raised) == (code, params)


def test_assembler_of_a_chip_is_left_to_the_board():
    assert not check_syntax("import micropython\n@micropython.asm_xtensa\ndef f():\n    pass\n")
    assert check_syntax("print(f'{1 + 1}')\n")


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("main.py", "main.py"),
        ("Мой робот 2.PY", "2.py"),
        ("line follower.py", "line_follower.py"),
        ("../../boot.py", "boot.py"),
        ("сызық.py", "program.py"),
        ("....py", "program.py"),
    ],
)
def test_names_are_fit_for_the_board(name, clean):
    assert clean_name(name) == clean
