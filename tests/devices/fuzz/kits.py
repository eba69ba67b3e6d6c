"""Every kit's driver, its commands, the files it is given, and its upload on a line that lies."""

import contextlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from devices.driver import Alert, Claimed, Host, Kept, Measured, Output, Printed, Remember, Reset, Say, Told
from devices.errors import DeviceError, ProtocolError, UploadError
from devices.kit import Kit
from devices.protocols import ev3_bytecode
from devices.registry import iter_kits
from devices.talk import HEARD_MAX, Step, TalkRunner
from devices.transports.byte_pipe import BaudPeer, Chunk
from devices.uploads import Program
from lab_controller.bus.topics import is_id
from lab_controller.clock import ManualClock
from tests.devices.fuzz.target import CHUNK_MAX, Target
from tests.intel_hex import format_intel_hex

START_US = 1_000_000_000
PIECE_US = 20_000
TICK_US = 50_000
PATIENCE_US = 1_000_000
TALK_US = 1_800_000_000
"""Half an hour: no upload may take longer, whatever it hears."""
RECORD_TURNS = 4_000
SAMPLES = Path(__file__).parents[3] / "firmware_samples"
PROGRAMS: dict[str, bytes] = {
    ".hex": format_intel_hex(bytes(at % 251 for at in range(600))),
    ".rbf": ev3_bytecode.image(b"\x0a" * 40),
    ".rxe": b"MindstormsNXT\0" + bytes(200),
    ".bin": b"XVX5" + bytes(9000),
    ".py": b"print('temp:1')\n",
}
IN_PROCESS = (".hex", ".rbf", ".rxe", ".lms")
"""Programs that are checked without an external compiler."""
REAL = {"micropython"}
"""Kits whose emulator is a real interpreter, which needs an event loop: their captures are what is heard."""


@cache
def kits() -> tuple[Kit, ...]:
    """Every kind of kit."""
    return tuple(iter_kits())


def iter_targets() -> Iterator[Target]:
    """All of them; kits that share a driver's code still tell things of their own."""
    talks: set[int] = set()
    prepared: set[int] = set()
    for kit in kits():
        captures = [path.read_bytes() for path in sorted((kit.folder / "captures").glob("*.capture"))]
        seeds = [_lines(capture) for capture in captures]
        begin = partial(_Driven, kit, kit.describe())
        yield Target(f"{kit.id} driver", begin, seeds, (DeviceError,))
        if kit.commands:
            yield Target(f"{kit.id} commands", partial(_Commanded, begin, captures), _words(kit))
        uploads = kit.uploads
        if uploads is None:
            continue
        if uploads.talk is not None and id(uploads.talk) not in talks:
            talks.add(id(uploads.talk))
            asked = partial(_Uploading, kit, _prepare(kit))
            answers = [_record(kit)] if kit.id not in REAL else seeds
            yield Target(f"{kit.id} upload", asked, answers, state_max=2 * (HEARD_MAX + CHUNK_MAX))
        if id(uploads.prepare) not in prepared:
            prepared.add(id(uploads.prepare))
            for suffix in set(uploads.suffixes) & set(IN_PROCESS):
                checked = partial(_Checked, uploads.prepare, suffix)
                yield Target(f"{kit.id} {suffix} file", checked, [[_program(suffix)]], (UploadError,))


class _Driven:
    """A driver on an open line; an empty piece opens it anew, and time passes with each."""

    def __init__(self, kit: Kit, nodes: Mapping[str, Any]) -> None:
        self._nodes, self._alerts = nodes, kit.alerts
        self.driver = kit.driver(_host(kit))
        self.now_us = START_US
        self.check(self.driver.opened(self.now_us))

    def feed(self, data: bytes) -> None:
        self.now_us += PIECE_US
        if data:
            self.check(self.driver.received(Chunk(data, self.now_us)))
        else:
            self.check(self.driver.opened(self.now_us))
        self.check(self.driver.tick(self.now_us))

    def close(self) -> None:
        for _ in range(20):
            self.now_us += PATIENCE_US
            self.check(self.driver.tick(self.now_us))

    def check(self, outputs: Sequence[Output]) -> None:
        """What is told can be put on the bus."""
        for output in outputs:
            match output:
                case Claimed(device=device):
                    assert is_id(device), device
                case Told(node=node, key=key, value=value):
                    assert key in self._nodes[node]["properties"], f"{node}/{key} is not described"
                    value.encode()
                case Kept(value=value):
                    json.loads(value)
                case Measured(samples=samples):
                    for sample in samples:
                        assert is_id(sample.key), sample.key
                        assert math.isfinite(sample.value), f"{sample.key} is {sample.value}"
                        sample.name.encode()
                case Alert(id=name, params=params):
                    assert name in self._alerts, f"alert {name} is not described"
                    json.dumps(dict(params), allow_nan=False).encode()
                case Printed(text=text):
                    text.encode()
                case _:
                    pass


