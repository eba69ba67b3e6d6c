"""An Uno with any sketch: found, read along at its own speed, and never mistaken for something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Alert, Claimed, Host, Measured, Printed, Remember, Reopen, Reset, SetBaud, Told
from devices.errors import ProtocolError
from devices.kits.arduino_uno.driver import ArduinoDriver
from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.kits.arduino_uno.speed import KEPT, USUAL, SpeedHunt, noise
from devices.protocols.plotter import Sample
from devices.protocols.sentences import format_sentence
from devices.transports.byte_pipe import Chunk
from lab_controller.clock import ManualClock
from tests.devices.kits.uno_bench import UNO_USB, DriverBench

CH340 = (0x1A86, 0x7523)
DEVICE = "uno-0badcafe"


def bench(
    notes: dict[str, str] | None = None,
    usb: tuple[int, int] | None = UNO_USB,
    kits: tuple[str, ...] = (),
    **board,
) -> DriverBench:
    clock = ManualClock(1_000_000_000)
    host = Host("room", "0badcafe", notes or {}, "/dev/ttyUSB0", usb, kits)
    return DriverBench(ArduinoDriver(host), UnoEmulator(clock, **board), clock)


def numbered(number: int) -> bytes:
    return b"n:%d\r\n" % number


def test_a_sketch_that_prints_text_is_taken_at_once():
    line = bench(prints=numbered).run(2)
    assert line.outputs[:3] == [Claimed(DEVICE), line.outputs[1], Told("console", "baud", "115200")]
    assert "".join(each.text for each in line.said(Printed)).startswith("n:0\r\nn:1\r\n")
    values = [each.samples[0].value for each in line.said(Measured)]
    assert values == [float(n) for n in range(1, len(values) + 1)]
    assert values


def test_a_board_that_is_silent_is_taken_by_its_identity():
    line = bench(prints=lambda _: b"").run(3)
    assert line.outputs == []
    assert line.settle().outputs == [Claimed(DEVICE), SetBaud(9600)]


def test_a_clone_is_not_taken_before_everybody_else_has_asked():
    line = bench(usb=CH340).run(3)
    assert not line.claimed
    assert line.settle().claimed
    assert line.said(Printed)


def test_sentences_of_our_own_firmware_are_left_to_its_own_driver():
    assert not bench(prints=lambda _: b"$HELLO,gate,1.0,7a6852*09\r\n").run(3).claimed


@pytest.mark.parametrize("baud", USUAL)
def test_the_speed_of_a_sketch_is_found_and_remembered(baud: int):
    line = bench(sketch_baud=baud).run(3)
    if not line.claimed:
        line.settle().run(12)
    assert line.said(Remember) == [Remember("sketch_baud", str(baud))]
    assert line.said(Told) == [Told("console", "baud", str(baud))]
    assert line.said(Measured)[-1].samples[0].key == "light"
    assert "\ufffd" not in "".join(each.text for each in line.said(Printed))


def test_a_remembered_speed_is_tried_first():
    line = bench({"sketch_baud": "19200"}, sketch_baud=19200).run(3).settle().run(2)
    assert line.bauds == [19200]
    assert line.said(Remember) == []
    assert line.said(Measured)


def test_a_sketch_that_prints_once_a_second_is_understood():
    line = bench(sketch_baud=38400, period_us=1_000_000).run(3).settle().run(15)
    assert line.bauds[-1] == 38400
    assert line.said(Measured)


def test_a_sketch_that_prints_no_text_is_told_of_once():
    line = bench(prints=lambda n: bytes((0x80 + n % 64, 0, 0xFF, 1)) * 4).run(3).settle().run(30)
    assert line.said(Alert) == [Alert("speed", "speed_unknown")]
    assert len(line.bauds) <= len(USUAL) + 1


def test_kazakh_and_russian_are_text():
    assert noise("Сәлем, әлем! Привет, мир!\r\n".encode()) == 0
    assert noise("Сәлем".encode()[1:]) == 0


def test_words_go_to_the_sketch_as_they_are_and_reset_restarts_the_board():
    line = bench().run(2)
    line._carry(line.driver.command("console", "send", "жүр\n", 0))
    assert bytes(line.board.typed) == "жүр\n".encode()
    assert line.driver.command("board", "reset", "true", 0) == [Reset()]


def test_a_restart_makes_the_boot_loader_blink_so_that_a_child_finds_the_board():
    assert bench().driver.command("board", "identify", "true", 0) == [Reset()]


@pytest.mark.parametrize(
    ("node", "key", "payload"),
    [("board", "reset", "false"), ("console", "send", "x" * 1025), ("gate", "armed", "true")],
)
def test_other_commands_are_refused(node: str, key: str, payload: str):
    with pytest.raises(ProtocolError, match="command_too_long" if key == "send" else "bad_command"):
        bench().driver.command(node, key, payload, 0)


def test_plotter_lines_become_telemetry_with_their_names():
    line = bench(prints=lambda n: b"Temp C:%d,light:7\n" % n).run(3)
    assert line.said(Measured)[0].samples == (Sample("temp-c", "Temp C", 1.0), Sample("light", "light", 7.0))


@given(st.lists(st.tuples(st.binary(max_size=64), st.integers(0, 2_000_000)), max_size=40))
def test_whatever_comes_is_bounded_and_understood_or_not(chunks):
    driver = ArduinoDriver(Host("room", "0badcafe"))
    driver.opened(0)
    now_us = 0
    for place, (data, pause_us) in enumerate(chunks):
        now_us += pause_us
        driver.received(Chunk(data, now_us))
        driver.tick(now_us)
        if place == 5:
            driver.unanswered(now_us)
    assert len(driver._hunt.seen) <= KEPT


def test_a_hunt_ends_where_the_noise_is_least():
    hunt = SpeedHunt()
    now_us = 0
    while not hunt.lost:
        now_us += 1_000_000
        hunt.hear(b"\xff\xff\x00ab" * 8 if hunt.baud == 57600 else b"\xff\x00" * 20, now_us)
        hunt.decide(now_us)
    assert hunt.baud == 57600


def reading(kits: tuple[str, ...] = ("arduino_uno", "timing_gate")) -> ArduinoDriver:
    """A driver that has taken a board at the lab's own speed."""
    driver = ArduinoDriver(Host("room", "0badcafe", {}, "/dev/ttyACM0", UNO_USB, kits))
    listen(driver)
    return driver


