"""Programs on their way to a SPIKE hub: whole or not at all, and the hub takes the next one."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.driver import Host, Remember, Say, Told
from devices.errors import UploadError
from devices.kits.spike import KIT
from devices.kits.spike.emulator import SpikeEmulator
from devices.kits.spike.hub import INFO, Hub
from devices.kits.spike.source import Source, prepare
from devices.kits.spike.upload import upload
from devices.protocols.spike import Id, Info, crc
from devices.protocols.spike_requests import ClearSlot, NotifyRequest, StartFile, TransferChunk
from devices.talk import Pause, Progress, TalkRunner, Until
from devices.transports.byte_pipe import Chunk
from devices.uploads import Program
from lab_controller.clock import ManualClock

HOST = Host("room", "0badcafe", {}, "/dev/ttyACM0")
TEXT = b"# \xd0\xbf\xd0\xb5\xd1\x80\n" + b"print('line follower')\n" * 60
SHORT = Source(b"print(1)\n", 3, run=True)


class Line:
    """A talk and an emulator, joined by a line without delay; time is advanced here."""

    def __init__(self, *, hub: Hub | None = None, **board: Any) -> None:
        self.clock = ManualClock(1_000_000)
        self.board = SpikeEmulator(self.clock, hub=hub, **board)
        self.hub = self.board.hub
        self.board.opened(self._hear)
        self.progress: list[Progress] = []
        self.remembered: dict[str, str] = {}
        self.said = 0
        self.cancel_after: int | None = None
        self.runner: TalkRunner | None = None
        self._heard = bytearray()

    def upload(self, source: Source) -> UploadError | None:
        """How it ended; None if it is well."""
        self.progress.clear()
        runner = self.runner = TalkRunner(lambda heard: upload(source, heard, HOST))
        self.said = 0
        self._heard.clear()
        self._do(runner, runner.start(self.clock.now_us()))
        for _ in range(3000):
            if runner.ended:
                assert runner.error is None or isinstance(runner.error, UploadError)
                return runner.error
            if self._heard:
                data = bytes(self._heard)
                self._heard.clear()
                self._do(runner, runner.received(data, self.clock.now_us()))
                continue
            self.clock.advance(us=20_000)
            self.board.tick()
            self._do(runner, runner.tick(self.clock.now_us()))
        raise AssertionError("the talk never ends")

    def stages(self) -> list[str]:
        return list(dict.fromkeys(each.stage for each in self.progress))

    def _do(self, runner: TalkRunner, steps: Iterable[object]) -> None:
        for step in steps:
            match step:
                case Say(data=data):
                    self.said += 1
                    self.board.heard(data)
                    if self.said == self.cancel_after:
                        self.cancel_after = None
                        self._do(runner, runner.cancel(self.clock.now_us()))
                case Progress():
                    self.progress.append(step)
                case Remember(key=key, value=value):
                    self.remembered[key] = value
                case _:
                    assert isinstance(step, (Until, Pause))

    def _hear(self, data: bytes) -> None:
        self._heard += data


def hub(chunk_bytes_max: int) -> Hub:
    sizes = INFO.packet_bytes_max, INFO.message_bytes_max, chunk_bytes_max
    return Hub(info=Info(INFO.rpc, INFO.firmware, *sizes, INFO.product))


def test_a_program_is_in_its_slot_and_runs():
    line = Line()
    assert line.upload(Source(TEXT, 4, run=True)) is None
    assert (line.hub.slots, line.hub.running) == ({4: TEXT}, 4)
    assert line.stages() == ["syncing", "stopping", "erasing", "writing", "starting"]
    assert line.progress[-2] == Progress("writing", len(TEXT), len(TEXT))
    assert line.remembered == {"slot": "4"}


def test_a_program_may_be_left_to_be_started_by_hand():
    line = Line()
    assert line.upload(Source(TEXT, 0, run=False)) is None
    assert (line.hub.slots, line.hub.running) == ({0: TEXT}, None)


@pytest.mark.parametrize("chunk_bytes_max", [1, 4, 7, 64, 480, 65535])
def test_pieces_are_as_large_as_the_hub_takes_in_whole_words(chunk_bytes_max):
    line = Line(hub=hub(max(4, chunk_bytes_max)))
    assert line.upload(Source(TEXT, 1, run=True)) is None
    assert line.hub.slots == {1: TEXT}
    sizes = {len(each.data) for each in line.board.requests if isinstance(each, TransferChunk)}
    assert max(sizes) <= max(4, min(chunk_bytes_max, 2048))


def test_the_first_words_are_those_of_the_documentation():
    line = Line()
    line.upload(SHORT)
    asked = [each for each in line.board.requests if isinstance(each, (ClearSlot, StartFile, TransferChunk))]
    assert asked == [
        ClearSlot(3),
        StartFile("program.py", 3, 0xF88048AD),
        TransferChunk(0xF88048AD, b"print(1)\n"),
    ]


def test_what_was_in_the_slot_is_replaced_and_other_slots_are_not():
    line = Line()
    line.hub.slots = {3: b"old", 5: b"other"}
    line.hub.running = 5
    assert line.upload(SHORT) is None
    assert line.hub.slots == {3: b"print(1)\n", 5: b"other"}


def test_a_hub_does_not_notify_while_it_is_written():
    line = Line()
    line.board._notify(10)
    assert line.upload(SHORT) is None
    assert NotifyRequest(0) in line.board.requests


def test_what_the_new_program_prints_at_once_is_heard_by_the_driver():
    line = Line()
    line.hub._runner = Prints(b"hello\n")
    assert line.upload(SHORT) is None
    assert line.runner is not None
    driver = KIT.driver(HOST)
    outputs = driver.opened(0)
    driver._device = "spike-1"
    outputs += driver.received(Chunk(line.runner.heard.take_all(), 0))
    assert [o for o in outputs if not isinstance(o, Say)][:1] == [Told("program", "running", "true")]
    assert [getattr(o, "text", "") for o in outputs][1:] == ["hello\n"]


class Prints:
    """A program that has much to say at once."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def start(self, text, say, ended) -> None:
        say(self.text)

    def stop(self) -> None:
        """Nothing runs."""


