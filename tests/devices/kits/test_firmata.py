"""A Firmata board: its pins in and out, and what it cannot do."""

import asyncio
import json

import pytest

from devices.clock import MonotonicClock
from devices.driver import Claimed, Host, Measured, Output, Printed, Say, Told
from devices.errors import ProtocolError
from devices.kits.firmata.driver import BLINKS, BOOT_US, FirmataDriver
from devices.kits.firmata.emulator import NAME, FirmataEmulator
from devices.protocols.plotter import Sample
from devices.transports.byte_pipe import Chunk
from tests.devices.waiting import until
from tests.peers.parts import require_peer

BOARD = "firmata-0badcafe"


class Bench:
    """A driver and a board on one line, turn by turn."""

    def __init__(self) -> None:
        self.board = FirmataEmulator(MonotonicClock())
        self.driver = FirmataDriver(Host("room", "0badcafe"))
        self.outputs: list[Output] = []
        self._said: list[bytes] = []

    def open(self) -> None:
        self.take(self.driver.opened(0))
        self.board.opened(self._said.append)
        self.settle()

    def settle(self) -> None:
        while self._said:
            self.take(self.driver.received(Chunk(self._said.pop(0), 7)))

    def take(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Say):
                self.board.heard(output.data)
            else:
                self.outputs.append(output)

    def command(self, key: str, payload: object) -> None:
        node, _, name = key.partition("/")
        self.take(self.driver.command(node, name, json.dumps(payload), 0))
        self.settle()

    def state(self) -> dict:
        told = [each.value for each in self.outputs if isinstance(each, Told) and each.key == "state"]
        return json.loads(told[-1])


@pytest.fixture
async def bench():
    made = Bench()
    made.open()
    yield made
    made.board.closed()


async def test_a_board_is_known_by_its_firmware_and_its_pins(bench):
    assert bench.outputs[:3] == [
        Claimed(BOARD),
        Told("firmware", "version", "2.5"),
        Told("firmware", "name", NAME),
    ]
    state = bench.state()
    assert set(state) == {str(pin) for pin in range(2, 20)}
    assert state["3"]["can"] == ["input", "output", "pwm", "servo", "pullup"]
    assert state["14"]["can"] == ["input", "output", "analog", "servo", "pullup"]


async def test_analogue_channels_are_telemetry_with_nothing_configured(bench):
    bench.outputs.clear()
    bench.board._sample()
    bench.settle()
    samples = [each.samples[0] for each in bench.outputs if isinstance(each, Measured)]
    assert [(each.key, each.name, each.unit) for each in samples] == [
        (f"a{channel}", f"A{channel}", "#") for channel in range(6)
    ]
    assert all(0 <= each.value < 1024 for each in samples)


async def test_outputs_are_set_and_told(bench):
    bench.command("pins/write", {"pin": 13, "value": 1})
    bench.command("pins/mode", {"pin": 9, "mode": "pwm"})
    bench.command("pins/write", {"pin": 9, "value": 128})
    assert (bench.board.outputs, bench.board.modes) == ({13: 1, 9: 128}, {13: 1, 9: 3})
    assert [bench.state()[pin]["value"] for pin in ("13", "9")] == [1, 128]


async def test_a_button_is_told_when_it_is_pressed(bench):
    bench.command("pins/mode", {"pin": 2, "mode": "pullup"})
    bench.outputs.clear()
    bench.board.press(2, 1)
    bench.settle()
    assert bench.outputs[0] == Measured((Sample("d2", "D2", 1.0, "#"),), 7)
    assert bench.state()["2"]["value"] == 1


@pytest.mark.parametrize(
    ("key", "payload", "code"),
    [
        ("pins/mode", {"pin": 0, "mode": "output"}, "no_such_pin"),
        ("pins/mode", {"pin": 99, "mode": "output"}, "no_such_pin"),
        ("pins/mode", {"pin": 2, "mode": "pwm"}, "pin_cannot"),
        ("pins/mode", {"pin": 2, "mode": "laser"}, "pin_cannot"),
        ("pins/write", {"pin": 2, "value": "high"}, "bad_command"),
        ("pins/write", [1], "bad_command"),
        ("program/run", "", "bad_command"),
    ],
)
async def test_what_a_pin_cannot_do_is_refused(bench, key, payload, code):
    with pytest.raises(ProtocolError, match=code):
        bench.command(key, payload)
    assert bench.board.modes == {}


async def test_a_board_blinks_to_be_found(bench):
    seen = []
    bench.command("board/identify", "true")
    for turn in range(BLINKS):
        bench.take(bench.driver.tick(turn * 150_000))
        seen.append(bench.board.outputs[13])
    assert seen == [1, 0, 1, 0, 1, 0]


async def test_a_text_of_the_sketch_is_on_the_console(bench):
    bench.board.print("Сәлем! 5°")
    bench.settle()
    assert bench.outputs[-1] == Printed("?????! 5°\n")


async def test_a_board_that_does_not_introduce_itself_is_asked():
    made = Bench()
    made.board.mute = True
    made.open()
    assert made.outputs == []
    made.board.mute = False
    made.take(made.driver.tick(BOOT_US))
    made.settle()
    assert made.outputs[0] == Claimed(BOARD)
    made.board.closed()


async def test_noise_on_the_line_makes_no_value(bench):
    before = bench.state()
    bench.outputs.clear()
    for noise in (b"\x00\x7f\xf7", b"hello\r\n", bytes(range(64))):
        bench.board.noise(noise)
        bench.settle()
    assert bench.outputs == []
    bench.command("pins/write", {"pin": 13, "value": 0})
    assert bench.state() == {**before, "13": {**before["13"], "mode": "output", "value": 0}}


@pytest.mark.peer
async def test_pyfirmata2_drives_the_emulated_board(tmp_path):
    python = require_peer("pyfirmata2", "python")
    board = FirmataEmulator()
    server = board.serve(tmp_path / "board")
    pressing = asyncio.create_task(until(lambda: board.modes.get(13) == 1, 20))
    pressing.add_done_callback(lambda _: board.press(2, 1))
    process = await asyncio.create_subprocess_exec(
        python, "tests/peers/firmata/pins.py", server.path, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    await pressing
    told = json.loads(said)
    assert told.pop("analog") == pytest.approx([0.5] * 5, abs=0.41)
    assert told == {"firmata": [2, 5], "firmware": NAME, "button": True}
    assert (board.outputs[13], board.outputs[9]) == (1, 128)
    server.unplug()
