"""Frames of LEGO hubs, held against published vectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.spike_cobs import (
    BrokenFrame,
    Frame,
    FrameError,
    FrameReader,
    decode,
    encode,
    frame_bytes_max,
)

# Messages and frames published by LEGO (SPIKE Prime protocol documentation, its own tests) and by
# the Pybricks firmware's unit test, plus the commands of both protocols.
LEGO_ESCAPES = (
    "0001020304050600010203040554ea36002d170c",
    "0054a8040007060554a80a00070657e935052e140f02",
)
LEGO_NOTHING_TO_ESCAPE = ("fffedfd57daf64613615412d", "0cfcfddcd67eac67623516422e02")
LEGO_LONG_BLOCKS = (
    "0a03003d5b9700b9d95770c3ddcfd8283fdcfd2af855c3af067eb53217aefaff03b71ee00e02c75639e300f2eaffc2f3"
    "6ba269ebfbb14d495dbb7a95ebabd5075db14fb32bf40031f30a2ed312626b45868ac41386605f8c3695bb951b46d84f"
    "75057bedf9c4cfa77236e7a6d5cdcb763de076596b2c0b8d446c175b1912472a32d4974a4c8896981c2d91beace081a3"
    "52a2edb5476f5c9ab2d000656c500bad215e05fdb7c00ed716da7ff529756b1f752c",
    "060900053e5894cabada5473c0deccdb2b3cdffe29fb56c0ac057db63114adf9fc00b41de30d04c4553ae01df1e9fcc1"
    "f068a16ae8f8b24e4a5eb87996e8a8d6045eb24cb028f75532f0092dd0116168468589c71085635c8f3596b8961845db"
    "4c760678eefac7cca47135e4a5d6cec8753ee3755a682f088e476f14581a11442931d794494f8b959b1f2e92bdafe382"
    "a051a1eeb6446c5f99b1d319666f5308ae225d06feb4c30dd415d97cf62a76681c762f02",
)
VECTORS = [
    ("", "0002"),
    ("00", "000002"),
    ("01", "540002"),
    ("02", "a80002"),
    (b"ABC".hex(), "0542414002"),
    ("4600", "07450002"),
    ("0101", "54540002"),
    ("0301002a", "5b0000072902"),
    ("020100", "a854000002"),
    LEGO_ESCAPES,
    LEGO_NOTHING_TO_ESCAPE,
    LEGO_LONG_BLOCKS,
]

MESSAGES = st.binary(max_size=400) | st.lists(st.sampled_from(b"\0\1\2\3\xff"), max_size=400).map(bytes)


@pytest.mark.parametrize(("message", "frame"), VECTORS)
def test_published_vectors_hold_both_ways(message, frame):
    assert encode(bytes.fromhex(message)).hex() == frame
    assert decode(bytes.fromhex(frame)).hex() == message


@pytest.mark.parametrize("length", [82, 83, 84, 85, 167, 168, 169])
def test_long_blocks_without_anything_to_hide(length):
    message = b"A" * length
    assert decode(encode(message)) == message
    assert len(encode(message)) == frame_bytes_max(length) + 1


def test_an_urgent_frame_begins_with_01():
    assert encode(b"ABC", urgent=True).hex() == "010542414002"
    assert decode(bytes.fromhex("010542414002")) == b"ABC"


@given(MESSAGES)
def test_a_frame_has_no_control_bytes_and_gives_its_message_back(message):
    frame = encode(message)
    assert not set(frame[:-1]) & {1, 2, 3}
    assert len(frame) - 1 <= frame_bytes_max(len(message))
    assert decode(frame) == message


@given(st.lists(st.tuples(MESSAGES, st.booleans()), max_size=6), st.data())
def test_frames_come_whole_however_they_are_split(messages, data):
    stream = b"\x02" + b"".join(encode(message, urgent=urgent) for message, urgent in messages)
    reader, frames, at = FrameReader(400), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, 40))
        frames += reader.feed(stream[at : at + size])
        at += size
    assert frames == [Frame(message, urgent) for message, urgent in messages]
    assert reader.kept_bytes == 0


def test_an_urgent_frame_in_the_middle_of_another():
    ordinary = encode(b"a long console line")
    reader = FrameReader()
    stream = ordinary[:7] + encode(b"now", urgent=True) + ordinary[7:]
    assert reader.feed(stream) == [Frame(b"now", urgent=True), Frame(b"a long console line")]


def test_a_second_01_throws_away_what_was_begun():
    reader = FrameReader()
    stream = b"\x41\x42" + b"\x01\x50\x51" + encode(b"now", urgent=True) + encode(b"next")
    assert reader.feed(stream) == [
        BrokenFrame("interrupted", b"\x50\x51"),
        Frame(b"now", urgent=True),
        Frame(b"next"),
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "torn"),
        ("054241", "torn"),
        ("54", "torn"),
        ("05420340", "control"),
        ("01", "torn"),
    ],
)
def test_what_is_no_frame_is_refused(raw, code):
    with pytest.raises(FrameError) as refused:
        decode(bytes.fromhex(raw))
    assert refused.value.code == code


def test_a_code_word_below_three_is_refused():
    with pytest.raises(FrameError) as refused:
        decode(bytes.fromhex("000102"))
    assert refused.value.code == "code_word"


def test_a_lost_byte_costs_one_frame():
    reader = FrameReader()
    assert reader.feed(encode(b"ABC")[1:] + encode(b"next")) == [
        BrokenFrame("torn", bytes.fromhex("424140")),
        Frame(b"next"),
    ]


def test_a_flood_without_an_end_is_cut_and_the_next_frame_is_whole():
    reader = FrameReader(100)
    for _ in range(50):
        assert reader.feed(b">>> " * 200) == []
        assert reader.kept_bytes == frame_bytes_max(100)
    assert reader.feed(b"\x02" + encode(b"next")) == [
        BrokenFrame("long", (b">>> " * 200)[: frame_bytes_max(100)]),
        Frame(b"next"),
    ]


@given(st.binary(max_size=600), st.integers(1, 64))
def test_any_bytes_are_taken_and_little_is_kept(data, size):
    reader = FrameReader(64)
    for at in range(0, len(data), size):
        for frame in reader.feed(data[at : at + size]):
            assert len(frame.message if isinstance(frame, Frame) else frame.raw) <= frame_bytes_max(64)
        assert reader.kept_bytes <= 2 * frame_bytes_max(64)


@given(MESSAGES.filter(bool), st.data())
def test_a_truncated_frame_is_a_beginning_of_its_message_or_is_refused(message, data):
    frame = encode(message)[:-1]
    reader = FrameReader()
    (cut,) = reader.feed(frame[: data.draw(st.integers(1, len(frame) - 1))] + b"\x02")
    assert cut.code == "torn" if isinstance(cut, BrokenFrame) else message.startswith(cut.message)
