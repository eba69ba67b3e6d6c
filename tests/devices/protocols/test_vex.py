"""Packets of VEX brains, held against the frames that pros-cli and its users have shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.vex import (
    Command,
    ExtendedPacket,
    Packet,
    Simple,
    SimplePacket,
    crc16,
    crc32,
    format_answer,
    format_question,
)
from devices.protocols.vex_files import (
    FileEntry,
    Flags,
    Plugged,
    SystemStatus,
    SystemVersion,
    Transfer,
    Window,
    pack_name,
    pack_window,
    parse_devices,
    parse_file,
    parse_flags,
    parse_name,
    parse_system,
    parse_transfer,
    parse_version,
    parse_window,
)
from devices.protocols.vex_stream import BODY_MAX, BadQuestion, PacketReader

# From an issue of pros-cli (number 159): a question for the system's status, and a V5's answer to it.
ASKED = bytes.fromhex("C9 36 B8 47 56 22 00 60 FC")
ANSWERED = bytes.fromhex(
    "AA 55 56 29 22 76 00 01 00 0D 00 01 00 00 24 01 00 0D 35 06 00 00 00 00 28 18 BE 00 03 02 00 21"
    "00 00 00 01 00 1B 00 01 01 00 07 72 22"
)

bodies = st.binary(max_size=400) | st.binary(min_size=2040, max_size=2060)
packets = st.builds(ExtendedPacket, st.sampled_from(list(Command)), bodies)


def read(data: bytes, **how) -> list:
    return PacketReader(**how).feed(data)


def test_the_checksums_are_those_of_vex():
    assert crc16(b"123456789") == 0x31C3
    assert crc16(ANSWERED) == 0
    assert crc32(b"123456789") == 0x89A1897F
    assert crc32(b"") == 0


def test_the_question_that_was_posted_is_ours():
    assert format_question(ExtendedPacket(Command.SYSTEM)) == ASKED
    assert read(ASKED, questions=True) == [ExtendedPacket(Command.SYSTEM)]


def test_the_answer_that_was_posted_is_understood():
    (answer,) = read(ANSWERED)
    assert (answer.command, answer.ack) == (Command.SYSTEM, 0x76)
    assert parse_system(answer.data) == SystemStatus((1, 0, 13, 0), "BE182800")
    assert format_answer(answer) == ANSWERED


def test_a_version_tells_what_is_there():
    (answer,) = read(bytes.fromhex("AA 55 A4 08 01 00 0D 02 00 11 02 00"))
    version = parse_version(answer.payload)
    assert version == SystemVersion((1, 0, 13, 2), 0x11, 0x02)
    assert version.text == "1.0.13-2"
    assert format_question(SimplePacket(Simple.VERSION)) == bytes.fromhex("C936B847A4")


def test_a_long_body_has_two_bytes_of_length():
    question = format_question(ExtendedPacket(Command.WRITE, bytes(0x804)))
    assert question[:8] == bytes.fromhex("C936B847 56 13 88 04")
    assert len(question) == 8 + 0x804 + 2
    assert read(question, questions=True) == [ExtendedPacket(Command.WRITE, bytes(0x804))]


def test_a_file_begins_as_pros_cli_begins_it():
    transfer = Transfer(1, "slot_1.bin", 0x1234, 0x0380_0000, 0x89A1897F, b"bin\0", 5)
    packed = transfer.pack()
    assert packed.hex() == (
        "01010101" "34120000" "00008003" "7f89a189" "62696e00" "05000000" "00000001"
        "736c6f745f312e62696e" + 14 * "00"
    )  # fmt: skip
    assert parse_transfer(packed) == transfer
    assert parse_window(pack_window(Window(4096, 9, 7))) == Window(4096, 9, 7)


def test_a_file_is_told_as_pros_cli_reads_it():
    entry = FileEntry(3, 10, 0x0380_0000, 1, b"ini\0", 2, 3, "slot_2.ini")
    assert parse_file(entry.pack()) == entry
    assert len(entry.pack()) == 49
    assert parse_file(b"\xff" + bytes(48)) is None
    assert parse_file(entry.pack()[:-1]) is None


def test_flags_and_ports_are_read():
    assert parse_flags(bytes.fromhex("00000000 a3 00 02")) == Flags(80, 2)
    assert parse_flags(bytes.fromhex("00000000 f0 00 00")) == Flags(100, 0)
    assert parse_devices(bytes.fromhex("02 0102010000010001 1506010000010001")) == (
        Plugged(1, 2),
        Plugged(21, 6),
    )
    assert parse_devices(b"\2" + bytes(15)) is None


def test_names_end_at_their_first_nul_and_are_ascii():
    assert pack_name(1, 0, "slot_1.bin")[2:] == b"slot_1.bin" + bytes(14)
    assert parse_name(b"slot_1.bin\0rest") == "slot_1.bin"
    assert parse_name("сәлем".encode()) is None


@given(packets, st.integers(0, 40))
def test_a_packet_is_found_in_noise_and_comes_whole(packet, noise):
    said = bytes(noise) + format_answer(packet) + bytes(noise)
    assert read(said) == [packet]
    assert read(format_question(packet), questions=True) == [packet]


@given(st.lists(packets, max_size=4), st.lists(st.integers(1, 60)))
def test_any_split_gives_the_same(asked: list[Packet], cuts):
    data = b"".join(format_answer(packet) for packet in asked)
    reader, at, found = PacketReader(), 0, []
    for cut in [*cuts, len(data)]:
        found += reader.feed(data[at : at + cut])
        at += cut
    assert found == asked
    assert reader.kept_bytes == 0


@given(packets, packets, st.data())
def test_a_damaged_packet_never_hides_the_next(first, second, data):
    said = format_answer(first)
    place = data.draw(st.integers(0, len(said) - 1))
    damaged = bytearray(said)
    damaged[place] ^= data.draw(st.integers(1, 255))
    reader = PacketReader()
    found = reader.feed(bytes(damaged) + format_answer(second) + bytes(BODY_MAX + 8))
    extended = [packet for packet in found if isinstance(packet, ExtendedPacket)]
    assert first not in extended or first == second
    if place < 3 or place > 5:
        assert second in extended


@given(st.lists(st.binary(max_size=300) | st.sampled_from([b"\xaa\x55\x56", b"\xc9\x36\xb8\x47\x56\x13"])))
def test_random_bytes_neither_crash_nor_pile_up(chunks):
    for questions in (False, True):
        reader = PacketReader(questions=questions)
        for chunk in chunks:
            reader.feed(chunk)
            assert reader.kept_bytes <= BODY_MAX + 10


@given(st.binary(max_size=60))
def test_random_bodies_are_read_or_refused(body):
    for parse in (parse_version, parse_system, parse_flags, parse_devices, parse_window, parse_file):
        parse(body)
    parse_transfer(body)
    parse_name(body)


def test_a_question_with_a_wrong_checksum_is_known_as_such():
    asked = bytearray(ASKED)
    asked[-1] ^= 1
    assert read(bytes(asked) + ASKED, questions=True) == [
        BadQuestion(Command.SYSTEM),
        ExtendedPacket(Command.SYSTEM),
    ]


@pytest.mark.parametrize("length", [bytes.fromhex("ffff"), bytes.fromhex("9099")])
def test_a_length_that_cannot_be_is_no_packet(length):
    assert read(b"\xaa\x55\x56" + length + ANSWERED)[0].command == Command.SYSTEM