class _Commanded:
    """A driver that has met its kit; each piece is `node/key payload`."""

    def __init__(self, begin: Callable[[], _Driven], captures: Sequence[bytes]) -> None:
        self._driven = begin()
        for capture in captures:
            with contextlib.suppress(DeviceError):
                self._driven.feed(capture)

    def feed(self, data: bytes) -> None:
        place, _, payload = data.decode("utf-8", "replace").partition(" ")
        node, _, key = place.partition("/")
        with contextlib.suppress(ProtocolError):
            self._driven.check(self._driven.driver.command(node, key, payload, self._driven.now_us))
        self._driven.feed(b"\n")

    def close(self) -> None:
        self._driven.close()


class _Checked:
    """A file that somebody chose."""

    def __init__(self, prepare: Callable[[Program], Any], suffix: str) -> None:
        self._prepare = prepare
        self._suffix = suffix

    def feed(self, data: bytes) -> None:
        self._prepare(Program(f"a{self._suffix}", data))

    def close(self) -> None:
        pass


class _Uploading:
    """An upload that hears each piece after a word of its own; an empty piece cancels it."""

    def __init__(self, kit: Kit, cargo: object) -> None:
        assert kit.uploads is not None
        talk = kit.uploads.talk
        assert talk is not None
        self.now_us = START_US
        self.runner = TalkRunner(lambda heard: talk(cargo, heard, _host(kit)))
        self.steps = self.runner.start(self.now_us)

    def feed(self, data: bytes) -> None:
        if self.runner.ended:
            return
        self.now_us += PIECE_US
        if data:
            self.perform(self.runner.received(data, self.now_us))
        else:
            self.perform(self.runner.cancel(self.now_us))
        self.perform(self.runner.tick(self.now_us))

    def perform(self, steps: Sequence[Step]) -> None:
        """A reset forgets what was heard."""
        if any(isinstance(step, Reset) for step in steps):
            self.runner.heard.take_all()

    def close(self) -> None:
        until_us = self.now_us + TALK_US
        while not self.runner.ended:
            assert self.now_us < until_us, "the upload never ends"
            self.now_us += PATIENCE_US
            self.perform(self.runner.tick(self.now_us))


def _prepare(kit: Kit) -> Any:
    """A program that the kit takes."""
    assert kit.uploads is not None
    suffix = next(suffix for suffix in kit.uploads.suffixes if suffix in PROGRAMS)
    slot = 0 if kit.uploads.slots else None
    return kit.uploads.prepare(Program(f"a{suffix}", PROGRAMS[suffix], slot, run=False))


def _record(kit: Kit) -> list[bytes]:
    """What the kit's emulator says during a good upload, word by word."""
    clock = ManualClock(START_US)
    peer: Any = kit.emulator(clock)
    talk = kit.uploads.talk if kit.uploads else None
    assert talk is not None
    told: list[bytes] = []
    waiting: list[bytes] = []
    notes: dict[str, str] = {}
    cargo = _prepare(kit)
    runner = TalkRunner(lambda heard: talk(cargo, heard, _host(kit, notes)))

    def perform(steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case Say(data=data):
                    peer.heard(data)
                case Remember(key=key, value=value):
                    notes[key] = value
                case Reset():
                    peer.closed()
                    peer.opened(waiting.append)
                    waiting.clear()
                    runner.heard.take_all()
                case _ if hasattr(step, "baud") and isinstance(peer, BaudPeer):
                    peer.set_baud(step.baud)

    if isinstance(peer, BaudPeer):
        peer.set_baud(kit.baud)
    peer.opened(waiting.append)
    perform(runner.start(clock.now_us()))
    for _ in range(RECORD_TURNS):
        if runner.ended:
            break
        if waiting:
            told.append(waiting.pop(0))
            perform(runner.received(told[-1], clock.now_us()))
        else:
            clock.advance(us=TICK_US)
            peer.tick()
            perform(runner.tick(clock.now_us()))
    assert runner.ended, f"{kit.id}: the upload to its emulator never ends"
    assert runner.error is None, f"{kit.id}: {runner.error}"
    return told


def _host(kit: Kit, notes: dict[str, str] | None = None) -> Host:
    usb = (kit.usb[0].vid, kit.usb[0].pid) if kit.usb else None
    return Host("room", "0badcafe", notes or {}, "/dev/ttyACM0", usb)


def _lines(capture: bytes) -> list[bytes]:
    return [capture[at : at + 64] for at in range(0, len(capture), 64)][:64]


def _words(kit: Kit) -> list[list[bytes]]:
    """Commands with payloads of every shape."""
    payloads = ("", "true", "3", "program", '{"box": "go", "value": 2}', '{"armed": true, "token": "a1"}')
    more = ('{"pin": 13, "value": 1}', '{"pin": 3, "mode": "pwm"}', '{"lanes": [1, 2]}', "[1]", "Robot 3")
    places = [f"{command.node}/{command.key}" for command in kit.commands]
    return [[f"{place} {payload}".encode() for payload in (*payloads, *more)] for place in places]


def _program(suffix: str) -> bytes:
    if suffix in PROGRAMS:
        return PROGRAMS[suffix]
    return next(SAMPLES.rglob(f"*{suffix}")).read_bytes()
