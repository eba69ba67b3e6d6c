"""Runs direct commands on an emulated EV3."""

import math
import struct
from collections.abc import Callable, Mapping

from devices.kits.ev3.brick_vm import BrickMachine, ByteCodeError
from devices.kits.ev3.ports import Plugged
from devices.protocols.ev3_bytecode import RUNNING

STOPPED = 0x40


class CodeRun:
    """One direct command on its way through the machine."""

    def __init__(self, machine: BrickMachine, code: bytes, globals_: int, locals_: int) -> None:
        self._machine = machine
        self._code = code
        self._at = 0
        self._memory = {False: bytearray(globals_), True: bytearray(locals_)}
        self.image = ""

    def run(self) -> bytes:
        """Global variables after the byte codes. Raises ByteCodeError."""
        while self._at < len(self._code):
            do = _OPS.get(self.byte())
            if do is None:
                raise ByteCodeError
            do(self, self._machine)
        return bytes(self._memory[False])

    def byte(self) -> int:
        """The next one."""
        if self._at >= len(self._code):
            raise ByteCodeError
        self._at += 1
        return self._code[self._at - 1]

    def number(self) -> int:
        """A constant."""
        kind = self.byte()
        if kind & 0x40:
            raise ByteCodeError
        if not kind & 0x80:
            return (kind & 0x1F) - (kind & 0x20)
        size = {1: 1, 2: 2, 3: 4}.get(kind & 0x07)
        if size is None:
            raise ByteCodeError
        return int.from_bytes(bytes(self.byte() for _ in range(size)), "little", signed=True)

    def string(self) -> str:
        """A constant text."""
        if self.byte() not in (0x80, 0x84):
            raise ByteCodeError
        end = self._code.find(b"\0", self._at)
        if end < 0:
            raise ByteCodeError
        told = self._code[self._at : end]
        self._at = end + 1
        return told.decode("utf-8", "replace")

    def put(self, data: bytes) -> None:
        """Into the variable that comes next."""
        kind = self.byte()
        if not kind & 0x40:
            raise ByteCodeError
        at = kind & 0x1F if not kind & 0x80 else self.byte()
        memory = self._memory[not kind & 0x20]
        if at + len(data) > len(memory):
            raise ByteCodeError
        memory[at : at + len(data)] = data

    def put_text(self, value: str, length: int | None = None) -> None:
        """A string into the variable that comes next; its length is told before it."""
        size = self.number() if length is None else length
        self.put(value.encode()[: max(0, size - 1)].ljust(size, b"\0"))


def _ui_read(run: CodeRun, brick: BrickMachine) -> None:
    match run.number():
        case 1:
            run.put(struct.pack("<f", brick.volts))
        case 2:
            run.put(struct.pack("<f", 0.18))
        case 18:
            run.put(bytes((brick.percent,)))
        case 3:
            run.put_text("Linux 2.6.33-rc4")
        case 9:
            run.put_text("V0.60")
        case 10:
            run.put_text(brick.firmware)
        case 11:
            run.put_text("1512030906")
        case 12:
            run.put_text("1212131117")
        case _:
            raise ByteCodeError


def _com_get(run: CodeRun, brick: BrickMachine) -> None:
    match run.number():
        case 12 if run.number() == 2:
            run.put_text(brick.address)
        case 13:
            run.put_text(brick.name)
        case 14:
            run.number()
            size = run.number()
            for value in ("SCHOOL", brick.address, "192.168.0.7"):
                run.put_text(value, size)
        case _:
            raise ByteCodeError


def _input_device(run: CodeRun, brick: BrickMachine) -> None:
    command, _, number = run.number(), run.number(), run.number()
    match command:
        case 5:
            plugged = brick.port(number)
            run.put(bytes((plugged.type,)))
            run.put(bytes((plugged.mode,)))
        case 28 | 29:
            kind, mode, count = run.number(), run.number(), run.number()
            value, there = brick.value(number), brick.port(number)
            if command == 28:
                raw = (
                    0
                    if math.isnan(value)
                    else int(value * Plugged(kind or there.type, max(mode, 0)).raw_per_si)
                )
                run.put(struct.pack("<i", raw))
            else:
                run.put(struct.pack("<f", value))
            for _ in range(count - 1):
                run.put(struct.pack("<f", math.nan))
        case _:
            raise ByteCodeError


def _input_read_si(run: CodeRun, brick: BrickMachine) -> None:
    _, number, _, _ = run.number(), run.number(), run.number(), run.number()
    run.put(struct.pack("<f", brick.value(number)))


def _device_list(run: CodeRun, brick: BrickMachine) -> None:
    size = run.number()
    run.put(bytes(brick.port(number).type for number in range(size)))
    run.put(b"\1")


def _file(run: CodeRun, brick: BrickMachine) -> None:
    if run.number() != 8:
        raise ByteCodeError
    run.number()
    run.image = run.string()
    if brick.read(run.image) is None:
        raise ByteCodeError
    run.put(struct.pack("<I", 4096))
    run.put(struct.pack("<I", 1))


def _program_start(run: CodeRun, brick: BrickMachine) -> None:
    run.number()
    run.byte()
    run.byte()
    run.number()
    brick.start(run.image)


def _program_stop(run: CodeRun, brick: BrickMachine) -> None:
    run.number()
    brick.stop()


def _program_info(run: CodeRun, brick: BrickMachine) -> None:
    if run.number() != 22:
        raise ByteCodeError
    run.number()
    run.put(bytes((RUNNING if brick.running else STOPPED,)))


def _info(run: CodeRun, _: BrickMachine) -> None:
    command = run.number()
    if command not in (4, 6):
        raise ByteCodeError
    run.put(bytes((100 if command == 4 else 30,)))


def _sound(run: CodeRun, brick: BrickMachine) -> None:
    if run.number() != 1:
        raise ByteCodeError
    _, hertz, ms = run.number(), run.number(), run.number()
    brick.tones.append((hertz, ms))


def _memory_usage(run: CodeRun, brick: BrickMachine) -> None:
    run.put(struct.pack("<I", 6000))
    run.put(struct.pack("<I", brick.free_kb()))


def _get_count(run: CodeRun, brick: BrickMachine) -> None:
    _, number = run.number(), run.number()
    if not 0 <= number < 4:
        raise ByteCodeError
    run.put(struct.pack("<i", int(brick.angles[number])))


def _power(run: CodeRun, brick: BrickMachine) -> None:
    _, ports, power = run.number(), run.number(), run.number()
    for port in range(4):
        if ports >> port & 1:
            brick.powers[port] = power


def _start_motors(run: CodeRun, brick: BrickMachine) -> None:
    _, ports = run.number(), run.number()
    brick.powered = [on or bool(ports >> port & 1) for port, on in enumerate(brick.powered)]


def _stop_motors(run: CodeRun, brick: BrickMachine) -> None:
    _, ports, _ = run.number(), run.number(), run.number()
    brick.powered = [on and not ports >> port & 1 for port, on in enumerate(brick.powered)]


_OPS: Mapping[int, Callable[[CodeRun, BrickMachine], None]] = {
    0x01: lambda run, brick: None,
    0x02: _program_stop,
    0x03: _program_start,
    0x0C: _program_info,
    0x7C: _info,
    0x81: _ui_read,
    0x94: _sound,
    0x98: _device_list,
    0x99: _input_device,
    0x9D: _input_read_si,
    0xA3: _stop_motors,
    0xA4: _power,
    0xA5: _power,
    0xA6: _start_motors,
    0xB3: _get_count,
    0xC0: _file,
    0xC5: _memory_usage,
    0xD3: _com_get,
}
