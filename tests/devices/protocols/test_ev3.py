"""EV3 frames, system commands, mailboxes and byte code, held against LEGO's own examples."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import ev3
from devices.protocols import ev3_bytecode as bytecode
from devices.protocols.ev3 import Entry, Frame, FrameReader, SystemReply, Type, format_frame
from devices.protocols.ev3_bytecode import Direct
from devices.protocols.ev3_mailbox import Mail, encode, parse_mail, write_mailbox

PATH = "../apps/tst/tst.rbf"


@pytest.mark.parametrize(
    ("frame", "published"),
    [
        (
            format_frame(0x1234, Type.SYSTEM, ev3.begin_download(PATH, 0x11223344)),
            "1c00 3412 01 92 44332211 2e2e2f617070732f7473742f7473742e72626600",
        ),
        (Direct(b"\xa4\x00\x01\x14\xa6\x00\x01").frame(1, reply=False), "0c00 0100 80 0000 a4000114a60001"),
        (Direct(b"\x98\x04\x60\x64", 5).frame(2), "0900 0200 00 0500 98046064"),
        (Direct(b"\x3a\x83\x01\x00\x00\x00\x60", 4).frame(3), "0c00 0300 00 0400 3a830100000060"),
        (bytecode.stop_program().frame(4, reply=False), "0700 0400 80 0100 0201"),
        (
            bytecode.start_program("../a/a.rbf").frame(5),
            "1d00 0500 00 0800 c00882010084 2e2e2f612f612e72626600 6064 0301606400",
        ),
    ],
    ids=["download", "motor", "devices", "constant", "stop", "start"],
)
def test_frames_are_those_that_lego_publishes(frame, published):
    assert frame == bytes.fromhex(published)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "00"), (31, "1f"), (-1, "3f"), (32, "8120"), (-32, "81e0"), (880, "827003"), (70000, "8370110100")],
)
def test_a_constant_takes_the_fewest_bytes(value, encoded):
    assert bytecode.const(value).hex() == encoded


def test_variables_beyond_the_first_32_bytes_have_a_byte_of_their_own():
    assert (bytecode.variable(31), bytecode.variable(48)) == (b"\x7f", b"\xe1\x30")
    assert (bytecode.variable(4, local=True), bytecode.variable(48, local=True)) == (b"\x44", b"\xc1\x30")


def test_an_image_is_the_one_that_ev3duder_makes_of_a_command():
    """Vector: ev3duder's `mkrbf`, which starts a program of Linux and waits a second."""
    code = b"\x60\x80ls\0\x44\x85\x82\xe8\x03\x40\x86\x40\x0a"
    made = bytecode.image(code, local_bytes=8)
    published = "4c45474f 2a000000 6800 0100 00000000 1c000000 0000 0000 08000000"
    assert made == bytes.fromhex(published) + code
    assert bytecode.image_bytes(made) == len(made)
    assert bytecode.image_bytes(b"LEGO") is None


def test_a_reply_says_how_a_system_command_ended():
    frame = Frame(7, Type.SYSTEM_REPLY, b"\x93\x08\x03")
    assert ev3.parse_system_reply(frame) == SystemReply(0x93, 8, b"\x03")
    assert ev3.parse_system_reply(Frame(7, Type.DIRECT_REPLY, b"\x93\x08")) is None
    assert not SystemReply(0x92, 9, b"").is_good


def test_a_listing_comes_back_as_it_was():
    listing = ev3.format_listing(["..", "follower"], {"a b.rbf": b"LEGO"})
    assert ev3.parse_listing(listing) == (
        Entry(".."),
        Entry("follower"),
        Entry("a b.rbf", 4, "045AB0F2A6744CAB9DF05F98D3B0D0AF"),
    )


@pytest.mark.parametrize("content", ["go", True, False, 12.5, -3.0])
def test_mail_comes_back_as_it_was(content):
    frame = Frame(0, Type.SYSTEM | Type.NO_REPLY, write_mailbox("box", encode(content)))
    mail = parse_mail(frame)
    assert (mail, mail.content) == (Mail("box", encode(content)), content)


def test_mail_of_a_program_is_laid_out_as_lego_describes_it():
    frame = format_frame(1, Type.SYSTEM | Type.NO_REPLY, write_mailbox("abc", b"hi\0"))
    assert frame == bytes.fromhex("0e00 0100 81 9e 04 61626300 0300 686900")


def test_a_number_that_is_none_is_told_in_hex():
    assert Mail("box", struct.pack("<f", float("nan"))).content == "0000c07f"
    assert Mail("box", b"\xff\xfe").content == "fffe"


frames = st.builds(
    format_frame, st.integers(0, 0xFFFF), st.integers(0, 255), st.binary(max_size=ev3.CHUNK_BYTES)
)


@given(st.lists(frames, max_size=5), st.data())
def test_frames_are_found_however_they_are_cut(sent, data):
    line = b"".join(sent)
    reader, found = FrameReader(), []
    while line:
        size = data.draw(st.integers(1, len(line)))
        found += reader.feed(line[:size])
        line = line[size:]
    assert [format_frame(one.counter, one.type, one.body) for one in found] == sent
    assert reader.kept_bytes == 0


@given(st.lists(st.binary(max_size=3000), max_size=8))
def test_noise_never_fails_and_never_grows(chunks):
    reader = FrameReader()
    for chunk in chunks:
        for frame in reader.feed(chunk):
            parse_mail(frame)
            ev3.parse_system_reply(frame)
        assert reader.kept_bytes < ev3.FRAME_BYTES_MAX


def test_after_a_length_that_cannot_be_everything_is_dropped_until_the_line_is_cleared():
    reader, good = FrameReader(), format_frame(1, Type.DIRECT_REPLY, b"x")
    assert reader.feed(b"\xff\xff" + good) == []
    assert reader.feed(good) == []
    reader.clear()
    assert reader.feed(good) == [Frame(1, Type.DIRECT_REPLY, b"x")]


@given(st.binary(max_size=400))
def test_listings_of_noise_are_no_listings(noise):
    ev3.parse_listing(noise)
