"""The emulated brain keeps the rules of a real one: a tool that breaks them is refused as by a brain."""

import struct

import pytest

from devices.kits.vex_v5.emulator import V5Emulator
from devices.protocols.vex import (
    Ack,
    Command,
    ExtendedPacket,
    Packet,
    Simple,
    SimplePacket,
    crc32,
    format_question,
)
from devices.protocols.vex_files import ADDRESS, READ, WRITE, Transfer, Window, pack_name, parse_window
from devices.protocols.vex_stream import PacketReader

DATA = bytes(range(10))


class Bench:
    """A host that asks one thing after the other."""

    def __init__(self, **brain) -> None:
        self.brain = V5Emulator(**brain)
        self.heard: list[bytes] = []
        self.brain.opened(self.heard.append)

    def ask(self, packet: Packet) -> Packet | None:
        self.heard.clear()
        self.brain.heard(format_question(packet))
        found = PacketReader().feed(b"".join(self.heard))
        return found[0] if found else None

    def told(self, command: int, body: bytes = b"") -> ExtendedPacket:
        answer = self.ask(ExtendedPacket(command, body))
        assert isinstance(answer, ExtendedPacket)
        return answer

    def ack(self, command: int, body: bytes = b"") -> int:
        return self.told(command, body).ack

    def begin(self, name: str = "a.bin", function: int = WRITE, options: int = 1, length: int = 10) -> int:
        transfer = Transfer(function, name, length, ADDRESS, crc32(DATA), b"bin\0", 5, options=options)
        return self.ack(Command.INIT, transfer.pack())

    def write(self, at: int, data: bytes) -> int:
        return self.ack(Command.WRITE, struct.pack("<I", ADDRESS + at) + data)

    def put(self, name: str = "a.bin", exit_with: int = 0) -> int:
        assert self.begin(name) == Ack.OK
        assert self.write(0, DATA + b"\0\0") == Ack.OK
        return self.ack(Command.EXIT, bytes((exit_with,)))


def test_a_file_is_kept_once_its_checksum_is_right():
    bench = Bench()
    assert bench.put() == Ack.OK
    assert bench.brain.files[1, "a.bin"].data == DATA
    assert bench.brain.brain.running is None
    assert bench.put(exit_with=1) == Ack.OK
    assert bench.brain.brain.running == "a.bin"


@pytest.mark.parametrize(
    ("at", "data", "ack"),
    [
        (0, b"abc", Ack.ALIGNMENT),
        (4, b"abcd", Ack.ADDRESS),
        (0, bytes(16), Ack.TOO_MUCH),
        (0, bytes(4100), Ack.TOO_MUCH),
    ],
)
def test_a_wrong_chunk_is_refused(at, data, ack):
    bench = Bench()
    assert bench.begin() == Ack.OK
    assert bench.write(at, data) == ack
    assert bench.write(0, DATA[:8]) == Ack.OK


def test_a_file_that_is_not_whole_or_not_right_is_not_kept():
    bench = Bench()
    bench.begin()
    bench.write(0, DATA[:8])
    assert bench.ack(Command.EXIT, b"\0") == Ack.INCOMPLETE
    bench.begin()
    bench.write(0, bytes(12))
    assert bench.ack(Command.EXIT, b"\0") == Ack.PROGRAM_CRC
    assert bench.brain.files == {}


def test_nothing_goes_without_a_beginning():
    bench = Bench()
    assert bench.write(0, b"abcd") == Ack.UNINITIALIZED
    assert bench.ack(Command.EXIT, b"\0") == Ack.UNINITIALIZED
    assert bench.ack(Command.READ, struct.pack("<IH", ADDRESS, 4)) == Ack.UNINITIALIZED
    assert bench.ack(Command.LINK, pack_name(1, 0, "x")) == Ack.UNINITIALIZED
    assert bench.begin(function=9) == Ack.BAD_INIT
    assert bench.ack(Command.INIT, b"short") == Ack.LENGTH
    assert bench.ack(Command.COUNT) == Ack.LENGTH


def test_a_file_that_may_not_be_replaced_exists_and_a_big_one_is_too_big():
    bench = Bench(free=100)
    bench.put()
    assert bench.begin(options=0) == Ack.EXISTS
    assert bench.begin(length=101) == Ack.FULL


def test_a_file_is_read_back_in_whole_words_without_an_ack():
    bench = Bench()
    bench.put()
    transfer = Transfer(READ, "a.bin", 0, ADDRESS, 0, b"bin\0", 0)
    assert parse_window(bench.told(Command.INIT, transfer.pack()).data) == Window(4096, 10, crc32(DATA))
    read = bench.told(Command.READ, struct.pack("<IH", ADDRESS, 12))
    assert read.body == struct.pack("<I", ADDRESS) + DATA + b"\xff\xff"
    assert bench.ack(Command.READ, struct.pack("<IH", ADDRESS, 3)) == Ack.ALIGNMENT
    assert bench.ack(Command.READ, struct.pack("<IH", ADDRESS, 5000)) == Ack.TOO_MUCH
    assert bench.ack(Command.READ, struct.pack("<IH", ADDRESS - 4, 4)) == Ack.ADDRESS
    assert bench.ack(Command.EXIT, b"\0") == Ack.OK


def test_files_are_deleted_alone_or_with_all_of_their_name():
    bench = Bench()
    for name in ("a.bin", "a.ini", "b.bin"):
        bench.put(name)
    assert bench.ack(Command.ERASE, pack_name(1, 0, "b.bin")) == Ack.OK
    assert bench.ack(Command.EXIT, b"\0") == Ack.OK
    assert bench.ack(Command.ERASE, pack_name(1, 0x80, "a.bin")) == Ack.OK
    assert bench.brain.files == {}
    assert bench.ack(Command.ERASE, pack_name(1, 0, "a.bin")) == Ack.NO_ENTRY
    assert bench.ack(Command.ENTRY, b"\x07\0") == Ack.NO_ENTRY


def test_what_a_brain_does_not_know_is_refused_and_old_questions_are_answered():
    bench = Bench()
    assert bench.ack(0xFE) == Ack.NACK
    assert bench.ack(Command.CHANNEL, b"\1\1") == Ack.NACK
    assert bench.ask(SimplePacket(Simple.STATUS)) == SimplePacket(Simple.STATUS, bytes(10))
    assert bench.ask(SimplePacket(0x99)) is None
