"""A MicroPython board on its line: known with as little disturbance as can be, then read, run and stopped."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.discovery import Port, candidates
from devices.driver import Claimed, Host, Measured, Printed, Refused, Remember, Say, Told
from devices.errors import ProtocolError
from devices.kits.micropython.driver import (
    INTERRUPT_US,
    NUDGE_US,
    PATIENT_NUDGE_US,
    STOP_US,
    MicroPythonDriver,
)
from devices.kits.micropython.emulator import MicroPythonEmulator
from devices.kits.micropython.reciter import BANNER
from devices.protocols.plotter import Sample
from devices.protocols.raw_repl import RAW_PROMPT
from devices.registry import iter_kits
from devices.transports.byte_pipe import Chunk
from devices.transports.serial_listing import UsbPort
from tests.devices.kits.micropython_bench import DEVICE, plugged_in
from tests.devices.waiting import until
from tests.peers.parts import require_peer

NUDGE, INTERRUPTION, ASK_BANNER = Say(b"\r"), Say(b"\r\x03\x02"), Say(b"\x02")
LOOP = b'import time\nwhile True:\n    print("light:5,angle:-2.5")\n    time.sleep(0.02)\n'


def driver_of(*, alone: bool = True, known: bool = False) -> MicroPythonDriver:
    notes = {"micropython": "1"} if known else {}
    kits = () if alone else ("arduino_uno", "micropython")
    driver = MicroPythonDriver(Host("room", "0badcafe", notes, "/dev/ttyUSB0", (0x1A86, 0x7523), kits))
    assert driver.opened(0) == []
    return driver


def hear(driver: MicroPythonDriver, text: str | bytes, at_us: int = 1) -> list:
    return driver.received(Chunk(text if isinstance(text, bytes) else text.encode(), at_us))


def test_a_board_that_starts_says_who_it_is():
    driver = driver_of()
    text = "ets Jul 29 2019\r\n" + BANNER.decode()
    assert hear(driver, text) == [
        Claimed(DEVICE),
        Remember("micropython", "1"),
        Told("firmware", "version", "v1.22.0"),
        Told("firmware", "name", "Generic ESP32 module with ESP32"),
        Printed(text),
    ]


def test_a_board_at_its_prompt_is_found_by_an_empty_line():
    driver = driver_of()
    assert driver.tick(NUDGE_US - 1) == []
    assert driver.tick(NUDGE_US) == [NUDGE]
    outputs = hear(driver, "\r\n>>> ", NUDGE_US)
    assert outputs[0] == Claimed(DEVICE)
    assert ASK_BANNER in outputs
    assert Told("firmware", "version", "v1.22.0") in hear(driver, b"\r\n" + BANNER + b">>> ", NUDGE_US + 1)
    assert driver.tick(NUDGE_US + 400_000) == [Told("program", "running", "false")]


def test_a_program_is_interrupted_once_and_only_where_nothing_else_can_be_there():
    driver = driver_of()
    asked = [words for at in range(0, 8_000_000, 50_000) for words in driver.tick(at)]
    assert asked == [NUDGE, INTERRUPTION]
    driver = driver_of(alone=False)
    asked = [(at, words) for at in range(0, 8_000_000, 50_000) for words in driver.tick(at)]
    assert asked == [(PATIENT_NUDGE_US, NUDGE)]


def test_a_board_that_was_known_before_is_not_disturbed():
    driver = driver_of(known=True)
    hear(driver, "light:4\r\n")
    outputs = [words for at in range(0, 8_000_000, 50_000) for words in driver.tick(at)]
    assert outputs == [Claimed(DEVICE), Printed("light:4\r\n"), Told("program", "running", "true")]


def test_where_others_may_be_a_prompt_is_not_enough():
    driver = driver_of(alone=False)
    assert hear(driver, "menu\r\n>>> ") == [ASK_BANNER]
    assert hear(driver, "\r\nmenu\r\n>>> ") == []
    assert hear(driver, b"\r\n" + BANNER + b">>> ")[0] == Claimed(DEVICE)


def test_what_a_program_prints_is_text_and_its_plotter_lines_are_telemetry():
    driver = driver_of()
    hear(driver, BANNER + b">>> ")
    outputs = hear(driver, "\r\nlight:5,angle:-2.5\r\nhello\r\n", 9)
    measured = [each for each in outputs if isinstance(each, Measured)]
    samples = (Sample("light", "light", 5.0, ""), Sample("angle", "angle", -2.5, ""))
    assert [each.samples for each in measured] == [samples]
    assert outputs[-1] == Printed("\r\nlight:5,angle:-2.5\r\nhello\r\n")


def test_a_line_typed_for_the_board_waits_for_its_prompt():
    driver = driver_of()
    hear(driver, BANNER + b">>> ")
    assert driver.command("program", "run", "", 10) == [Say(b"\x03")]
    assert hear(driver, "5\r\nTraceback\r\nKeyboardInterrupt: \r\n", 11)[-1:] != [Say(b"\x04")]
    assert hear(driver, ">>> ", 12)[-1] == Say(b"\x04")
    driver.command("program", "run", "line.py", 13)
    assert hear(driver, "\r\n>>> ", 14)[-1] == Say(b"exec(open('line.py').read())\r")
    driver.command("program", "run", "line.mpy", 13)
    assert hear(driver, "\r\n>>> ", 14)[-1] == Say(b"__import__('line')\r")
    assert driver.command("program", "stop", "true", 15) == [Say(b"\x03")]
    assert driver.command("console", "send", "print(1)\n", 16) == [Say(b"print(1)\r")]


def test_a_program_that_cannot_be_interrupted_is_told():
    driver = driver_of()
    hear(driver, BANNER + b">>> ")
    driver.command("program", "run", "", 10)
    assert Refused("program_unstoppable") in driver.tick(10 + STOP_US)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("program/run", "3"),
        ("program/run", "a\x04.py"),
        ("program/stop", "false"),
        ("board/reset", ""),
        ("pins/mode", "{}"),
    ],
)
def test_other_commands_are_refused(name, payload):
    node, _, key = name.partition("/")
    with pytest.raises(ProtocolError, match="bad_command"):
        driver_of().command(node, key, payload, 0)


def test_a_line_that_is_too_long_is_refused_as_such():
    with pytest.raises(ProtocolError, match="command_too_long"):
        driver_of().command("console", "send", "x" * 2000, 0)


@pytest.mark.parametrize("cut", range(len(RAW_PROMPT)))
def test_a_board_that_is_left_at_the_raw_prompt_is_brought_back(cut):
    driver = driver_of()
    hear(driver, BANNER + b">>> ")
    said = [*hear(driver, b"motors off\r\n" + RAW_PROMPT[:cut]), *hear(driver, RAW_PROMPT[cut:])]
    assert said.count(ASK_BANNER) == 1


def test_a_board_at_the_raw_prompt_is_known_where_others_may_be():
    driver = driver_of(alone=False)
    assert hear(driver, RAW_PROMPT) == [ASK_BANNER]


@given(st.lists(st.binary(max_size=40)), st.booleans())
def test_noise_harms_nothing(chunks, alone):
    driver = driver_of(alone=alone)
    for place, chunk in enumerate(chunks):
        hear(driver, chunk, place * 100_000)
        driver.tick(place * 100_000)
    assert len(driver._listener.text) <= 4096


@pytest.mark.parametrize(
    ("vid", "pid", "configured", "found"),
    [
        (0x303A, 0x1001, False, True),
        (0x2E8A, 0x0005, False, True),
        (0x10C4, 0xEA60, False, False),
        (0x10C4, 0xEA60, True, True),
        (0x1A86, 0x55D4, True, True),
        (0x1A86, 0x7523, False, False),
    ],
)
def test_a_chip_that_others_use_too_is_opened_only_on_a_persons_word(vid, pid, configured, found):
    usb = UsbPort("/dev/ttyUSB0", vid, pid, "1", "1-1", None)
    asked = candidates(Port(usb.path, usb, configured), iter_kits())
    assert ("micropython" in {kit.id for kit in asked}) is found


@pytest.mark.peer
async def test_a_running_program_is_stopped_run_again_and_seen_to_end():
    async with plugged_in() as bench:
        await until(lambda: bench.latest("program/running") == "false")
        await bench.upload("main.py", LOOP)
        await until(lambda: bench.latest("program/running") == "true")
        bench.command("program/stop", "true")
        await until(lambda: bench.latest("program/running") == "false")
        assert "KeyboardInterrupt" in bench.printed
        bench.command("program/run", "")
        await until(lambda: bench.latest("program/running") == "true")
        assert any(isinstance(each, Measured) for each in bench.outputs)


@pytest.mark.peer
async def test_a_lab_that_restarts_leaves_a_running_program_alone():
    board = MicroPythonEmulator()
    async with plugged_in(board) as bench:
        await bench.upload("main.py", LOOP)
        await until(lambda: "light:5" in bench.printed)
        notes = bench.notes
        turn_off, board.turn_off = board.turn_off, lambda: None
    async with plugged_in(board, notes=notes) as bench:
        await until(lambda: bench.latest("program/running") == "true")
        assert "KeyboardInterrupt" not in bench.printed
        board.turn_off = turn_off


@pytest.mark.peer
async def test_mpremote_copies_and_runs_files_on_the_emulated_board(tmp_path):
    mpremote = require_peer("mpremote", "mpremote")
    board = MicroPythonEmulator()
    server = board.serve(tmp_path / "board")
    program = tmp_path / "main.py"
    program.write_text('print("ran by mpremote")\n' + "# pad\n" * 400)

    async def run(*arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            mpremote,
            *("connect", str(server.path), *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said
        return said.decode()

    try:
        await run("cp", str(program), ":main.py")
        assert "2425 main.py" in await run("ls")
        await run("cp", ":main.py", str(tmp_path / "back.py"))
        assert (tmp_path / "back.py").read_bytes() == program.read_bytes()
        assert "ran by mpremote" in await run("run", str(program))
        assert "ran by mpremote" in await run("exec", "exec(open('main.py').read())")
    finally:
        server.unplug()
        board.turn_off()


def test_without_an_interpreter_the_emulated_board_still_introduces_itself():
    said: list[bytes] = []
    board = MicroPythonEmulator(find_command=lambda: None)
    board.opened(said.append)
    board.heard(b"1+1\r\x03\x02")
    driver = driver_of()
    outputs = [output for piece in said for output in hear(driver, piece)]
    assert outputs[0] == Claimed(DEVICE)
    assert "cannot run programs" in "".join(each.text for each in outputs if isinstance(each, Printed))


def test_without_an_interpreter_the_emulated_board_says_so_before_anything_is_asked_of_it():
    said: list[bytes] = []
    MicroPythonEmulator(find_command=lambda: None).opened(said.append)
    outputs = hear(driver_of(), b"".join(said))
    assert "cannot run programs" in "".join(each.text for each in outputs if isinstance(each, Printed))


def test_interrupting_comes_after_the_empty_line():
    assert NUDGE_US < INTERRUPT_US < PATIENT_NUDGE_US