@pytest.mark.parametrize("kind", [Id.START_FILE, Id.CHUNK])
def test_a_refusal_that_passes_is_tried_again_from_the_start(kind):
    line = Line()
    line.board.refuse(kind, kind)
    assert line.upload(SHORT) is None
    assert line.hub.slots == {3: b"print(1)\n"}


@pytest.mark.parametrize(
    ("kind", "code", "params"),
    [
        (Id.START_FILE, "device_refused", {"status": "file"}),
        (Id.CHUNK, "write_failed", {"problem": "crc"}),
        (Id.FLOW, "device_refused", {"status": "start 3"}),
    ],
)
def test_a_refusal_that_stays_is_told(kind, code, params):
    line = Line()
    line.board.refuse(*[kind] * 10)
    error = line.upload(SHORT)
    assert error is not None
    assert (error.code, dict(error.params)) == (code, params)
    line.board._refused.clear()
    assert line.upload(SHORT) is None


@pytest.mark.parametrize("place", [1, 3, 5, 6, 7, 12])
def test_a_piece_that_came_damaged_is_refused_by_the_hub_and_sent_again(place):
    line = Line(hub=hub(8))
    line.board.mishear(Id.CHUNK, place)
    assert line.upload(SHORT) is None
    assert line.hub.slots == {3: b"print(1)\n"}


def test_a_failed_program_is_not_left_in_half():
    line = Line(hub=hub(8))
    line.board.refuse(*[Id.CHUNK] * 10)
    line.upload(SHORT)
    assert (line.hub.slots, line.hub._transfer) == ({}, None)


@pytest.mark.parametrize("old_firmware", [False, True])
def test_a_hub_that_does_not_answer_is_told(old_firmware):
    line = Line(old_firmware=old_firmware)
    line.board.mute = not old_firmware
    error = line.upload(SHORT)
    assert error is not None
    assert (error.code, dict(error.params)) == (
        ("firmware_too_old", {"found": "2", "needed": "3"})
        if old_firmware
        else ("board_silent", {"port": "/dev/ttyACM0"})
    )


def test_answers_that_come_late_are_waited_for():
    line = Line()
    line.board.late_us = 700_000
    assert line.upload(SHORT) is None
    assert line.hub.slots == {3: b"print(1)\n"}


def test_a_program_that_floods_its_console_is_stopped_first():
    line = Line()
    line.hub.slots[9] = b"while True: print(1)"
    line.hub.running = 9
    for _ in range(500):
        line.hub.print(b"x" * 200)
    assert line.upload(SHORT) is None
    assert line.runner is not None
    assert len(line.runner.heard.data) < 20_000


