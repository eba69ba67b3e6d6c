"""HEX files: read whole or refused with the line, never half understood."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.intel_hex import HexError, HexImage, Page, parse_intel_hex
from tests.intel_hex import format_intel_hex

BLINK = b":100000000C945C000C946E000C946E000C946E00CA\r\n:020010001234A8\r\n:00000001FF\r\n"
DAMAGED = [
    (b"", 1, "no_end"),
    (b"hello\n", 1, "no_colon"),
    (b":00000001F\n", 1, "not_hex"),
    (b":0000\xd0\xb001FF\n", 1, "not_hex"),
    (b":0200000012\n", 1, "length"),
    (b":020000001234B9\n:00000001FF\n", 1, "checksum"),
    (b":020000001234B8\n:00000009F7\n", 2, "unknown_record"),
    (b":020000001234B8\n:020000001235B7\n", 2, "overlap"),
    (b":020000001234B8\n", 2, "no_end"),
    (b":0100000400FB\n", 1, "length"),
]


def test_a_file_is_read_to_its_end_record():
    read = parse_intel_hex(BLINK + b"what follows does not count")
    assert bytes(read.cells[at] for at in range(read.end)).hex() == "0c945c000c946e000c946e000c946e001234"


def test_pages_are_those_that_the_file_touches_and_open_places_are_erased():
    image = HexImage({2: 0x12, 9: 0x34, 40: 0xFF})
    assert image.pages(8) == (
        Page(0, bytes.fromhex("ffff12ffffffffff")),
        Page(8, bytes.fromhex("ff34ffffffffffff")),
        Page(40, b"\xff" * 8),
    )
    assert image.end == 41


def test_extended_addresses_move_what_follows():
    read = parse_intel_hex(
        b":020000021000EC\n:0100000001FE\n:020000040002F8\n:0100000002FD\n:0400000300003800C1\n:00000001FF\n"
    )
    assert read.cells == {0x10000: 1, 0x20000: 2}


@pytest.mark.parametrize(("text", "line", "problem"), DAMAGED)
def test_a_damaged_file_is_refused_with_its_line(text: bytes, line: int, problem: str):
    with pytest.raises(HexError) as caught:
        parse_intel_hex(text)
    assert (caught.value.line, caught.value.problem) == (line, problem)


@given(st.binary(max_size=300), st.integers(0, 0x7000), st.integers(1, 64))
def test_what_is_formatted_is_read_back(data: bytes, address: int, width: int):
    read = parse_intel_hex(format_intel_hex(data, address, width))
    assert read.cells == dict(enumerate(data, start=address))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(text: bytes):
    with contextlib.suppress(HexError):
        assert parse_intel_hex(text).end >= 0


@given(st.binary(min_size=1, max_size=64), st.data())
def test_one_wrong_digit_is_never_taken(data: bytes, chance: st.DataObject):
    text = bytearray(format_intel_hex(data))
    digits = [at for at, byte in enumerate(text) if byte not in b":\r\n"]
    place = chance.draw(st.sampled_from(digits))
    text[place] = chance.draw(
        st.sampled_from([digit for digit in b"0123456789ABCDEF" if digit != text[place]])
    )
    with pytest.raises(HexError):
        parse_intel_hex(bytes(text))


@given(st.binary(min_size=1, max_size=64), st.data())
def test_a_truncated_file_is_never_taken(data: bytes, chance: st.DataObject):
    text = format_intel_hex(data).rstrip()
    with pytest.raises(HexError):
        parse_intel_hex(text[: chance.draw(st.integers(0, len(text) - 1))])