def listen(driver: ArduinoDriver) -> None:
    driver.opened(0)
    assert driver.received(Chunk(b"light:1\r\n" * 5, 1))[0] == Claimed(DEVICE)


HELLO = format_sentence("HELLO", "gate", "1.0", "a1b2c3")


def test_a_gate_that_was_too_slow_to_answer_is_asked_once_more():
    driver = reading()
    assert driver.received(Chunk(HELLO, 2)) == [Reopen("known_firmware")]


def test_a_gate_is_heard_in_any_pieces():
    for cut in range(1, len(HELLO)):
        driver = reading()
        said = [*driver.received(Chunk(HELLO[:cut], 2)), *driver.received(Chunk(HELLO[cut:], 3))]
        assert Reopen("known_firmware") in said


@pytest.mark.parametrize(
    "line",
    [
        format_sentence("HELLO", "rover", "1.0", "a1b2c3"),
        format_sentence("STATUS", "ok", "23.5"),
        format_sentence("GATE", "1", "5f3a", "1", "B", "99"),
        format_sentence("HELLO", "gate", "new", "a1b2c3"),
        HELLO.replace(b"*", b"*F"),
        HELLO[:-4] + b"00\r\n",
    ],
)
def test_a_pupils_own_sentences_are_text(line: bytes):
    assert reading().received(Chunk(line, 2)) == [Printed(line.decode())]


@pytest.mark.parametrize("kits", [(), ("arduino_mega", "firmata")])
def test_where_no_gate_can_be_its_sentence_is_text(kits: tuple[str, ...]):
    assert reading(kits).received(Chunk(HELLO, 2)) == [Printed(HELLO.decode())]


def test_who_is_asked_in_vain_is_not_asked_again_until_a_gate_was_there():
    driver = reading()
    assert driver.received(Chunk(HELLO, 2)) == [Reopen("known_firmware")]
    listen(driver)
    assert driver.received(Chunk(HELLO, 2)) == [Printed(HELLO.decode())]
    driver.opened(0)
    listen(driver)  # the gate's driver had it in between
    assert driver.received(Chunk(HELLO, 2)) == [Reopen("known_firmware")]


def test_a_gates_sentence_at_another_speed_is_a_sketchs():
    line = bench(prints=lambda _: HELLO, sketch_baud=9600, kits=("arduino_uno", "timing_gate"))
    line.run(3).settle().run(12)
    assert line.said(Reopen) == []
    assert HELLO.decode() in "".join(each.text for each in line.said(Printed))