STEPS = 12


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_cancelled_upload_leaves_a_whole_program_or_none_and_the_hub_takes_the_next(step):
    line = Line(hub=hub(8))
    line.hub.slots = {3: b"old"}
    line.cancel_after = step
    error = line.upload(SHORT)
    assert (error.code if error else None) == ("cancelled" if step <= 9 else None)
    assert line.hub.slots.get(3) in (None, b"old", b"print(1)\n")
    assert (line.hub.slots.get(3) == b"old") == (step <= 4)
    assert line.hub._transfer is None
    assert line.hub.running is (None if error else 3)
    line.cancel_after = None
    assert line.upload(SHORT) is None
    assert (line.hub.slots[3], line.hub.running) == (b"print(1)\n", 3)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("lose"), st.integers(0, 20), st.just(0)),
            st.tuples(st.just("corrupt"), st.integers(0, 20), st.integers(1, 255)),
            st.tuples(st.just("none"), st.just(0), st.just(0)),
        ),
        max_size=30,
    )
)
def test_whatever_the_line_does_the_program_is_right_or_the_failure_is_told(faults):
    line = Line(hub=hub(32))
    source = Source(TEXT[:200], 2, run=False)
    for fault, place, flip in faults:
        if fault == "lose":
            line.board.lose_byte(place)
        elif fault == "corrupt":
            line.board.corrupt_byte(place, flip)
        else:
            line.board._faults.append(lambda frame: frame)
    error = line.upload(source)
    assert line.hub.slots.get(2) in (None, source.text)
    if error is not None:
        assert error.code in {"board_silent", "write_failed", "device_refused"}
    line.board._faults.clear()
    assert line.upload(source) is None
    assert line.hub.slots[2] == source.text


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=3000), st.integers(4, 600))
def test_any_text_arrives_as_it_was(text, chunk_bytes_max):
    line = Line(hub=hub(chunk_bytes_max))
    assert line.upload(Source(text, 19, run=False)) is None
    assert line.hub.slots == {19: text}


def program(data: bytes, slot: int | None = None) -> Program:
    return Program("a.py", data, slot)


def test_a_program_is_sent_as_it_is_without_a_mark_of_its_encoding():
    assert prepare(program(b"\xef\xbb\xbfprint('\xd0\xb9')\r\n", 7)) == Source(
        b"print('\xd0\xb9')\r\n", 7, True
    )
    assert prepare(program(b"x = 1")).slot == 0


@pytest.mark.parametrize(
    ("data", "code", "params"),
    [
        (b"", "program_empty", {"name": "a.py"}),
        (b" \n\n", "program_empty", {"name": "a.py"}),
        (b"x = 1\ny = \xff\n", "program_damaged", {"name": "a.py", "line": 2, "problem": "utf-8"}),
        (b"x = 1\n\0", "program_damaged", {"name": "a.py", "line": 2, "problem": "zero"}),
        (b"x = 1\nif x\n  pass", "compile_failed", {"problem": "expected ':'", "line": 2}),
        (b"x = 1\n  y = 2\n", "compile_failed", {"problem": "unexpected indent", "line": 2}),
        (b"print 'hello'\n", "compile_failed",
         {"problem": "Missing parentheses in call to 'print'. Did you mean print(...)?", "line": 1}),
    ],
)  # fmt: skip
def test_a_program_with_a_mistake_is_told_with_its_line(data, code, params):
    with pytest.raises(UploadError) as refused:
        prepare(program(data))
    assert (refused.value.code, dict(refused.value.params)) == (code, params)


def outcome(data: bytes) -> Source | str:
    """What is sent, or the code of the refusal."""
    try:
        return prepare(program(data))
    except UploadError as error:
        return error.code


@pytest.mark.parametrize("data", [b"(" * 60_000, b"-" * 60_000 + b"1", b"a" + b".a" * 30_000])
def test_a_program_that_is_meant_to_choke_the_parser_is_refused(data):
    assert outcome(data) == "compile_failed"


@given(st.binary(max_size=200))
def test_any_file_is_a_program_or_is_refused(data):
    told = outcome(data)
    assert told in {"program_empty", "program_damaged", "compile_failed"} or data.endswith(told.text)


def test_the_kit_takes_python_for_twenty_slots_and_keeps_its_line_open():
    uploads = KIT.uploads
    assert uploads is not None
    assert (uploads.suffixes, uploads.slots, uploads.reopens, uploads.can_run) == ((".py",), 20, False, True)
    assert crc(b"print(1)\n") == 0xF88048AD
