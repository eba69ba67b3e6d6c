"""Classic COBS, held against published vectors."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.protocols.cobs import CobsError, decode, encode

RUN = bytes(range(1, 255))
VECTORS = [
    (b"", "01 00"),
    (b"\0", "01 01 00"),
    (b"\0\0", "01 01 01 00"),
    (b"\0\x11\0", "01 02 11 01 00"),
    (b"\x11\x22\0\x33", "03 11 22 02 33 00"),
    (b"\x11\x22\x33\x44", "05 11 22 33 44 00"),
    (b"\x11\0\0\0", "02 11 01 01 01 00"),
    (RUN, "ff" + RUN.hex() + "00"),
    (b"\0" + RUN, "01 ff" + RUN.hex() + "00"),
    (RUN + b"\xff", "ff" + RUN.hex() + "02 ff 00"),
    (RUN[1:] + b"\xff\0", "ff" + (RUN[1:] + b"\xff").hex() + "01 01 00"),
    (RUN[2:] + b"\xff\0\1", "fe" + (RUN[2:] + b"\xff").hex() + "02 01 00"),
    (b"southello\n", "0b 736f757468656c6c6f0a 00"),
]


@pytest.mark.parametrize(("message", "frame"), VECTORS)
def test_published_vectors_hold_both_ways(message, frame):
    assert encode(message).hex() == frame.replace(" ", "")
    assert decode(bytes.fromhex(frame)) == message


@given(st.binary(max_size=1200) | st.lists(st.sampled_from(b"\0\1\xff"), max_size=1200).map(bytes))
@example(RUN * 3)
@example(RUN + b"\0")
def test_a_frame_has_no_zero_and_comes_back(message):
    frame = encode(message)
    assert frame.count(0) == 1
    assert frame[-1] == 0
    assert decode(frame) == message


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_an_error(raw):
    with contextlib.suppress(CobsError):
        assert decode(encode(decode(raw))) == decode(raw)


@pytest.mark.parametrize("raw", [b"", b"\0", b"\x05abc", b"\x02a\x03b", b"\x01\x00\x01"])
def test_what_is_torn_is_no_frame(raw):
    with pytest.raises(CobsError):
        decode(raw)
