"""The window of a V5's program: what it prints, what is measured in it, and what is typed for it."""

import pytest

from devices.clock import MonotonicClock
from devices.driver import Claimed, Console, Host, Measured, Output, Printed, Say
from devices.errors import ProtocolError
from devices.kits.vex_v5.driver import V5Driver
from devices.kits.vex_v5_user import KIT
from devices.kits.vex_v5_user.driver import V5UserDriver
from devices.kits.vex_v5_user.emulator import GREETING, V5UserEmulator
from devices.protocols.plotter import Sample
from devices.protocols.pros import ERR
from devices.transports.byte_pipe import Chunk

HOST = Host("room", "0badcafe")


class Bench:
    """A driver and a program on one line."""

    def __init__(self, **how) -> None:
        self.program = V5UserEmulator(MonotonicClock(), **how)
        self.driver = V5UserDriver(HOST)
        self.outputs: list[Output] = self.driver.opened(0)
        self.now_us = 0
        self.program.opened(self._hear)

    def printed(self) -> str:
        return "".join(each.text for each in self.outputs if isinstance(each, Printed))

    def measured(self) -> list[tuple[Sample, ...]]:
        return [each.samples for each in self.outputs if isinstance(each, Measured)]

    def _hear(self, data: bytes) -> None:
        self.now_us += 1000
        self.outputs += self.driver.received(Chunk(data, self.now_us))


@pytest.fixture(params=["pros", "plain"])
def bench(request) -> Bench:
    return Bench(style=request.param)


def test_the_window_shares_the_id_of_its_brain():
    assert Bench().outputs == [Claimed("v5-0badcafe-user")]
    assert V5Driver(HOST)._device + "-user" == "v5-0badcafe-user"
    assert {match.interface for match in KIT.usb} == {2}


def test_what_is_printed_comes_as_it_is(bench):
    bench.program.print("сәлем, әлем\n")
    bench.program.print("жол ")
    bench.program.print("сызығы\n")
    assert bench.printed() == "сәлем, әлем\nжол сызығы\n"


def test_plotter_lines_are_measured(bench):
    bench.program.print("ready\n")
    bench.program.print("left:40.5,right:60\n")
    assert bench.measured() == [(Sample("left", "left", 40.5), Sample("right", "right", 60.0))]


def test_the_log_of_the_emulated_program_is_measured(bench):
    bench.program.print("\n")
    bench.program.tick()
    (samples,) = bench.measured()
    assert [sample.key for sample in samples] == ["line-left", "line-right"]


def test_errors_are_printed_and_the_kernel_is_for_whoever_reads_along():
    bench = Bench()
    bench.program.print("no motor at port 3\n", ERR)
    bench.program.debug("task 2 started\n")
    assert bench.printed() == "no motor at port 3\n"
    assert bench.outputs[-1] == Console("debug", "task 2 started\n")


def test_what_is_typed_reaches_the_program_as_it_is():
    bench = Bench()
    (said,) = bench.driver.command("console", "send", "go 5\n", 0)
    assert said == Say(b"go 5\n")
    bench.program.heard(said.data)
    assert bytes(bench.program.typed) == b"go 5\n"


def test_the_kernel_greets_whoever_asks():
    bench = Bench()
    bench.program.heard(b"pRb")
    assert bench.printed() == GREETING


@pytest.mark.parametrize(
    ("node", "key", "payload", "code"),
    [("console", "clear", "", "bad_command"), ("console", "send", "x" * 2000, "command_too_long")],
)
def test_a_command_that_cannot_be_is_refused(node, key, payload, code):
    with pytest.raises(ProtocolError) as refused:
        Bench().driver.command(node, key, payload, 0)
    assert refused.value.code == code


def test_a_torn_frame_is_told_and_the_next_is_read():
    bench = Bench()
    bench.program.lose_byte(3)
    bench.program.print("lost\n")
    bench.program.print("whole\n")
    assert bench.printed() == "whole\n"
    assert Console("debug", "a frame of the user port was torn") in bench.outputs


def test_text_that_looks_like_a_frame_is_shown_after_a_while():
    bench = Bench(style="plain")
    bench.program.print("! sout")
    assert bench.printed() == "!"
    assert bench.driver.tick(bench.now_us + 100_000) == []
    bench.outputs += bench.driver.tick(bench.now_us + 200_000)
    assert bench.printed() == "! sout"


def test_a_mute_program_says_nothing():
    bench = Bench()
    bench.program.mute = True
    bench.program.print("x\n")
    assert bench.printed() == ""
